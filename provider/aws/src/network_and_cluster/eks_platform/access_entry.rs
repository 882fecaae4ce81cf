//! Access entries: who may call the cluster, and what for.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use aws_sdk_eks::types::{
    AccessEntry as Found, AccessScope as EksScope, AccessScopeType, AssociatedAccessPolicy,
};
use travel_framework::Failure;
use travel_framework::parts::{Observed as Standing, Part};
use travel_framework::wait::{Look, Pace};
use travel_value::Path;

use super::changes::set;
use super::node_group::own_tags;
use super::observed::{Entry, Item, Observed, tags};
use super::work::{Work, eks_tags, is_unseen_role};
use super::{AccessEntry, AccessScope, EksPlatform};
use crate::consistency::{Call, WITHIN_SERVICE, send_when_ready};
use crate::error::{Reply, is_code};
use crate::partition::Partition;
use crate::tags::{PART_TAG, Tags};

const GONE: [&str; 1] = ["ResourceNotFoundException"];

/// An access entry as EKS describes it; none where there is none for this principal.
///
/// # Errors
/// Where the call fails.
pub async fn describe(
    call: &Call,
    cluster: &str,
    principal: &str,
) -> Result<Option<Found>, Failure> {
    let request = call.scope.eks().describe_access_entry().cluster_name(cluster);
    let found = request.principal_arn(principal).send().await.found(&call.scope, &GONE)?;
    Ok(found.and_then(|found| found.access_entry))
}

/// The access policies of an entry.
///
/// # Errors
/// Where the call fails.
pub async fn policies(
    call: &Call,
    cluster: &str,
    principal: &str,
) -> Result<Vec<AssociatedAccessPolicy>, Failure> {
    let request = call.scope.eks().list_associated_access_policies().cluster_name(cluster);
    let pages = request.principal_arn(principal).into_paginator().items().send();
    Ok(pages.try_collect().await.found(&call.scope, &GONE)?.unwrap_or_default())
}

/// The ARN of an access policy that is named, or given as one.
pub fn policy_arn(name: &str, partition: Partition) -> String {
    if name.starts_with("arn:") {
        return name.to_owned();
    }
    format!("arn:{partition}:eks::aws:cluster-access-policy/{name}")
}

/// An access entry as the state has it. `known` is what was known of it: policies are named as
/// they were.
pub fn state(entry: &Entry, known: Option<&AccessEntry>, partition: Partition) -> AccessEntry {
    let Entry { entry: found, policies } = entry;
    let policies = policies.iter().map(|policy| {
        let arn = policy.policy_arn().unwrap_or_default();
        let said = known.and_then(|known| {
            known.policies.keys().find(|name| policy_arn(name, partition) == arn)
        });
        let short = || arn.rsplit('/').next().unwrap_or(arn).to_owned();
        let scope = policy.access_scope();
        let limited = scope.and_then(EksScope::r#type) == Some(&AccessScopeType::Namespace);
        let namespaces = scope.filter(|_| limited).map(|scope| set(scope.namespaces()));
        (said.cloned().unwrap_or_else(short), AccessScope { namespaces })
    });
    let kind = found.r#type().unwrap_or("STANDARD").to_owned();
    // Groups of nodes are EKS's own.
    let groups = if kind == "STANDARD" { set(found.kubernetes_groups()) } else { BTreeSet::new() };
    AccessEntry {
        principal_arn: found.principal_arn().map(str::to_owned),
        kubernetes_groups: groups,
        username: found.username().map(str::to_owned),
        policies: policies.collect(),
        tags: own_tags(&tags(found.tags.as_ref()), known.and_then(|known| known.tags.as_ref())),
        kind,
    }
}

/// The key of an entry, by its tag; the principal of one that was not made here.
pub fn key(found: &Found) -> &str {
    let tag = found.tags().and_then(|tags| tags.get(PART_TAG));
    let key = tag.and_then(|part| part.strip_prefix("access_entry/"));
    key.unwrap_or_else(|| found.principal_arn().unwrap_or_default())
}

/// The principal of an entry, which is its key where it says none.
pub fn principal<'a>(key: &'a str, entry: &'a AccessEntry) -> &'a str {
    entry.principal_arn.as_deref().unwrap_or(key)
}

/// One change of an access entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Its groups and its name in Kubernetes.
    Names,
    /// A policy to associate, or to associate with another scope.
    Associate(String, AccessScope),
    /// A policy to take away.
    Disassociate(String),
}

