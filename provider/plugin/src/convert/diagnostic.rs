//! Diagnostics for Terraform.

use travel_framework::{Diagnostic, Diagnostics, Severity};
use travel_proto::tfplugin6 as wire;

use super::value::attribute_path;

/// Diagnostics as messages, in their order.
pub fn diagnostics(diagnostics: Diagnostics) -> Vec<wire::Diagnostic> {
    diagnostics.into_iter().map(diagnostic).collect()
}

fn diagnostic(diagnostic: Diagnostic) -> wire::Diagnostic {
    let severity = match diagnostic.severity {
        Severity::Error => wire::diagnostic::Severity::Error,
        Severity::Warning => wire::diagnostic::Severity::Warning,
    };
    wire::Diagnostic {
        severity: severity.into(),
        summary: diagnostic.summary,
        detail: diagnostic.detail,
        attribute: diagnostic
            .path
            .map(|path| attribute_path(&path))
            .filter(|path| !path.steps.is_empty()),
    }
}

#[cfg(test)]
mod tests {
    use travel_framework::value::Path;

    use super::*;

    #[test]
    fn keep_their_gravity_order_and_place() {
        let mut given = Diagnostics::from(Diagnostic::warning("w", ""));
        given.push(Diagnostic::error("e", "d").at_attribute("name"));
        given.push(Diagnostic::error("r", "").at(Path::root()));
        let [warning, error, root] = <[_; 3]>::try_from(diagnostics(given)).unwrap();
        assert_eq!(warning.severity(), wire::diagnostic::Severity::Warning);
        assert_eq!((warning.summary.as_str(), warning.attribute), ("w", None));
        assert_eq!(error.severity(), wire::diagnostic::Severity::Error);
        assert_eq!((error.summary.as_str(), error.detail.as_str()), ("e", "d"));
        assert_eq!(error.attribute, Some(attribute_path(&Path::attribute("name"))));
        assert_eq!(root.attribute, None, "an empty path would be shown as a bug of Terraform's");
    }
}
