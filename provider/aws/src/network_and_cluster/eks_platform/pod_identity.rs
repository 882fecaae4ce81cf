//! Pod Identity associations: the roles of service accounts.

use std::collections::BTreeSet;

use async_trait::async_trait;
use aws_sdk_eks::types::PodIdentityAssociation as Found;
use travel_framework::Failure;
use travel_framework::parts::{Observed as Standing, Part};
use travel_framework::wait::{Look, Pace};
use travel_value::Path;

use super::node_group::own_tags;
use super::observed::{Item, Observed, tags};
use super::work::{Work, eks_tags, is_unseen_role};
use super::{EksPlatform, PodIdentity};
use crate::consistency::{Call, IAM, send_when_ready};
use crate::error::Reply;
use crate::tags::Tags;

const GONE: [&str; 1] = ["ResourceNotFoundException"];

/// An association as EKS describes it; none where there is none of this id.
///
/// # Errors
/// Where the call fails.
pub async fn describe(call: &Call, cluster: &str, id: &str) -> Result<Option<Found>, Failure> {
    let request = call.scope.eks().describe_pod_identity_association().cluster_name(cluster);
    let found = request.association_id(id).send().await.found(&call.scope, &GONE)?;
    Ok(found.and_then(|found| found.association))
}

/// The association of a service account, whoever has made it.
async fn find(
    call: &Call,
    cluster: &str,
    namespace: &str,
    account: &str,
) -> Result<Option<Found>, Failure> {
    let request = call.scope.eks().list_pod_identity_associations().cluster_name(cluster);
    let request = request.namespace(namespace).service_account(account);
    let listed = request.into_paginator().items().send().try_collect().await;
    let listed = listed.found(&call.scope, &GONE)?.unwrap_or_default();
    match listed.first().and_then(|summary| summary.association_id()) {
        Some(id) => describe(call, cluster, id).await,
        None => Ok(None),
    }
}

/// An association as the state has it. `known` is what was known of it.
pub fn state(found: &Found, known: Option<&PodIdentity>) -> PodIdentity {
    PodIdentity {
        role_arn: found.role_arn().unwrap_or_default().to_owned(),
        target_role_arn: found.target_role_arn().filter(|arn| !arn.is_empty()).map(str::to_owned),
        disable_session_tags: found.disable_session_tags().unwrap_or(false),
        tags: own_tags(&tags(found.tags.as_ref()), known.and_then(|known| known.tags.as_ref())),
        id: found.association_id().map(str::to_owned),
    }
}

/// Whether an association is what is wanted.
pub fn fits(found: &Found, wanted: &PodIdentity) -> bool {
    let there = state(found, Some(wanted));
    there.role_arn == wanted.role_arn
        && there.target_role_arn == wanted.target_role_arn
        && there.disable_session_tags == wanted.disable_session_tags
}

/// A Pod Identity association: one that is wanted, or one that is to go.
pub struct PodIdentityPart {
    /// Namespace and service account, with a slash between.
    pub key: String,
}

/// The name of the part of an association.
pub fn part_name(key: &str) -> String {
    format!("pod_identity/{key}")
}

impl PodIdentityPart {
    fn wanted<'a>(&self, work: &'a Work<'_>) -> Option<&'a PodIdentity> {
        work.wanted.pod_identities.get(&self.key)
    }

    fn what(&self) -> String {
        format!("the role of service account {}", self.key)
    }

    fn path(&self) -> Path {
        Path::attribute("pod_identities").key(&self.key)
    }

    fn names(&self) -> (&str, &str) {
        self.key.split_once('/').unwrap_or(("", &self.key))
    }

    fn there(&self, work: &Work<'_>) -> Option<Item<Found>> {
        work.see(|observed| observed.pod_identities.get(&self.key).cloned())
    }

    fn note(&self, work: &Work<'_>, found: Found) {
        let item = Item { found, own: true };
        work.note(|observed| {
            observed.pod_identities.insert(self.key.clone(), item);
        });
    }

    fn tags_before<'a>(&self, work: &'a Work<'_>) -> Option<&'a Tags> {
        work.prior.pod_identities.get(&self.key)?.tags.as_ref()
    }

