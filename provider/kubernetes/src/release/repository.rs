//! Where the chart of a release comes from, and how that place is asked.

use travel_framework::{Diagnostic, Model};
use travel_helm::chart::source::Access;
use travel_value::{Path, Value};

use super::verification::Verification;

/// Which chart is meant, and where it comes from.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub struct ChartSource {
    /// The chart: the path of a folder or archive (`./charts/cart`); its name in the repository or
    /// chart mirror; the URL of an archive; or `oci://HOST/PATH`, also with `:TAG` or
    /// `@sha256:DIGEST` after it.
    #[model(required, config_only, length(1, 4096))]
    pub chart: Option<String>,
    /// The version of the chart, or a constraint such as `~1.4`, of which the newest that fits is
    /// taken. By default the newest. Of a chart in a registry an exact version is the tag.
    #[model(optional, config_only, length(1, 256))]
    pub version: Option<String>,
    /// Where the chart is looked for by its name: a folder or an http(s) URL with an
    /// `index.yaml`. By default the provider's `chart_mirror`.
    #[model(optional, config_only, length(1, 2048))]
    pub chart_mirror: Option<String>,
    /// Its repository or registry.
    #[model(flatten)]
    pub repository: Repository,
    /// Who must have signed it.
    #[model(flatten)]
    pub verification: Verification,
}

/// The repository or registry of a chart.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub struct Repository {
    /// Where the chart is looked for by its name instead of in a mirror: an http(s) URL or a folder
    /// with an `index.yaml`, or `oci://HOST/PATH` of a registry. Registries know whom to let in from
    /// what `helm registry login` and `docker login` have kept, with the helpers that are named
    /// there, unless name and password are given here.
    #[model(optional, config_only, length(1, 2048))]
    pub repository: Option<String>,
    /// The user's name at the place where the chart is got. It is sent to that host only.
    #[model(optional, config_only, length(1, 1024))]
    pub repository_username: Option<String>,
    /// A PEM file of certificates that are trusted there, beside those that the machine trusts.
    #[model(optional, config_only, length(1, 4096))]
    pub repository_ca_file: Option<String>,
    /// A PEM file of the client certificate for that place. It needs `repository_key_file`.
    #[model(optional, config_only, length(1, 4096))]
    pub repository_cert_file: Option<String>,
    /// A PEM file of the client certificate's key.
    #[model(optional, config_only, length(1, 4096))]
    pub repository_key_file: Option<String>,
    /// Whether that place may have anybody's certificate. For tries only: what it gives may be
    /// anybody's, too.
    #[model(optional, default = false, config_only)]
    pub repository_insecure_skip_tls_verify: bool,
    /// Whether a registry is asked without TLS. One on `localhost` needs no saying so.
    #[model(optional, default = false, config_only)]
    pub repository_plain_http: bool,
    /// Whether name, password and client certificate are also sent to other hosts that the place
    /// refers to.
    #[model(optional, default = false, config_only)]
    pub pass_credentials: bool,
}

/// How a registry or repository is asked wherever a release does not say.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub struct Registry {
    /// Which one: `oci://HOST` or `https://HOST`, perhaps with a path. The longest that fits counts.
    #[model(
        required,
        length(1, 2048),
        pattern(
            "^(oci|https?)://[^/@]+(/.*)?$",
            "oci://HOST or https://HOST, perhaps with a path"
        )
    )]
    pub url: String,
    /// The user's name.
    #[model(optional, length(1, 1024))]
    pub username: Option<String>,
    /// The password, or a token that stands for one.
    #[model(optional, sensitive, length(1, 65536))]
    pub password: Option<String>,
    /// A PEM file of certificates that are trusted there, beside those that the machine trusts.
    #[model(optional, length(1, 4096))]
    pub ca_file: Option<String>,
    /// A PEM file of the client certificate for that place. It needs `key_file`.
    #[model(optional, length(1, 4096))]
    pub cert_file: Option<String>,
    /// A PEM file of the client certificate's key.
    #[model(optional, length(1, 4096))]
    pub key_file: Option<String>,
}

/// The registries that the provider's configuration names.
#[derive(Clone, Debug, PartialEq)]
pub enum Registries {
    /// Where they are, and how they are asked.
    Known(Vec<(String, Access)>),
    /// Something of them is not known yet.
    Unknown,
}

impl Default for Registries {
    fn default() -> Self {
        Self::Known(Vec::new())
    }
}

impl Registries {
    /// Those of the provider's configuration.
    pub fn of(config: &Value) -> Self {
        let registries = config.get("chart_registries");
        if !registries.is_wholly_known() {
            return Self::Unknown;
        }
        let registry = |registry: &Value| {
            let text = |name: &str| registry.get(name).as_str().map(str::to_owned);
            let access = Access {
                username: text("username"),
                password: text("password"),
                ca_file: text("ca_file").map(Into::into),
                cert_file: text("cert_file").map(Into::into),
                key_file: text("key_file").map(Into::into),
                ..Access::default()
            };
            (text("url").unwrap_or_default(), access)
        };
        Self::Known(registries.elements().unwrap_or_default().iter().map(registry).collect())
    }

