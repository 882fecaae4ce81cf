//! What there is of a snapshot policy in its two accounts, and how it is looked at.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dlm::types::{LifecyclePolicy, LifecyclePolicySummary, Parameters, PolicyTypeValues};
use futures::future::OptionFuture;
use futures::{StreamExt, TryStreamExt, stream};
use travel_framework::Failure;
use travel_framework::ownership::RESOURCE_TAG;

use super::details::Details;
use super::recycle_bin::{self, Rule};
use super::wanted::Side;
use super::{grant, role};
use crate::Scope;
use crate::consistency::Call;
use crate::error::Reply;
use crate::iam_role::ServiceRole;
use crate::tags::{Tags, mark};

/// How many keys or regions are looked at at once.
const CONCURRENCY: usize = 8;

/// What there is.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// In the account with the volumes.
    pub source: SideObserved,
    /// In the account with the backups.
    pub backup: SideObserved,
    /// The grants of ours on each key.
    pub grants: BTreeMap<String, Vec<Grant>>,
}

/// What there is in one account.
#[derive(Clone, Debug, Default)]
pub struct SideObserved {
    /// The policy.
    pub policy: Option<Policy>,
    /// The role that was made for it.
    pub role: Option<ServiceRole>,
    /// The rules of the Recycle Bin by region.
    pub rules: BTreeMap<String, Rule>,
}

/// A policy of DLM.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Its id.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// `ENABLED`, `DISABLED` or `ERROR`.
    pub state: String,
    /// What DLM says of the state.
    pub status: String,
    /// What it is for.
    pub description: String,
    /// The role that DLM works as.
    pub role_arn: String,
    /// Its tags, marks included.
    pub tags: Tags,
    /// What it does.
    pub details: Details,
    /// What is to be handed back to DLM as it is.
    pub parameters: Option<Parameters>,
}

/// A grant of KMS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Its id.
    pub id: String,
    /// Who may use the key.
    pub grantee: String,
    /// For what.
    pub operations: BTreeSet<String>,
}

/// Where to look, in one account.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// The id of the policy; none where it is to be found by its mark.
    pub policy_id: Option<String>,
    /// The name of the role; none where there is none of ours.
    pub role: Option<String>,
    /// The regions whose Recycle Bin may have a rule, with its id; none where it is to be found
    /// by its mark.
    pub rules: BTreeMap<String, Option<String>>,
}

impl Observed {
    /// What there is on a side.
    pub const fn side(&self, side: Side) -> &SideObserved {
        match side {
            Side::Source => &self.source,
            Side::Backup => &self.backup,
        }
    }

    /// As [`Observed::side`], to note a change.
    pub const fn side_mut(&mut self, side: Side) -> &mut SideObserved {
        match side {
            Side::Source => &mut self.source,
            Side::Backup => &mut self.backup,
        }
    }

    /// Leaves out what another create or adoption has marked since: it is not ours to remove.
    pub fn keep_generation(&mut self, generation: &str) {
        let other = |tags: &Tags| mark(tags).is_some_and(|mark| mark.generation != generation);
        for side in [&mut self.source, &mut self.backup] {
            side.policy.take_if(|policy| other(&policy.tags));
            side.role.take_if(|it| other(&it.role.tags));
            side.rules.retain(|_, rule| !other(&rule.tags));
        }
    }
}

/// Looks at one account.
///
/// # Errors
/// Where a call fails.
pub async fn look(
    call: &Call,
    scope: &Scope,
    side: Side,
    place: &Place,
) -> Result<SideObserved, Failure> {
    let policy = async {
        match &place.policy_id {
            Some(id) => policy(scope, id).await,
            None => marked(call, scope, side).await,
        }
    };
    let role = OptionFuture::from(place.role.as_ref().map(|name| own_role(call, scope, name)));
    let (policy, role, rules) = futures::join!(policy, role, rules(call, scope, place));
    Ok(SideObserved { policy: policy?, role: role.transpose()?.flatten(), rules: rules? })
}

/// The role of this name, if it is ours: making ours will say that another's is in the way.
///
/// # Errors
/// Where a call fails.
pub async fn own_role(
    call: &Call,
    scope: &Scope,
    name: &str,
) -> Result<Option<ServiceRole>, Failure> {
    let role = role::get(scope, name).await?;
    Ok(role.filter(|it| mark(&it.role.tags).is_some_and(|mark| call.claim.owns(&mark))))
}