    async fn make(&self, work: &Work<'_>, wanted: &PodIdentity) -> Result<Found, Failure> {
        let ((namespace, account), cluster) = (self.names(), work.cluster());
        let what = self.what();
        let request = work
            .eks()
            .create_pod_identity_association()
            .cluster_name(cluster)
            .namespace(namespace)
            .service_account(account)
            .role_arn(&wanted.role_arn)
            .set_target_role_arn(wanted.target_role_arn.clone())
            .disable_session_tags(wanted.disable_session_tags)
            .set_tags(eks_tags(work.tags(wanted.tags.as_ref())));
        let exists = || async { Ok(find(work.call, cluster, namespace, account).await?.is_some()) };
        let made = work.make(&what, is_unseen_role, exists, || request.clone().send()).await;
        made.map_err(|failure| failure.at(self.path()))?;
        let look = || async {
            Ok(match find(work.call, cluster, namespace, account).await? {
                Some(found) => Look::Done(found),
                None => Look::Pending("not listed yet".to_owned()),
            })
        };
        let found = work.call.wait_until(&what, Pace::QUICK, look).await?;
        work.must_own(&what, &tags(found.tags.as_ref()), self.path())?;
        Ok(found)
    }

    async fn change(
        &self,
        work: &Work<'_>,
        found: Found,
        wanted: &PodIdentity,
    ) -> Result<Found, Failure> {
        if fits(&found, wanted) {
            return Ok(found);
        }
        let id = found.association_id().unwrap_or_default();
        let target = wanted.target_role_arn.clone();
        // An empty one takes it away.
        let no_target = found.target_role_arn().is_some().then(String::new);
        let request = work
            .eks()
            .update_pod_identity_association()
            .cluster_name(work.cluster())
            .association_id(id)
            .role_arn(&wanted.role_arn)
            .set_target_role_arn(target.or(no_target))
            .disable_session_tags(wanted.disable_session_tags);
        let send = || request.clone().send();
        let answer = send_when_ready(work.call, IAM, is_unseen_role, send).await;
        let answer = answer.map_err(|failure| failure.at(self.path()))?;
        Ok(match answer.association {
            Some(mut changed) => {
                changed.tags = found.tags;
                changed
            }
            None => found,
        })
    }
}

#[async_trait]
impl<'w> Part<Work<'w>> for PodIdentityPart {
    fn name(&self) -> String {
        part_name(&self.key)
    }

    fn observe(&self, work: &Work<'w>) -> Standing {
        let Some(Item { found, .. }) = self.there(work) else { return Standing::Absent };
        let Some(wanted) = self.wanted(work) else { return Standing::Different };
        let there_tags = tags(found.tags.as_ref());
        let changes = work.tag_changes(wanted.tags.as_ref(), self.tags_before(work), &there_tags);
        if fits(&found, wanted) && changes.is_empty() {
            Standing::AsPlanned
        } else {
            Standing::Different
        }
    }

    async fn ensure(&self, work: &Work<'w>) -> Result<(), Failure> {
        let Some(wanted) = self.wanted(work) else { return Ok(()) };
        let found = match self.there(work) {
            Some(item) if item.own => item.found,
            Some(Item { found, .. }) => {
                work.must_own(&self.what(), &tags(found.tags.as_ref()), self.path())?;
                found
            }
            None => self.make(work, wanted).await?,
        };
        self.note(work, found.clone());
        let mut found = self.change(work, found, wanted).await?;
        let there_tags = tags(found.tags.as_ref());
        let changes = work.tag_changes(wanted.tags.as_ref(), self.tags_before(work), &there_tags);
        work.retag(found.association_arn().unwrap_or_default(), &changes).await?;
        found.tags = eks_tags(changes.applied(&there_tags));
        self.note(work, found);
        Ok(())
    }

    async fn remove(&self, work: &Work<'w>) -> Result<(), Failure> {
        let Some(Item { found, .. }) = self.there(work) else { return Ok(()) };
        let request = work.eks().delete_pod_identity_association().cluster_name(work.cluster());
        let request = request.association_id(found.association_id().unwrap_or_default());
        request.send().await.found(&work.call.scope, &GONE)?;
        work.note(|observed| {
            observed.pod_identities.remove(&self.key);
        });
        Ok(())
    }
}

/// The associations that are the platform's own, and not wanted.
pub fn unwanted(observed: &Observed, wanted: &EksPlatform) -> BTreeSet<String> {
    let items = observed.pod_identities.iter();
    items
        .filter(|(key, item)| {
            (item.own || wanted.exclusive) && !wanted.pod_identities.contains_key(*key)
        })
        .map(|(key, _)| key.clone())
        .collect()
}