/// The first change that leads from an entry to what is wanted; none where it is that already.
pub fn next(there: &Entry, wanted: &AccessEntry, partition: Partition) -> Option<Change> {
    let there = state(there, Some(wanted), partition);
    let names = there.kubernetes_groups != wanted.kubernetes_groups
        || (wanted.username.is_some() && there.username != wanted.username);
    if names && wanted.kind == "STANDARD" {
        return Some(Change::Names);
    }
    let by_arn = |entry: &AccessEntry| -> BTreeMap<String, AccessScope> {
        let policies = entry.policies.iter();
        policies.map(|(name, scope)| (policy_arn(name, partition), scope.clone())).collect()
    };
    let (current, wanted) = (by_arn(&there), by_arn(wanted));
    let mut missing = wanted.iter().filter(|(arn, scope)| current.get(*arn) != Some(*scope));
    if let Some((arn, scope)) = missing.next() {
        return Some(Change::Associate(arn.clone(), scope.clone()));
    }
    let gone = current.into_keys().find(|arn| !wanted.contains_key(arn));
    gone.map(Change::Disassociate)
}

/// An access entry: one that is wanted, or one that is to go.
pub struct AccessEntryPart {
    /// The principal.
    pub principal: String,
    /// Its key, where it is wanted.
    pub key: Option<String>,
}

/// The name of the part of an access entry.
pub fn part_name(principal: &str) -> String {
    format!("access_entry/{principal}")
}

impl AccessEntryPart {
    fn wanted<'a>(&self, work: &'a Work<'_>) -> Option<&'a AccessEntry> {
        work.wanted.access_entries.get(self.key.as_ref()?)
    }

    fn what(&self) -> String {
        format!("the access entry of {}", self.principal)
    }

    fn path(&self) -> Path {
        let path = Path::attribute("access_entries");
        self.key.as_ref().map_or_else(|| path.clone(), |key| path.key(key))
    }

    /// The tags beside those of all parts, with the one that says which part it is.
    fn own_tags(&self, wanted: &AccessEntry) -> Tags {
        let mut tags = wanted.tags.clone().unwrap_or_default();
        let key = self.key.as_deref().unwrap_or_default();
        tags.insert(PART_TAG.to_owned(), format!("access_entry/{key}"));
        tags
    }

    fn tags_before<'a>(&self, work: &'a Work<'_>) -> Option<&'a Tags> {
        let before = work.prior.access_entries.iter();
        let mut before = before.filter(|(key, entry)| principal(key, entry) == self.principal);
        before.next()?.1.tags.as_ref()
    }

    async fn look(&self, work: &Work<'_>) -> Result<Option<Entry>, Failure> {
        let Some(entry) = describe(work.call, work.cluster(), &self.principal).await? else {
            work.note(|observed| {
                observed.access_entries.remove(&self.principal);
            });
            return Ok(None);
        };
        let policies = policies(work.call, work.cluster(), &self.principal).await?;
        let entry = Entry { entry, policies };
        let there = |found: &Entry| tags(found.entry.tags.as_ref());
        work.note(|observed| {
            let (entries, found) = (&mut observed.access_entries, Some(entry.clone()));
            Item::renew(entries, &self.principal, found, there, &work.call.claim);
        });
        Ok(Some(entry))
    }

    async fn make(&self, work: &Work<'_>, wanted: &AccessEntry) -> Result<(), Failure> {
        let groups = (!wanted.kubernetes_groups.is_empty())
            .then(|| wanted.kubernetes_groups.iter().cloned().collect());
        let request = work
            .eks()
            .create_access_entry()
            .cluster_name(work.cluster())
            .principal_arn(&self.principal)
            .r#type(&wanted.kind)
            .set_kubernetes_groups(groups)
            .set_username(wanted.username.clone().filter(|_| wanted.kind == "STANDARD"))
            .set_tags(eks_tags(work.tags(Some(&self.own_tags(wanted)))));
        let exists =
            || async { Ok(describe(work.call, work.cluster(), &self.principal).await?.is_some()) };
        let what = self.what();
        let made = work.make(&what, is_unseen_role, exists, || request.clone().send()).await;
        made.map_err(|failure| failure.at(self.path()))?;
        let there = self.there(work).await?;
        work.must_own(&what, &tags(there.entry.tags.as_ref()), self.path())
    }

    /// The entry, which was made a moment ago at the latest.
    async fn there(&self, work: &Work<'_>) -> Result<Entry, Failure> {
        let found = || async {
            Ok(match self.look(work).await? {
                Some(entry) => Look::Done(entry),
                None => Look::Pending("not listed yet".to_owned()),
            })
        };
        work.call.wait_until(&self.what(), Pace::QUICK, found).await
    }

