//! Fields of Kubernetes' own kinds that cannot be changed once the object is there. Their validation
//! refuses such an update as "field is immutable"; a plan that knows them says so before.

use std::collections::BTreeSet;

use travel_kube::DocumentKey;

use crate::documents::Fields;

/// Fields of a kind that are fixed, with all below them.
struct Fixed {
    group: &'static str,
    kinds: &'static [&'static str],
    /// The fields.
    fields: &'static [&'static str],
    /// What below them can be changed all the same.
    but: &'static [&'static str],
    /// Whether the cluster fills in what a document leaves out: then only a field that stands on both
    /// sides says that it changes.
    has_defaults: bool,
}

const FIXED: &[Fixed] = &[
    Fixed {
        group: "apps",
        kinds: &["Deployment", "DaemonSet", "ReplicaSet"],
        fields: &["spec.selector"],
        but: &[],
        has_defaults: false,
    },
    Fixed {
        group: "apps",
        kinds: &["StatefulSet"],
        fields: &["spec"],
        but: &[
            "spec.minReadySeconds",
            "spec.ordinals",
            "spec.persistentVolumeClaimRetentionPolicy",
            "spec.replicas",
            "spec.revisionHistoryLimit",
            "spec.template",
            "spec.updateStrategy",
        ],
        has_defaults: true,
    },
    Fixed {
        group: "batch",
        kinds: &["Job"],
        fields: &["spec.selector", "spec.template"],
        but: &[],
        has_defaults: false,
    },
    Fixed {
        group: "batch",
        kinds: &["Job"],
        fields: &["spec.completionMode", "spec.podFailurePolicy", "spec.backoffLimitPerIndex"],
        but: &[],
        has_defaults: true,
    },
    Fixed {
        group: "",
        kinds: &["PersistentVolumeClaim"],
        fields: &["spec"],
        but: &["spec.resources", "spec.volumeAttributesClassName"],
        has_defaults: true,
    },
    Fixed {
        group: "",
        kinds: &["Service"],
        fields: &["spec.clusterIP"],
        but: &[],
        has_defaults: true,
    },
    Fixed { group: "", kinds: &["Secret"], fields: &["type"], but: &[], has_defaults: true },
    Fixed {
        group: "rbac.authorization.k8s.io",
        kinds: &["RoleBinding", "ClusterRoleBinding"],
        fields: &["roleRef"],
        but: &[],
        has_defaults: true,
    },
    Fixed {
        group: "storage.k8s.io",
        kinds: &["StorageClass"],
        fields: &["parameters"],
        but: &[],
        has_defaults: false,
    },
    Fixed {
        group: "storage.k8s.io",
        kinds: &["StorageClass"],
        fields: &["provisioner", "reclaimPolicy", "volumeBindingMode"],
        but: &[],
        has_defaults: true,
    },
    Fixed {
        group: "scheduling.k8s.io",
        kinds: &["PriorityClass"],
        fields: &["preemptionPolicy", "value"],
        but: &[],
        has_defaults: true,
    },
    Fixed {
        group: "node.k8s.io",
        kinds: &["RuntimeClass"],
        fields: &["handler"],
        but: &[],
        has_defaults: true,
    },
    Fixed {
        group: "networking.k8s.io",
        kinds: &["IngressClass"],
        fields: &["spec.controller"],
        but: &[],
        has_defaults: true,
    },
];

/// What a Secret or ConfigMap that says it is immutable fixes.
const SEALED: [&str; 3] = ["data", "binaryData", "immutable"];

/// The fields of an object that would have to change from one to the other, and cannot. Values that
/// are not known are not held to change.
pub fn changed(
    key: &DocumentKey,
    from: &Fields,
    to: &[(String, Option<String>)],
) -> BTreeSet<String> {
    let wanted = |path: &str| to.iter().find(|(known, _)| known == path).map(|(_, value)| value);
    let paths = from.keys().chain(to.iter().map(|(path, _)| path));
    let is_changed = |path: &&String| {
        let (before, after) = (from.get(*path), wanted(path));
        match (before, after) {
            (Some(before), Some(Some(after))) => before != after && is_fixed(key, from, path, true),
            (_, Some(None)) => false,
            _ => is_fixed(key, from, path, false),
        }
    };
    paths.filter(is_changed).cloned().collect()
}

