//! Fields of documents that others may change without it being drift: those that a configuration names, and
//! those that programs of a platform are known to write.

use travel_framework::Model;
use travel_kube::drift::Ignore;
use travel_kube::path::PathPattern;
use travel_value::Value;

/// A field that others may change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Ignored {
    /// Of objects of this kind, as `Kind` or `Kind.group`; by default of any.
    #[model(optional)]
    pub kind: Option<String>,
    /// Of objects in this namespace; by default in any.
    #[model(optional)]
    pub namespace: Option<String>,
    /// Of the object of this name; by default of any.
    #[model(optional)]
    pub name: Option<String>,
    /// The field with all below it, as a JSON pointer in which `*` stands for anything:
    /// `/spec/template/spec/containers/*/image`.
    #[model(required, rule = is_path)]
    pub path: String,
}

/// The fields that others may change: what a configuration says, and what is known.
pub fn fields(ignored: Option<&[Ignored]>) -> Vec<Ignore> {
    let written = ignored.unwrap_or_default().iter().filter_map(|ignored| {
        let Ignored { kind, namespace, name, path } = ignored.clone();
        // What is no path was refused when the configuration was checked.
        Some(Ignore { kind, namespace, name, path: path.parse().ok()? })
    });
    written.chain(declared_mutators()).collect()
}

/// What programs of a platform are known to write into documents of others: webhooks' own
/// bundles and failure policies (istiod sets one to Fail once it is ready), and the weights that a
/// rollout moves.
fn declared_mutators() -> Vec<Ignore> {
    let mut ignores = travel_kube::drift::certificate_bundles();
    let fields: [(&str, &[&str]); 4] = [
        ("ValidatingWebhookConfiguration", &["webhooks", "*", "failurePolicy"]),
        ("MutatingWebhookConfiguration", &["webhooks", "*", "failurePolicy"]),
        ("VirtualService.networking.istio.io", &["spec", "http", "*", "route", "*", "weight"]),
        (
            "HTTPRoute.gateway.networking.k8s.io",
            &["spec", "rules", "*", "backendRefs", "*", "weight"],
        ),
    ];
    ignores
        .extend(fields.map(|(kind, fields)| Ignore::of_kind(kind, PathPattern::of_fields(fields))));
    ignores
}

fn is_path(value: &Value) -> Result<(), String> {
    let path = value.as_str().unwrap_or_default().parse::<PathPattern>();
    path.map(drop).map_err(|_| "a path such as /spec/replicas".to_owned())
}