    /// How a place is asked; none while that is not known.
    pub fn access(&self, place: &str) -> Option<Access> {
        let Self::Known(registries) = self else { return None };
        let fits = |url: &str| {
            let rest = place.strip_prefix(url.trim_end_matches('/'));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', ':', '@']))
        };
        let fitting = registries.iter().filter(|(url, _)| fits(url));
        let longest = fitting.max_by_key(|(url, _)| url.trim_end_matches('/').len());
        Some(longest.map(|(_, access)| access.clone()).unwrap_or_default())
    }
}

/// What says how a place is asked, beside the password.
const SETTINGS: [&str; 7] = [
    "repository_username",
    "repository_ca_file",
    "repository_cert_file",
    "repository_key_file",
    "repository_insecure_skip_tls_verify",
    "repository_plain_http",
    "pass_credentials",
];
const PASSWORD: &str = "repository_password";

/// What is said of a release, with the password of its repository: that stands elsewhere, because core
/// takes no write-only attribute in blocks that are told apart by labels.
pub fn with_password(release: &Value, password: Value) -> Value {
    let mut release = release.clone();
    release.set_attribute(PASSWORD, password);
    release
}

/// How an object, whose own path is `path`, wants a place to be asked; none while that is not known.
///
/// # Errors
/// Where it has one half of a client certificate.
pub fn access(object: &Value, path: &Path) -> Result<Option<Access>, Diagnostic> {
    if object.get(PASSWORD).is_unknown() || SETTINGS.iter().any(|it| object.get(it).is_unknown()) {
        return Ok(None);
    }
    let text = |name: &str| object.get(name).as_str().map(str::to_owned);
    let is_set = |name: &str| object.get(name).as_bool() == Some(true);
    let files = ["repository_cert_file", "repository_key_file"].map(|name| (name, text(name)));
    if let [(_, Some(_)), (missing, None)] | [(missing, None), (_, Some(_))] = &files {
        return Err(Diagnostic::error(
            "half a client certificate",
            format!(
                "A client certificate needs its key, and a key its certificate: set {missing}."
            ),
        )
        .at(path.field(*missing)));
    }
    let [cert_file, key_file] = files.map(|(_, file)| file.map(Into::into));
    Ok(Some(Access {
        username: text("repository_username"),
        password: text(PASSWORD),
        ca_file: text("repository_ca_file").map(Into::into),
        cert_file,
        key_file,
        insecure_skip_tls_verify: is_set("repository_insecure_skip_tls_verify"),
        plain_http: is_set("repository_plain_http"),
        pass_credentials: is_set("pass_credentials"),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_is_told_beside_the_release() {
        let release = Value::object([
            ("repository_username", "me".into()),
            ("pass_credentials", true.into()),
        ]);
        let object = with_password(&release, "sesame".into());
        let found = access(&object, &Path::root()).unwrap().unwrap();
        let expected = Access {
            username: Some("me".into()),
            password: Some("sesame".into()),
            pass_credentials: true,
            ..Access::default()
        };
        assert_eq!(found, expected);
        assert!(!format!("{found:?}").contains("sesame"));
        let without = access(&with_password(&release, Value::Null), &Path::root());
        let without = without.unwrap().unwrap();
        assert_eq!(without, Access { password: None, ..expected });
    }

    #[test]
    fn the_longest_url_that_fits_counts() {
        let entry = |url: &str, username: &str| {
            Value::object([("url", url.into()), ("username", username.into())])
        };
        let entries = vec![
            entry("oci://a.example", "one"),
            entry("oci://a.example/shop/", "two"),
            entry("https://a.example:81", "three"),
        ];
        let config = |entries| Value::object([("chart_registries", entries)]);
        let registries = Registries::of(&config(Value::List(entries.clone())));
        for (place, expected) in [
            ("oci://a.example/cart:1.0.0", Some("one")),
            ("oci://a.example", Some("one")),
            ("oci://a.example/shop", Some("two")),
            ("oci://a.example/shop/cart", Some("two")),
            ("oci://a.example/shopping/cart", Some("one")),
            ("oci://a.example.org/cart", None),
            ("https://a.example/charts", None),
            ("https://a.example:81/charts", Some("three")),
        ] {
            let found = registries.access(place).unwrap();
            assert_eq!(found.username.as_deref(), expected, "{place}");
        }
        assert_eq!(Registries::of(&config(Value::Null)), Registries::default());
        let mut unknown = entries;
        unknown[0].set_attribute("password", Value::unknown());
        assert_eq!(Registries::of(&config(Value::List(unknown))).access("oci://b.example"), None);
    }

    #[test]
    fn nothing_is_asked_before_everything_is_known() {
        for name in SETTINGS.into_iter().chain([PASSWORD]) {
            let object = Value::object([(name, Value::unknown())]);
            assert_eq!(access(&object, &Path::root()).unwrap(), None, "{name}");
        }
        let nothing = Value::object([("chart", "cart".into())]);
        assert_eq!(access(&nothing, &Path::root()).unwrap(), Some(Access::default()));
    }

    #[test]
    fn half_a_certificate_is_refused_where_the_other_half_is_missing() {
        let names = ["repository_cert_file", "repository_key_file"];
        for (given, missing) in [(names[0], names[1]), (names[1], names[0])] {
            let object = Value::object([(given, "a.pem".into())]);
            let error = access(&object, &Path::attribute("release").key("a")).unwrap_err();
            assert_eq!(error.path.unwrap().to_string(), format!("release[\"a\"].{missing}"));
        }
    }
}