    async fn apply(
        &self,
        work: &Work<'_>,
        wanted: &AccessEntry,
        change: Change,
    ) -> Result<bool, Failure> {
        let (cluster, principal) = (work.cluster(), &self.principal);
        match change {
            Change::Names => {
                let groups = wanted.kubernetes_groups.iter().cloned().collect();
                let request = work.eks().update_access_entry().cluster_name(cluster);
                let request = request
                    .principal_arn(principal)
                    .set_kubernetes_groups(Some(groups))
                    .set_username(wanted.username.clone());
                let answer = request.send().await.at(&work.call.scope);
                answer.map_err(|failure| failure.at(self.path()))?;
            }
            Change::Associate(arn, scope) => {
                let kind = match scope.namespaces {
                    Some(_) => AccessScopeType::Namespace,
                    None => AccessScopeType::Cluster,
                };
                let namespaces = scope.namespaces.map(|names| names.into_iter().collect());
                let scope = EksScope::builder().r#type(kind).set_namespaces(namespaces).build();
                let request = work.eks().associate_access_policy().cluster_name(cluster);
                let request = request.principal_arn(principal).policy_arn(&arn).access_scope(scope);
                // A new entry may not be known everywhere yet.
                let early = |error: &_| is_code(error, &GONE);
                let answer =
                    send_when_ready(work.call, WITHIN_SERVICE, early, || request.clone().send());
                let path = self.path().field("policies");
                answer.await.map_err(|failure| failure.at(path))?;
            }
            Change::Disassociate(arn) => {
                let request = work.eks().disassociate_access_policy().cluster_name(cluster);
                let request = request.principal_arn(principal).policy_arn(arn);
                request.send().await.found(&work.call.scope, &GONE)?;
            }
        }
        Ok(true)
    }
}

#[async_trait]
impl<'w> Part<Work<'w>> for AccessEntryPart {
    fn name(&self) -> String {
        part_name(&self.principal)
    }

    fn observe(&self, work: &Work<'w>) -> Standing {
        let there = work.see(|observed| observed.access_entries.get(&self.principal).cloned());
        let Some(Item { found: there, .. }) = there else { return Standing::Absent };
        let Some(wanted) = self.wanted(work) else { return Standing::Different };
        let there_tags = tags(there.entry.tags.as_ref());
        let own = self.own_tags(wanted);
        let fits = there.entry.r#type() == Some(wanted.kind.as_str())
            && next(&there, wanted, work.call.scope.partition()).is_none()
            && work.tag_changes(Some(&own), self.tags_before(work), &there_tags).is_empty();
        if fits { Standing::AsPlanned } else { Standing::Different }
    }

    async fn ensure(&self, work: &Work<'w>) -> Result<(), Failure> {
        let Some(wanted) = self.wanted(work) else { return Ok(()) };
        let partition = work.call.scope.partition();
        let known = work.see(|observed| observed.access_entries.get(&self.principal).cloned());
        if let Some(item) = &known
            && !item.own
        {
            let there_tags = tags(item.found.entry.tags.as_ref());
            work.must_own(&self.what(), &there_tags, self.path())?;
        }
        let kind = known.as_ref().map(|item| item.found.entry.r#type() == Some(&wanted.kind));
        if kind == Some(false) {
            // Another type needs another entry.
            self.remove(work).await?;
        }
        if kind != Some(true) {
            self.make(work, wanted).await?;
        }
        let look = || self.there(work);
        let next = |there: &Entry| next(there, wanted, partition);
        let apply = |change| self.apply(work, wanted, change);
        let mut there = work.converge(&self.what(), look, next, apply).await?;
        let there_tags = tags(there.entry.tags.as_ref());
        let own = self.own_tags(wanted);
        let changes = work.tag_changes(Some(&own), self.tags_before(work), &there_tags);
        work.retag(there.entry.access_entry_arn().unwrap_or_default(), &changes).await?;
        there.entry.tags = eks_tags(changes.applied(&there_tags));
        work.note(|observed| {
            let item = Item { found: there, own: true };
            observed.access_entries.insert(self.principal.clone(), item);
        });
        Ok(())
    }

    async fn remove(&self, work: &Work<'w>) -> Result<(), Failure> {
        let request = work.eks().delete_access_entry().cluster_name(work.cluster());
        let answer = request.principal_arn(&self.principal).send().await;
        answer.found(&work.call.scope, &GONE)?;
        work.note(|observed| {
            observed.access_entries.remove(&self.principal);
        });
        Ok(())
    }
}

/// The principals of entries that are the platform's own, and not wanted.
pub fn unwanted(observed: &Observed, wanted: &EksPlatform) -> BTreeSet<String> {
    let stays = |there: &str| {
        wanted.access_entries.iter().any(|(key, entry)| principal(key, entry) == there)
    };
    let entries = observed.access_entries.iter();
    entries
        .filter(|(principal, item)| (item.own || wanted.exclusive) && !stays(principal))
        .map(|(principal, _)| principal.clone())
        .collect()
}

#[cfg(test)]
mod tests;
