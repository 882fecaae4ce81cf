//! The parent of a set: which set it is, whose it is, and where its members are.

use std::collections::BTreeSet;

use travel_framework::ownership::{Claim, Mark};
use travel_framework::{Diagnostic, Failure};
use travel_kube::apply::{Adopt, ApplyOptions, apply};
use travel_kube::applyset::{ApplySet, Contents};
use travel_kube::cluster::objects::{Propagation, Selection};
use travel_kube::ownership::{ARGO_CD_MARKS, Ownership};
use travel_kube::poll::Patience;
use travel_kube::{Cluster, Document};

use crate::failure;
use crate::release::ownership::{RESOURCE, as_label};

/// The name under which everything is applied.
pub const FIELD_MANAGER: &str = "travel";
/// Where parents are: a namespace that is always there, and that no set removes.
const NAMESPACE: &str = "kube-system";
/// What the names of parents begin with.
const PREFIX: &str = "travel-manifests.";
/// What says that the sets are ours to keep: other tools leave them alone.
const TOOLING: &str = "travel/v1";
/// How Helm marks what belongs to a release.
const HELM_MARK: &str = "meta.helm.sh/release-name";

/// The annotation of a parent with the documents, by their keys, of which no value is shown.
const HIDDEN: &str = "travel.travelsources.com/hidden";

const DEPLOYMENT_MARK: &str = "travel.travelsources.com/deployment";
const RESOURCE_MARK: &str = "travel.travelsources.com/resource";
const GENERATION_MARK: &str = "travel.travelsources.com/generation";

/// The record of a set in its cluster.
#[derive(Clone, Debug)]
pub struct Inventory {
    /// The set.
    pub set: ApplySet,
}

/// What a parent says of the members of its set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Where they are.
    pub contents: Contents,
    /// Those of which no value is shown, by their keys.
    pub hidden: BTreeSet<String>,
}

impl Record {
    /// What a parent says.
    pub fn of(parent: &Document) -> Self {
        let hidden = parent.annotation(HIDDEN).unwrap_or_default().split(',');
        let hidden = hidden.filter(|name| !name.is_empty()).map(str::to_owned);
        Self { contents: Contents::of_parent(parent), hidden: hidden.collect() }
    }

    /// Adds what another says.
    pub fn extend(&mut self, other: &Self) {
        self.contents.extend(&other.contents);
        self.hidden.extend(other.hidden.iter().cloned());
    }
}

impl Inventory {
    /// That of the set of a name.
    pub fn of(name: &str) -> Self {
        let set = ApplySet { name: format!("{PREFIX}{name}"), namespace: NAMESPACE.to_owned() };
        Self { set }
    }

    /// The id that members bear.
    pub fn id(&self) -> String {
        self.set.id()
    }

    /// The marks of a member. What bears those of Helm or Argo CD is another's.
    pub fn ownership(&self) -> Ownership {
        let foreign = ARGO_CD_MARKS.into_iter().chain([HELM_MARK]);
        Ownership {
            labels: [(travel_kube::applyset::MEMBER_LABEL.to_owned(), self.id())].into(),
            foreign_marks: foreign.map(str::to_owned).collect(),
            ..Ownership::default()
        }
    }

    /// The parent as it stands; none where there is none.
    ///
    /// # Errors
    /// Where the cluster cannot be asked.
    pub async fn parent(&self, cluster: &Cluster) -> Result<Option<Document>, Failure> {
        let parent = cluster.get(&self.set.parent_key()).await;
        parent.map_err(|error| failure::of_call(&error))
    }

    /// Has the parent say whose the set is, where its members are, and of which nothing is shown.
    ///
    /// # Errors
    /// Where the cluster refuses.
    pub async fn record(
        &self,
        cluster: &Cluster,
        record: &Record,
        claim: &Claim,
        patience: Patience<'_>,
    ) -> Result<(), Failure> {
        let parent = self.set.parent(&record.contents, TOOLING);
        let mut parent = parent.map_err(|error| {
            Diagnostic::error("failed to record the set", format!("Its parent is none: {error}."))
        })?;
        parent.set_label(RESOURCE, &as_label(&claim.resource));
        parent.set_annotation(DEPLOYMENT_MARK, &claim.deployment);
        parent.set_annotation(RESOURCE_MARK, &claim.resource);
        parent.set_annotation(GENERATION_MARK, &claim.generation);
        let hidden: Vec<&str> = record.hidden.iter().map(String::as_str).collect();
        parent.set_annotation(HIDDEN, &hidden.join(","));
        let options =
            ApplyOptions { force: true, adopt: Adopt::Any, ..ApplyOptions::new(FIELD_MANAGER) };
        let recorded = apply(cluster, &[parent], &options, patience).await;
        recorded.map(drop).map_err(|error| super::applying::failed(&error, &|_| None))
    }

    /// Removes the parent.
    ///
    /// # Errors
    /// Where the cluster refuses.
    pub async fn forget(&self, cluster: &Cluster) -> Result<(), Failure> {
        let key = self.set.parent_key();
        let deleted = cluster.delete(&key, None, Propagation::Background).await;
        deleted.map(drop).map_err(|error| failure::of_call(&error))
    }
}

/// The mark on a parent; none where it was not made by travel.
pub fn mark_on(parent: &Document) -> Option<Mark> {
    let annotation = |name: &str| parent.annotation(name).map(str::to_owned);
    Some(Mark {
        deployment: annotation(DEPLOYMENT_MARK)?,
        resource: annotation(RESOURCE_MARK)?,
        generation: annotation(GENERATION_MARK)?,
    })
}

/// The name of the set that a parent stands for; none where it stands for none of ours.
pub fn name_of(parent: &Document) -> Option<&str> {
    parent.name().strip_prefix(PREFIX)
}

/// The parents of all sets in a cluster that carry a mark, whoever's.
///
/// # Errors
/// As [`Cluster::send`].
pub async fn all_marked(cluster: &Cluster) -> Result<Vec<(Mark, Document)>, travel_kube::Error> {
    let resource = cluster.resource("v1", "ConfigMap").await?;
    let selection = Selection {
        namespace: Some(NAMESPACE.to_owned()),
        labels: Some(format!("{RESOURCE},{}", travel_kube::applyset::ID_LABEL)),
        ..Selection::default()
    };
    let found = cluster.list(&resource, &selection).await?.into_iter();
    Ok(found.filter_map(|parent| Some((mark_on(&parent)?, parent))).collect())
}

/// The kinds of documents, as API version and kind.
pub fn kinds<'a>(documents: impl IntoIterator<Item = &'a Document>) -> BTreeSet<(String, String)> {
    let kinds = documents.into_iter();
    kinds.map(|it| (it.api_version().to_owned(), it.kind().to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parent_without_a_whole_mark_is_nobodys() {
        let inventory = Inventory::of("base");
        let mut parent = inventory.set.parent(&Contents::default(), TOOLING).unwrap();
        assert_eq!(name_of(&parent), Some("base"));
        assert_eq!(mark_on(&parent), None);
        parent.set_annotation(DEPLOYMENT_MARK, "dev");
        parent.set_annotation(RESOURCE_MARK, "travel_manifests/dev//base");
        assert_eq!(mark_on(&parent), None);
        parent.set_annotation(GENERATION_MARK, "7");
        assert_eq!(mark_on(&parent).unwrap().generation, "7");
    }
}