/// Whether a field of an object cannot be changed; `is_on_both_sides` if it is only to have another
/// value, and not to come or to go.
fn is_fixed(key: &DocumentKey, from: &Fields, path: &str, is_on_both_sides: bool) -> bool {
    let is_sealed = matches!(key.kind.as_str(), "Secret" | "ConfigMap")
        && key.group().is_empty()
        && from.get("immutable").is_some_and(|it| it == "true");
    if is_sealed && SEALED.iter().any(|field| is_at_or_below(path, field)) {
        return true;
    }
    // A suspended Job that has not begun may still be told where to run.
    if key.kind == "Job" && from.get("spec.suspend").is_some_and(|it| it == "true") {
        return false;
    }
    FIXED.iter().any(|fixed| {
        fixed.group == key.group()
            && fixed.kinds.contains(&key.kind.as_str())
            && (is_on_both_sides || !fixed.has_defaults)
            && fixed.fields.iter().any(|field| is_at_or_below(path, field))
            && !fixed.but.iter().any(|field| is_at_or_below(path, field))
    })
}

/// Whether a path is a field's own, or that of something in it.
fn is_at_or_below(path: &str, field: &str) -> bool {
    path.strip_prefix(field).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str) -> Fields {
        let pairs = text.split_whitespace().filter_map(|pair| pair.rsplit_once('='));
        pairs.map(|(path, value)| (path.to_owned(), value.to_owned())).collect()
    }

    fn check(key: &str, from: &str, to: &str, expected: &[&str]) {
        let key: DocumentKey = key.parse().unwrap();
        let known = |value: String| Some(value).filter(|it| it != "?");
        let to: Vec<(String, Option<String>)> =
            fields(to).into_iter().map(|(path, value)| (path, known(value))).collect();
        let found: Vec<String> = changed(&key, &fields(from), &to).into_iter().collect();
        assert_eq!(found, expected, "{key}: {from} to {to:?}");
    }

    #[test]
    fn what_cannot_be_changed_is_known_by_kind() {
        let deployment = "apps/v1/Deployment/a/b";
        let label = "spec.selector.matchLabels.app";
        check(deployment, &format!("{label}=a"), &format!("{label}=b"), &[label]);
        check(deployment, "", &format!("{label}=b"), &[label]);
        check(deployment, &format!("{label}=a"), &format!("{label}=?"), &[]);
        check(deployment, "spec.replicas=1", "spec.replicas=2", &[]);
        let name = "spec.serviceName";
        check("apps/v1/StatefulSet/a/b", "spec.serviceName=a", "spec.serviceName=b", &[name]);
        check(
            "apps/v1/StatefulSet/a/b",
            "spec.template.x=a spec.replicas=1",
            "spec.template.x=b",
            &[],
        );
        // By default it is what is now written.
        check("apps/v1/StatefulSet/a/b", "", "spec.podManagementPolicy=OrderedReady", &[]);
        let image = "spec.template.spec.containers[name=a].image";
        check("batch/v1/Job/a/b", &format!("{image}=1"), &format!("{image}=2"), &[image]);
        check(
            "batch/v1/Job/a/b",
            &format!("{image}=1 spec.suspend=true"),
            &format!("{image}=2"),
            &[],
        );
        check("v1/ConfigMap/a/b", "data.x=1", "data.x=2", &[]);
        check(
            "v1/ConfigMap/a/b",
            "data.x=1 immutable=true",
            "data.x=2 immutable=true",
            &["data.x"],
        );
        check(
            "v1/PersistentVolumeClaim/a/b",
            "spec.resources.requests.storage=1Gi",
            "spec.resources.requests.storage=2Gi",
            &[],
        );
        // A custom kind of the same name is another's.
        check("serving.knative.dev/v1/Service/a/b", "spec.clusterIP=1", "spec.clusterIP=2", &[]);
    }
}
