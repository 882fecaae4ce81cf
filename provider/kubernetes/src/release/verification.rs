//! Whether the chart of a release must be signed, and by whom.

use std::path::PathBuf;

use travel_framework::{Diagnostic, Model};
use travel_helm::chart::provenance::{Keyring, ProvenanceError};
use travel_helm::chart::source::{ChartReference, SourceError};
use travel_value::{Path, Value};

use crate::failure::sentence;

const VERIFY: &str = "verify";
const KEYRING: &str = "keyring";

/// Who must have signed a chart.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub struct Verification {
    /// Whether a key of the keyring must have signed the chart, as `helm package --sign` does: with a
    /// `.prov` file beside the archive, which in a registry is a layer of the chart. A plan refuses
    /// other charts, whether they are kept here already or not. A folder cannot be signed.
    #[model(optional, default = false, config_only)]
    pub verify: bool,
    /// The file with the public keys of those who may sign the chart, as `gpg --export` writes it, also
    /// with `--armor`. Keys that have expired or were revoked count no longer. By default
    /// `~/.gnupg/pubring.gpg`, as in Helm, which newer versions of GnuPG do not write. It counts only
    /// with `verify`.
    #[model(optional, config_only, length(1, 4096))]
    pub keyring: Option<String>,
}

/// Whether it is not known yet who must have signed the chart of an object.
pub fn is_unknown(object: &Value) -> bool {
    let verify = object.get(VERIFY);
    verify.is_unknown() || (verify.as_bool() == Some(true) && object.get(KEYRING).is_unknown())
}

/// The keyring with the keys of those who must have signed the chart of an object, whose own path is `path`;
/// none where nobody must.
///
/// # Errors
/// Where none is named, and there is no home to look for one in.
pub fn keyring(object: &Value, path: &Path) -> Result<Option<PathBuf>, Diagnostic> {
    if object.get(VERIFY).as_bool() != Some(true) {
        return Ok(None);
    }
    let named = object.get(KEYRING).as_str().map(PathBuf::from);
    let keyring = named.or_else(Keyring::default_path).ok_or_else(|| {
        Diagnostic::error(
            "no keyring",
            "No keyring is named, and there is no home folder (HOME) to look for one in. Set \
             keyring to a file with the public keys of those who may sign the chart.",
        )
        .at(path.field(KEYRING))
    })?;
    Ok(Some(keyring))
}

