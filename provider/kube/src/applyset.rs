//! Sets of objects that are kept together, as Kubernetes' ApplySets are (KEP-3659): each member bears a label with the
//! id of its set, and a parent object says of which kinds and in which namespaces members are. So everything a set ever
//! made is found again, whatever else was lost, and kubectl shows it by the same label.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::stream::{self, StreamExt, TryStreamExt};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::cluster::Cluster;
use crate::cluster::objects::Selection;
use crate::discovery::{Discovery, Resource};
use crate::document::{Document, DocumentError, DocumentKey, group_of};
use crate::error::{Error, ErrorKind};

/// The label of a parent, with the id of its set.
pub const ID_LABEL: &str = "applyset.kubernetes.io/id";
/// The label of a member, with the id of its set.
pub const MEMBER_LABEL: &str = "applyset.kubernetes.io/part-of";
/// The annotation of a parent that names the tool: others leave the set alone.
const TOOLING: &str = "applyset.kubernetes.io/tooling";
/// The annotation of a parent with the kinds of members.
const GROUP_KINDS: &str = "applyset.kubernetes.io/contains-group-kinds";
/// The annotation of a parent with the namespaces of members, but for its own.
const NAMESPACES: &str = "applyset.kubernetes.io/additional-namespaces";

/// A set, named by its parent: a ConfigMap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplySet {
    /// The parent's name.
    pub name: String,
    /// The parent's namespace.
    pub namespace: String,
}

/// Where members of a set may be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents {
    /// Of which kinds, as "Kind" or "Kind.group".
    pub group_kinds: BTreeSet<String>,
    /// In which namespaces.
    pub namespaces: BTreeSet<String>,
}

impl ApplySet {
    /// The id, as members bear it.
    pub fn id(&self) -> String {
        let named = format!("{}.{}.ConfigMap.", self.name, self.namespace);
        format!("applyset-{}-v1", URL_SAFE_NO_PAD.encode(Sha256::digest(named)))
    }

    /// What names the parent.
    pub fn parent_key(&self) -> DocumentKey {
        DocumentKey {
            api_version: "v1".to_owned(),
            kind: "ConfigMap".to_owned(),
            namespace: Some(self.namespace.clone()),
            name: self.name.clone(),
        }
    }

    /// The parent of a set with these contents, kept by a tool of that name and version ("travel/v1").
    ///
    /// # Errors
    /// Where the set has no name.
    pub fn parent(&self, contents: &Contents, tooling: &str) -> Result<Document, DocumentError> {
        let elsewhere: BTreeSet<String> =
            contents.namespaces.iter().filter(|it| **it != self.namespace).cloned().collect();
        Document::new(json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": self.name,
                "namespace": self.namespace,
                "labels": { ID_LABEL: self.id() },
                "annotations": {
                    TOOLING: tooling,
                    GROUP_KINDS: joined(&contents.group_kinds),
                    NAMESPACES: joined(&elsewhere),
                },
            },
        }))
    }

    /// The members, wherever they are by these contents, and of the kinds (API version and kind) that the caller knows.
    /// A kind that the caller does not know is read in the version that the cluster prefers. One list for each kind;
    /// where the whole cluster may not be listed, for each kind and namespace.
    ///
    /// # Errors
    /// As [`Cluster::send`]; [`ErrorKind::UnavailableGroup`] where a kind's API service does not answer.
    pub async fn members(
        &self,
        cluster: &Cluster,
        contents: &Contents,
        kinds: &BTreeSet<(String, String)>,
    ) -> Result<Vec<Document>, Error> {
        let known = cluster.discovery().await?;
        let missing = |discovery: &Discovery| {
            kinds.iter().any(|(version, kind)| discovery.resource(version, kind).is_none())
                || contents.beyond(kinds).any(|it| preferred(discovery, it).is_none())
        };
        let discovery = if missing(&known) { cluster.refresh_discovery().await? } else { known };
        let mut resources = Vec::new();
        for (api_version, kind) in kinds {
            match discovery.require(api_version, kind) {
                Ok(resource) => resources.push(resource),
                // What is not served has no objects.
                Err(Error { kind: ErrorKind::UnknownKind { .. }, .. }) => {}
                Err(error) => return Err(error),
            }
        }
        for group_kind in contents.beyond(kinds) {
            match preferred(&discovery, group_kind) {
                Some(resource) => resources.push(resource),
                None => refuse_unavailable(&discovery, group_kind)?,
            }
        }
        let runs: Vec<_> =
            resources.into_iter().map(|it| self.members_of(cluster, it, contents)).collect();
        let width = cluster.settings().concurrency.max(1);
        let found: Vec<Vec<Document>> = stream::iter(runs).buffered(width).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }

    async fn members_of(
        &self,
        cluster: &Cluster,
        resource: &Resource,
        contents: &Contents,
    ) -> Result<Vec<Document>, Error> {
        let labels = Some(format!("{MEMBER_LABEL}={}", self.id()));
        let everywhere = Selection { labels, ..Selection::default() };
        match cluster.list(resource, &everywhere).await {
            Err(error) if error.is_forbidden() && resource.is_namespaced => {}
            result => return result,
        }
        let mut members = Vec::new();
        for namespace in &contents.namespaces {
            let selection = Selection { namespace: Some(namespace.clone()), ..everywhere.clone() };
            members.extend(cluster.list(resource, &selection).await?);
        }
        Ok(members)
    }
}