/// Looks at the rules of an account's Recycle Bins.
///
/// # Errors
/// Where a call fails.
pub async fn rules(
    call: &Call,
    scope: &Scope,
    place: &Place,
) -> Result<BTreeMap<String, Rule>, Failure> {
    let looks = place.rules.iter().map(|(region, id)| async move {
        let scope = scope.in_region(region);
        let rule = match id {
            Some(id) => recycle_bin::rule(&scope, id).await?,
            None => recycle_bin::marked(call, &scope).await?,
        };
        Ok::<_, Failure>((region.clone(), rule))
    });
    let found: Vec<(String, Option<Rule>)> =
        stream::iter(looks.collect::<Vec<_>>()).buffer_unordered(CONCURRENCY).try_collect().await?;
    Ok(found.into_iter().filter_map(|(region, rule)| Some((region, rule?))).collect())
}

/// Looks at the grants on keys.
///
/// # Errors
/// Where a call fails.
pub async fn grants(
    call: &Call,
    keys: &BTreeSet<String>,
) -> Result<BTreeMap<String, Vec<Grant>>, Failure> {
    let looks = keys.iter().cloned().map(|key| async move {
        let grants = grant::list(call, &key).await?;
        Ok((key, grants))
    });
    stream::iter(looks.collect::<Vec<_>>()).buffer_unordered(CONCURRENCY).try_collect().await
}

/// A policy by its id; none where it is gone.
///
/// # Errors
/// Where a call fails.
pub async fn policy(scope: &Scope, id: &str) -> Result<Option<Policy>, Failure> {
    let answer = scope.dlm().get_lifecycle_policy().policy_id(id).send().await;
    let answer = answer.found(scope, &["ResourceNotFoundException"])?;
    Ok(answer.and_then(|answer| answer.policy).map(|policy| read(scope, policy)))
}

fn read(scope: &Scope, policy: LifecyclePolicy) -> Policy {
    let details = policy
        .policy_details
        .unwrap_or_else(|| aws_sdk_dlm::types::PolicyDetails::builder().build());
    let id = policy.policy_id.unwrap_or_default();
    Policy {
        arn: policy.policy_arn.unwrap_or_else(|| arn(scope, &id)),
        id,
        state: policy.state.map(|state| state.as_str().to_owned()).unwrap_or_default(),
        status: policy.status_message.unwrap_or_default(),
        description: policy.description.unwrap_or_default(),
        role_arn: policy.execution_role_arn.unwrap_or_default(),
        tags: policy.tags.into_iter().flatten().collect(),
        details: Details::of(&details),
        parameters: details.parameters,
    }
}

/// The ARN of a policy.
pub fn arn(scope: &Scope, id: &str) -> String {
    scope.arn("dlm", &format!("policy/{id}"))
}

/// The id in the ARN of a policy.
pub fn id_in(arn: &str) -> Option<String> {
    let (_, id) = arn.split_once(":policy/")?;
    Some(id.to_owned())
}

/// All policies of an account in a region, in short. DLM lists them in one answer.
///
/// # Errors
/// Where the call fails.
pub async fn summaries(scope: &Scope) -> Result<Vec<LifecyclePolicySummary>, Failure> {
    let answer = scope.dlm().get_lifecycle_policies().send().await.at(scope)?;
    Ok(answer.policies.unwrap_or_default())
}

/// The ids of the policies of a side that carry our mark.
///
/// # Errors
/// Where the call fails.
pub async fn marked_ids(call: &Call, scope: &Scope, side: Side) -> Result<Vec<String>, Failure> {
    let kind = match side {
        Side::Source => PolicyTypeValues::EbsSnapshotManagement,
        Side::Backup => PolicyTypeValues::EventBasedPolicy,
    };
    let ours = |summary: &LifecyclePolicySummary| {
        let tags: Tags =
            summary.tags.iter().flatten().map(|(k, v)| (k.clone(), v.clone())).collect();
        summary.policy_type.as_ref() == Some(&kind)
            && tags.get(RESOURCE_TAG) == Some(&call.claim.resource)
            && mark(&tags).is_some_and(|mark| call.claim.owns(&mark))
    };
    let all = summaries(scope).await?.into_iter();
    Ok(all.filter(ours).filter_map(|summary| summary.policy_id).collect())
}

/// The policy of a side that carries our mark.
///
/// # Errors
/// Where a call fails.
pub async fn marked(call: &Call, scope: &Scope, side: Side) -> Result<Option<Policy>, Failure> {
    match marked_ids(call, scope, side).await?.first() {
        Some(id) => policy(scope, id).await,
        None => Ok(None),
    }
}
