//! What others hold in what a set is about to remove: objects in a namespace, and objects of a
//! definition's kind. They would go with it.

use futures::stream::{self, StreamExt, TryStreamExt};
use travel_kube::applyset::MEMBER_LABEL;
use travel_kube::cluster::objects::Selection;
use travel_kube::discovery::Resource;
use travel_kube::{Cluster, Document, DocumentKey, Error};

/// Namespaces that every cluster has and that cannot go.
const PERMANENT: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];
/// Kinds of objects that say only what happens to others.
const PASSING: [&str; 4] = ["Endpoints", "EndpointSlice", "Event", "Lease"];

/// What a container holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// These objects of others.
    Objects(Vec<DocumentKey>),
    /// It cannot be told, for this reason.
    Unknown(String),
}

impl Held {
    /// Why the container has to stay, if it has to.
    pub fn reason(&self) -> Option<String> {
        const MOST_NAMED: usize = 5;
        match self {
            Held::Objects(keys) if keys.is_empty() => None,
            Held::Objects(keys) => {
                let mut named: Vec<String> =
                    keys.iter().take(MOST_NAMED).map(ToString::to_string).collect();
                if let Some(more) = keys.len().checked_sub(MOST_NAMED).filter(|more| *more > 0) {
                    named.push(format!("{more} more"));
                }
                Some(format!("it holds what others have made: {}", named.join(", ")))
            }
            Held::Unknown(reason) => Some(reason.clone()),
        }
    }
}

/// Whether a namespace is one that no set can remove.
pub fn is_permanent(namespace: &Document) -> bool {
    PERMANENT.contains(&namespace.name())
}

/// What stands in a namespace that is neither a member of the set, nor made by the cluster itself for
/// something that is.
///
/// # Errors
/// As [`Cluster::send`].
pub async fn held_by_namespace(
    cluster: &Cluster,
    namespace: &str,
    set: &str,
) -> Result<Held, Error> {
    let discovery = cluster.discovery().await?;
    let is_meant = |resource: &&Resource| {
        resource.is_namespaced
            && resource.has_verb("list")
            && resource.has_verb("delete")
            && !PASSING.contains(&resource.kind.as_str())
            && discovery
                .preferred(travel_kube::document::group_of(&resource.api_version), &resource.kind)
                .is_some_and(|preferred| preferred.api_version == resource.api_version)
    };
    let looks: Vec<_> = discovery
        .resources()
        .filter(is_meant)
        .map(|resource| list(cluster, resource, Some(namespace)))
        .collect();
    let width = cluster.settings().concurrency.max(1);
    let found: Vec<Result<Vec<Document>, String>> =
        stream::iter(looks).buffered(width).try_collect().await?;
    Ok(held(found, |object| is_foreign(object, set)))
}

/// The objects of the kinds that a definition defines.
///
/// # Errors
/// As [`Cluster::send`].
pub async fn held_by_definition(cluster: &Cluster, definition: &Document) -> Result<Held, Error> {
    let discovery = cluster.discovery().await?;
    let served = definition
        .defined_kinds()
        .into_iter()
        .find_map(|(api_version, kind)| discovery.resource(&api_version, &kind).cloned());
    // What is not served has no objects that anybody could see.
    let Some(resource) = served else { return Ok(Held::Objects(Vec::new())) };
    Ok(held(vec![list(cluster, &resource, None).await?], |object| !object.is_being_deleted()))
}

/// The objects of a kind, or why they cannot be told.
async fn list(
    cluster: &Cluster,
    resource: &Resource,
    namespace: Option<&str>,
) -> Result<Result<Vec<Document>, String>, Error> {
    let selection = Selection { namespace: namespace.map(str::to_owned), ..Selection::default() };
    match cluster.list(resource, &selection).await {
        Ok(objects) => Ok(Ok(objects)),
        Err(error) if error.is_not_found() => Ok(Ok(Vec::new())),
        Err(error) if error.is_forbidden() => Ok(Err(format!(
            "whether it holds anything of others cannot be told: {}",
            error.report()
        ))),
        Err(error) => Err(error),
    }
}

fn held(found: Vec<Result<Vec<Document>, String>>, is_foreign: impl Fn(&Document) -> bool) -> Held {
    let mut keys = Vec::new();
    let mut obstacle = None;
    for objects in found {
        match objects {
            Ok(objects) => {
                keys.extend(objects.iter().filter(|it| is_foreign(it)).map(|it| it.key().clone()));
            }
            Err(reason) => obstacle = Some(reason),
        }
    }
    match obstacle {
        Some(reason) if keys.is_empty() => Held::Unknown(reason),
        _ => Held::Objects(keys),
    }
}

/// Whether an object is somebody's who is neither the set nor the cluster.
fn is_foreign(object: &Document, set: &str) -> bool {
    let value = object.value();
    let is_made_for_another =
        value["metadata"]["ownerReferences"].as_array().is_some_and(|owners| !owners.is_empty());
    let is_furniture = matches!(
        (object.kind(), object.name()),
        ("ServiceAccount", "default") | ("ConfigMap", "kube-root-ca.crt")
    ) || value["type"] == "kubernetes.io/service-account-token";
    !is_made_for_another
        && !is_furniture
        && !object.is_being_deleted()
        && object.label(MEMBER_LABEL) != Some(set)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn what_the_cluster_makes_itself_is_nobodys() {
        let check = |kind: &str, name: &str, metadata: Value, expected: bool| {
            let mut value = json!({"apiVersion": "v1", "kind": kind, "metadata": metadata});
            value["metadata"]["name"] = name.into();
            let object = Document::new(value).unwrap();
            assert_eq!(is_foreign(&object, "id"), expected, "{kind} {name}");
        };
        check("ConfigMap", "x", json!({}), true);
        check("ConfigMap", "kube-root-ca.crt", json!({}), false);
        check("ServiceAccount", "default", json!({}), false);
        check("ServiceAccount", "x", json!({}), true);
        check("Pod", "x", json!({"ownerReferences": [{"kind": "ReplicaSet"}]}), false);
        check("Pod", "x", json!({"labels": {MEMBER_LABEL: "id"}}), false);
        check("Pod", "x", json!({"labels": {MEMBER_LABEL: "other"}}), true);
        check("Pod", "x", json!({"deletionTimestamp": "2026-01-01T00:00:00Z"}), false);
    }

    #[test]
    fn a_reason_names_what_is_held() {
        let key = |name: usize| format!("v1/Pod/a/p{name}").parse::<DocumentKey>().unwrap();
        assert_eq!(Held::Objects(Vec::new()).reason(), None);
        let reason = Held::Objects((0..7).map(key).collect()).reason().unwrap();
        assert!(reason.contains("v1/Pod/a/p4, 2 more"), "{reason}");
    }
}