impl Contents {
    /// Where these objects are.
    pub fn of<'a>(keys: impl IntoIterator<Item = &'a DocumentKey>) -> Self {
        let mut contents = Contents::default();
        for key in keys {
            contents.group_kinds.insert(group_kind(&key.api_version, &key.kind));
            contents.namespaces.extend(key.namespace.clone());
        }
        contents
    }

    /// What a parent says.
    pub fn of_parent(parent: &Document) -> Self {
        let listed = |name: &str| -> BTreeSet<String> {
            let parts = parent.annotation(name).unwrap_or_default().split(',');
            parts.map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
        };
        let mut namespaces = listed(NAMESPACES);
        namespaces.extend(parent.namespace().map(str::to_owned));
        Contents { group_kinds: listed(GROUP_KINDS), namespaces }
    }

    /// Adds what others hold.
    pub fn extend(&mut self, others: &Self) {
        self.group_kinds.extend(others.group_kinds.iter().cloned());
        self.namespaces.extend(others.namespaces.iter().cloned());
    }

    /// The kinds that are none of these.
    fn beyond<'a>(
        &'a self,
        kinds: &'a BTreeSet<(String, String)>,
    ) -> impl Iterator<Item = &'a String> {
        let known: BTreeSet<String> =
            kinds.iter().map(|(api_version, kind)| group_kind(api_version, kind)).collect();
        self.group_kinds.iter().filter(move |it| !known.contains(*it))
    }
}

/// A kind with its group, as a parent lists it.
fn group_kind(api_version: &str, kind: &str) -> String {
    match group_of(api_version) {
        "" => kind.to_owned(),
        group => format!("{kind}.{group}"),
    }
}

fn preferred<'a>(discovery: &'a Discovery, group_kind: &str) -> Option<&'a Resource> {
    let (kind, group) = group_kind.split_once('.').unwrap_or((group_kind, ""));
    discovery.preferred(group, kind)
}

/// A kind that is not there is no error, unless it only seems so: its API service does not answer.
fn refuse_unavailable(discovery: &Discovery, group_kind: &str) -> Result<(), Error> {
    let (kind, group) = group_kind.split_once('.').unwrap_or((group_kind, ""));
    let stale = discovery
        .api_versions()
        .iter()
        .find(|version| group_of(version) == group && discovery.is_stale(version));
    match stale {
        Some(api_version) => discovery.require(api_version, kind).map(drop),
        None => Ok(()),
    }
}

fn joined(names: &BTreeSet<String>) -> String {
    names.iter().map(String::as_str).collect::<Vec<_>>().join(",")
}

/// Those of the objects by which no document of these keys goes, in whatever version.
pub fn strays<'a>(
    members: &'a [Document],
    keys: impl IntoIterator<Item = &'a DocumentKey>,
) -> Vec<&'a Document> {
    let identity = |key: &'a DocumentKey| {
        (key.group(), key.kind.as_str(), key.namespace.as_deref(), key.name.as_str())
    };
    let kept: BTreeSet<_> = keys.into_iter().map(identity).collect();
    let strays = members.iter().filter(|member| !kept.contains(&identity(member.key())));
    // A kind that is read in two versions shows its objects twice.
    strays
        .map(|member| (identity(member.key()), member))
        .collect::<BTreeMap<_, _>>()
        .into_values()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set() -> ApplySet {
        ApplySet { name: "base".to_owned(), namespace: "kube-system".to_owned() }
    }

    /// By the formula of the KEP: base64url(sha256("base.kube-system.ConfigMap.")) without padding.
    #[test]
    fn an_id_is_a_label() {
        let id = set().id();
        assert_eq!(id.len(), "applyset--v1".len() + 43);
        assert!(id.starts_with("applyset-") && id.ends_with("-v1"), "{id}");
        assert!(id.chars().all(|it| it.is_ascii_alphanumeric() || "-_".contains(it)), "{id}");
        let other = ApplySet { namespace: "default".to_owned(), ..set() };
        assert_ne!(other.id(), id);
    }

    #[test]
    fn a_parent_says_where_members_are() {
        let keys =
            ["v1/Namespace//shop", "apps/v1/Deployment/shop/cart", "v1/Secret/kube-system/x"]
                .map(|key| key.parse::<DocumentKey>().unwrap());
        let contents = Contents::of(&keys);
        let parent = set().parent(&contents, "travel/v1").unwrap();
        assert_eq!(parent.annotation(GROUP_KINDS), Some("Deployment.apps,Namespace,Secret"));
        assert_eq!(parent.annotation(NAMESPACES), Some("shop"));
        assert_eq!(Contents::of_parent(&parent), contents);
        assert_eq!(parent.label(ID_LABEL), Some(set().id().as_str()));
    }

    #[test]
    fn strays_are_told_by_group_and_not_by_version() {
        let member = |api_version: &str, name: &str| {
            let value = json!({"apiVersion": api_version, "kind": "HorizontalPodAutoscaler",
                "metadata": {"name": name, "namespace": "shop"}});
            Document::new(value).unwrap()
        };
        let members = [
            member("autoscaling/v1", "a"),
            member("autoscaling/v2", "a"),
            member("autoscaling/v2", "b"),
            member("autoscaling/v1", "b"),
        ];
        let kept: DocumentKey = "autoscaling/v1/HorizontalPodAutoscaler/shop/a".parse().unwrap();
        let names: Vec<&str> = strays(&members, [&kept]).iter().map(|it| it.name()).collect();
        assert_eq!(names, ["b"]);
    }
}