/// What is to be told of a chart that is not signed as it must be; none of one that is not there, or
/// cannot be used for other reasons.
pub fn refusal(reference: &ChartReference, path: &Path, error: &SourceError) -> Option<Diagnostic> {
    let SourceError::Unverified { source, .. } = error else { return None };
    let keyring = reference.keyring.as_ref().map(|it| it.display().to_string()).unwrap_or_default();
    let (attribute, remedy) = match source {
        ProvenanceError::Keyring(_) => (
            KEYRING,
            "Write the keys of those who may sign it into a file, with gpg --export KEY, and name \
             that in keyring."
                .to_owned(),
        ),
        ProvenanceError::UnknownKey { key, .. } => (
            KEYRING,
            format!(
                "If the key is to be trusted, add it: gpg --export {} >> {keyring}, or with --armor \
                 where the file is in armour.",
                key.replace(',', "")
            ),
        ),
        ProvenanceError::UnusableKey { .. } => (
            KEYRING,
            "If its owner has renewed the key since, put it into the keyring as it is now."
                .to_owned(),
        ),
        ProvenanceError::Folder => (
            VERIFY,
            "Name the archive that helm package --sign makes of it, or leave verify out.".to_owned(),
        ),
        ProvenanceError::Absent(_) | ProvenanceError::NoLayer(_) => (
            VERIFY,
            "Ask those who publish the chart to sign it (helm package --sign), or leave verify out."
                .to_owned(),
        ),
        _ => (VERIFY, "Do not use the chart before those who publish it can explain that.".to_owned()),
    };
    let version = reference.version.as_deref().map(|it| format!(" {it}")).unwrap_or_default();
    let summary = format!("the chart {:?}{version} is not signed as it must be", reference.chart);
    let reasons = travel_kube::error::chain(error);
    let reasons = sentence(&reasons);
    Some(Diagnostic::error(summary, format!("{reasons}. {remedy}")).at(path.field(attribute)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::Settings;
    use crate::release::charts::{Charts, Wanted, wanted};
    use crate::release::repository::ChartSource;

    fn object(verify: Value, keyring: Value) -> Value {
        let chart = Value::from("oci://a.example/cart:1.0.0");
        Value::object([("chart", chart), (VERIFY, verify), (KEYRING, keyring)])
    }

    #[test]
    fn a_chart_must_be_signed_where_that_is_asked() {
        let default = Keyring::default_path();
        let check = |verify: Value, keyring: Value, expected: Option<Option<PathBuf>>| {
            let object = object(verify, keyring);
            let found = wanted(&object, &Path::root(), &Charts::default()).unwrap();
            let found = match found {
                Wanted::Known(reference) => Some(reference.keyring),
                Wanted::Unknown => None,
            };
            assert_eq!(found, expected, "{object:?}");
        };
        check(true.into(), "keys.gpg".into(), Some(Some("keys.gpg".into())));
        check(true.into(), Value::Null, Some(default));
        check(false.into(), "keys.gpg".into(), Some(None));
        check(Value::Null, Value::Null, Some(None));
        // Nothing is got before that is known.
        check(Value::unknown(), "keys.gpg".into(), None);
        check(true.into(), Value::unknown(), None);
        check(false.into(), Value::unknown(), Some(None));
    }

    #[test]
    fn an_apply_asks_for_what_was_planned() {
        let keyring = Some("keys.gpg".to_owned());
        let verification = Verification { verify: true, keyring };
        let chart = Some("./cart.tgz".to_owned());
        let source = ChartSource { chart, verification, ..ChartSource::default() };
        let settings = Settings { source, ..Settings::default() };
        let object = <Settings as travel_framework::model::Model>::to_value(&settings);
        let found = wanted(&object, &Path::root(), &Charts::default()).unwrap();
        let Wanted::Known(reference) = found else { unreachable!("all of it is known") };
        assert_eq!(reference.keyring, Some("keys.gpg".into()));
    }

    #[test]
    fn a_refusal_stands_where_it_is_mended() {
        let path = Path::attribute("release").key("cart");
        let keyring = Some("keys.gpg".into());
        let (chart, version) = ("cart".to_owned(), Some("1.0.0".to_owned()));
        let reference = ChartReference { chart, version, keyring, ..ChartReference::default() };
        let check = |source: ProvenanceError, attribute: &str, words: &str| {
            let error = SourceError::Unverified { place: "p".to_owned(), source };
            let refusal = refusal(&reference, &path, &error).unwrap();
            let found = refusal.path.as_ref().map(ToString::to_string).unwrap();
            assert_eq!(found, format!("release[\"cart\"].{attribute}"));
            assert_eq!(refusal.summary, "the chart \"cart\" 1.0.0 is not signed as it must be");
            assert!(refusal.detail.starts_with("verify p: "), "{refusal}");
            assert!(refusal.detail.contains(words), "{refusal}");
        };
        let key = || "AB".to_owned();
        check(ProvenanceError::Folder, "verify", "helm package --sign");
        check(ProvenanceError::Absent("p.prov".to_owned()), "verify", "no p.prov, which");
        check(ProvenanceError::NoLayer("x"), "verify", "or leave verify out");
        let unknown = ProvenanceError::UnknownKey { key: key(), keyring: "keys.gpg".to_owned() };
        check(unknown, "keyring", "gpg --export AB >> keys.gpg");
        let expired = ProvenanceError::UnusableKey { key: key(), reason: "has expired" };
        check(expired, "keyring", "which has expired. If its owner");
        let wrong = ProvenanceError::Signature { key: key(), reason: "is wrong" };
        check(wrong, "verify", "Do not use the chart");
        let absent = Keyring::read(std::path::Path::new("/nowhere")).unwrap_err();
        check(absent.into(), "keyring", "read the keyring /nowhere: ");
        assert!(refusal(&reference, &path, &SourceError::NoPath("x".to_owned())).is_none());
    }
}
