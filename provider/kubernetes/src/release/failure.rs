//! What goes wrong with a release, as a person is told.

use travel_framework::{Diagnostic, Failure};
use travel_helm::RenderError;
use travel_helm::lifecycle::{LifecycleError, Obstacle};
use travel_kube::error::chain;
use travel_value::Path;

use crate::failure::{remedy_of_call, sentence};

/// A failed operation on a release that stands at a path.
pub fn of_release(error: &LifecycleError, path: &Path) -> Failure {
    if matches!(*error.obstacle, Obstacle::Cancelled) {
        return Failure::Interrupted;
    }
    told(format!("failed to {error}"), &error.obstacle, path).into()
}

/// A chart whose definitions of custom resources cannot be told, in a release that stands at a path.
pub fn of_definitions(obstacle: &Obstacle, path: &Path) -> Diagnostic {
    told("failed to read the chart's definitions of custom resources".to_owned(), obstacle, path)
}

fn told(summary: String, obstacle: &Obstacle, path: &Path) -> Diagnostic {
    let detail = format!("{}.{}", sentence(&chain(obstacle)), remedy(obstacle));
    let diagnostic = Diagnostic::error(summary, detail);
    match attribute(obstacle) {
        Some(name) => diagnostic.at(path.field(name)),
        None if path.steps().is_empty() => diagnostic,
        None => diagnostic.at(path.clone()),
    }
}

/// The attribute that an obstacle is about, if it is about one.
fn attribute(obstacle: &Obstacle) -> Option<&'static str> {
    match obstacle {
        Obstacle::Render(
            RenderError::Values(_)
            | RenderError::Dependencies(_)
            | RenderError::Schema(_)
            | RenderError::Template(_),
        ) => Some("values"),
        Obstacle::Render(_) | Obstacle::Object(_) | Obstacle::Foreign(_) => Some("chart"),
        Obstacle::Undone { source, .. } => attribute(source),
        _ => None,
    }
}

fn remedy(obstacle: &Obstacle) -> &'static str {
    match obstacle {
        Obstacle::Call(error) => remedy_of_call(&error.kind),
        Obstacle::Timeout(_) => {
            " If it only needs longer, raise the limit in the timeouts block; the next apply goes \
             on from here."
        }
        Obstacle::NotReady(_) => " Mend what keeps it from becoming ready, and apply again.",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(obstacle: Obstacle, path: Path, expected: Option<&str>) {
        let error = LifecycleError {
            action: "install",
            name: "cart".to_owned(),
            namespace: "shop".to_owned(),
            obstacle: Box::new(obstacle),
        };
        let diagnostic = of_release(&error, &path).into_diagnostic();
        assert!(diagnostic.summary.contains("the release cart"), "{diagnostic}");
        assert_eq!(diagnostic.path.map(|path| path.to_string()).as_deref(), expected);
    }

    #[test]
    fn errors_stand_at_what_they_are_about() {
        let block = || Path::attribute("release").key("cart");
        let template = || Obstacle::Render(RenderError::Template("x".into()));
        check(template(), Path::root(), Some("values"));
        check(template(), block(), Some("release[\"cart\"].values"));
        check(Obstacle::Timeout(5), Path::root(), None);
        check(Obstacle::Timeout(5), block(), Some("release[\"cart\"]"));
        let undone =
            Obstacle::Undone { what: "it was rolled back".into(), source: Box::new(template()) };
        check(undone, Path::root(), Some("values"));
    }

    #[test]
    fn being_asked_to_stop_is_no_failure() {
        let error = LifecycleError {
            action: "install",
            name: "a".to_owned(),
            namespace: "b".to_owned(),
            obstacle: Box::new(Obstacle::Cancelled),
        };
        assert!(matches!(of_release(&error, &Path::root()), Failure::Interrupted));
    }
}
