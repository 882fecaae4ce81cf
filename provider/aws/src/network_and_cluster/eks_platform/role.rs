//! The roles that a platform makes: of the control plane and of the nodes.

use std::collections::BTreeSet;

use async_trait::async_trait;
use aws_sdk_iam::types::Tag;
use tokio::time::Instant;
use travel_framework::parts::{Observed as Standing, Part};
use travel_framework::{Diagnostic, Failure};
use travel_value::Path;

use super::observed::{self, mark};
use super::role_names::Kind;
use super::work::{Work, changed};
use crate::consistency::{Call, WITHIN_SERVICE, send_when_ready};
use crate::error::{Reply, is_code, message};
use crate::policy;
use crate::tags::Tags;

const GONE: [&str; 1] = ["NoSuchEntity"];
/// IAM is changing the role already.
const BUSY: [&str; 2] = ["ConcurrentModification", "UnmodifiableEntity"];

/// A role.
pub struct RolePart {
    /// Which one.
    pub kind: Kind,
}

/// The name of the part of a role.
pub fn part_name(kind: Kind) -> String {
    format!("role/{}", kind.key())
}

/// A role as it is to be.
struct Wanted {
    name: String,
    trust_policy: String,
    policy_arns: BTreeSet<String>,
    permissions_boundary_arn: Option<String>,
}

impl RolePart {
    fn wanted(&self, work: &Work<'_>) -> Wanted {
        let (scope, platform) = (&work.call.scope, work.wanted);
        Wanted {
            name: self.kind.role_name(&platform.name, scope.region()),
            trust_policy: self.kind.trust_policy(scope.partition()),
            policy_arns: self.kind.policies_of(platform, scope.partition()),
            permissions_boundary_arn: platform.permissions_boundary_arn.clone(),
        }
    }

    fn there(&self, work: &Work<'_>) -> Option<observed::Role> {
        work.see(|observed| observed.roles.get(&self.kind).cloned())
    }

    /// The policies that were the role's own before; others attached the rest.
    fn own_before(&self, work: &Work<'_>) -> BTreeSet<String> {
        let before = work.prior.roles.as_ref().and_then(|roles| roles.get(self.kind.key()));
        before.and_then(|role| role.policy_arns.clone()).unwrap_or_default()
    }

    /// The policies to detach.
    fn unwanted(&self, work: &Work<'_>, there: &observed::Role, wanted: &Wanted) -> Vec<String> {
        let own = self.own_before(work);
        let gone = there.policy_arns.difference(&wanted.policy_arns);
        gone.filter(|arn| own.contains(*arn) || work.wanted.exclusive).cloned().collect()
    }

    fn fits(&self, work: &Work<'_>, there: &observed::Role) -> bool {
        let wanted = self.wanted(work);
        policy::same(&there.trust_policy, &wanted.trust_policy)
            && wanted.policy_arns.is_subset(&there.policy_arns)
            && self.unwanted(work, there, &wanted).is_empty()
            && there.permissions_boundary_arn == wanted.permissions_boundary_arn
            && work.tag_changes(None, None, &there.tags).is_empty()
    }

    fn note(&self, work: &Work<'_>, role: observed::Role) {
        work.note(|observed| {
            observed.roles.insert(self.kind, role);
        });
    }

    /// Makes the role, or goes on with one that an earlier attempt has made.
    async fn make(&self, work: &Work<'_>, wanted: &Wanted) -> Result<(), Failure> {
        let client = work.call.scope.iam();
        let request = client
            .create_role()
            .role_name(&wanted.name)
            .description(format!("The {} of EKS cluster {}", self.words(), work.cluster()))
            .assume_role_policy_document(&wanted.trust_policy)
            .set_permissions_boundary(wanted.permissions_boundary_arn.clone())
            .set_tags(Some(iam_tags(&work.tags(None))?));
        match request.send().await {
            Err(error) if is_code(&error, &["EntityAlreadyExists"]) => {
                let early = |error: &_| is_code(error, &GONE);
                let look = || client.get_role().role_name(&wanted.name).send();
                send_when_ready(work.call, WITHIN_SERVICE, early, look).await?;
                let there = get(work.call, &wanted.name).await?.unwrap_or_default();
                if mark(&there.tags).is_none_or(|mark| !work.call.claim.owns(&mark)) {
                    return Err(self.taken(&wanted.name));
                }
                self.note(work, there);
            }
            answer => {
                let made = answer.at(&work.call.scope)?;
                self.note(
                    work,
                    observed::Role {
                        name: wanted.name.clone(),
                        arn: made.role.map(|role| role.arn).unwrap_or_default(),
                        tags: work.tags(None),
                        trust_policy: wanted.trust_policy.clone(),
                        policy_arns: BTreeSet::new(),
                        permissions_boundary_arn: wanted.permissions_boundary_arn.clone(),
                    },
                );
            }
        }
        Ok(())
    }

    fn words(&self) -> &'static str {
        match self.kind {
            Kind::Cluster => "control plane",
            Kind::Node => "nodes",
        }
    }

    fn taken(&self, name: &str) -> Failure {
        let attribute = self.kind.attribute();
        Diagnostic::error(
            format!("role {name} exists already"),
            format!(
                "It was not made for this cluster. To use it, set {attribute} to its ARN; \
                 otherwise remove it.",
            ),
        )
        .at_attribute(attribute)
        .into()
    }

    /// Brings the role to what it is to be. What was changed is noted as it is done.
    async fn mend(&self, work: &Work<'_>, wanted: &Wanted) -> Result<(), Failure> {
        let Some(mut role) = self.there(work) else { return Ok(()) };
        let (client, scope, name) = (work.call.scope.iam(), &work.call.scope, &wanted.name);
        let early = |error: &_| is_code(error, &GONE) || is_code(error, &BUSY);
        if !policy::same(&role.trust_policy, &wanted.trust_policy) {
            let request = client.update_assume_role_policy().role_name(name);
            request.policy_document(&wanted.trust_policy).send().await.at(scope)?;
            role.trust_policy.clone_from(&wanted.trust_policy);
        }
        if role.permissions_boundary_arn != wanted.permissions_boundary_arn {
            self.bound(work, wanted).await?;
            role.permissions_boundary_arn.clone_from(&wanted.permissions_boundary_arn);
        }
        self.note(work, role.clone());
        for arn in wanted.policy_arns.difference(&role.policy_arns.clone()) {
            let request = client.attach_role_policy().role_name(name).policy_arn(arn);
            let made = send_when_ready(work.call, WITHIN_SERVICE, early, || request.clone().send());
            let at = |failure: Failure| match self.kind {
                Kind::Node => failure.at_attribute("node_role_policies"),
                Kind::Cluster => failure,
            };
            made.await.map_err(at)?;
            role.policy_arns.insert(arn.clone());
            self.note(work, role.clone());
        }
        for arn in self.unwanted(work, &role, wanted) {
            let request = client.detach_role_policy().role_name(name).policy_arn(&arn);
            request.send().await.found(scope, &GONE)?;
            role.policy_arns.remove(&arn);
        }
        let changes = work.tag_changes(None, None, &role.tags);
        if !changes.set.is_empty() {
            let tags = Some(iam_tags(&changes.set)?);
            client.tag_role().role_name(name).set_tags(tags).send().await.at(scope)?;
        }
        if !changes.remove.is_empty() {
            let keys = Some(changes.remove.clone());
            client.untag_role().role_name(name).set_tag_keys(keys).send().await.at(scope)?;
        }
        role.tags = changed(&role.tags, &changes);
        self.note(work, role);
        Ok(())
    }

    async fn bound(&self, work: &Work<'_>, wanted: &Wanted) -> Result<(), Failure> {
        let (client, scope, name) = (work.call.scope.iam(), &work.call.scope, &wanted.name);
        match &wanted.permissions_boundary_arn {
            Some(arn) => {
                let request = client.put_role_permissions_boundary().role_name(name);
                let answer = request.permissions_boundary(arn).send().await.at(scope);
                answer.map_err(|it| it.at_attribute("permissions_boundary_arn"))?;
            }
            None => {
                let request = client.delete_role_permissions_boundary().role_name(name);
                request.send().await.found(scope, &GONE)?;
            }
        }
        Ok(())
    }
}

#[async_trait]
impl<'w> Part<Work<'w>> for RolePart {
    fn name(&self) -> String {
        part_name(self.kind)
    }

    fn observe(&self, work: &Work<'w>) -> Standing {
        match self.there(work) {
            None => Standing::Absent,
            Some(there) if self.fits(work, &there) => Standing::AsPlanned,
            Some(_) => Standing::Different,
        }
    }

    async fn ensure(&self, work: &Work<'w>) -> Result<(), Failure> {
        let wanted = self.wanted(work);
        if self.there(work).is_none() {
            self.make(work, &wanted).await?;
        }
        self.mend(work, &wanted).await
    }

    async fn remove(&self, work: &Work<'w>) -> Result<(), Failure> {
        let Some(mut role) = self.there(work) else { return Ok(()) };
        let (client, scope) = (work.call.scope.iam(), &work.call.scope);
        // A role goes without its policies, whoever has attached them.
        for arn in role.policy_arns.clone() {
            let request = client.detach_role_policy().role_name(&role.name).policy_arn(&arn);
            request.send().await.found(scope, &GONE)?;
            role.policy_arns.remove(&arn);
            self.note(work, role.clone());
        }
        let early = |error: &_| is_code(error, &BUSY) || is_code(error, &["DeleteConflict"]);
        let patience = Instant::now() + WITHIN_SERVICE;
        let deleted = send_when_ready(work.call, WITHIN_SERVICE, early, || async {
            match client.delete_role().role_name(&role.name).send().await {
                Err(error) if is_code(&error, &GONE) => Ok(None),
                // The instance profile of a node group goes a little later than the group.
                Err(error)
                    if is_code(&error, &["DeleteConflict"]) && Instant::now() >= patience =>
                {
                    Ok(Some(message(&error).to_owned()))
                }
                answer => answer.map(|_| None),
            }
        });
        if let Some(words) = deleted.await? {
            return Err(Diagnostic::error(
                format!("role {} is still in use", role.name),
                format!(
                    "Somebody has given it inline policies or an instance profile: {words} \
                     Remove them and apply again.",
                ),
            )
            .at(Path::attribute("roles").key(self.kind.key()))
            .into());
        }
        work.note(|observed| {
            observed.roles.remove(&self.kind);
        });
        Ok(())
    }
}

/// Tags as IAM takes them.
pub fn iam_tags(tags: &Tags) -> Result<Vec<Tag>, Failure> {
    let tags = tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
    let tags: Result<Vec<Tag>, _> = tags.collect();
    tags.map_err(|error| crate::error::incomplete(&error))
}

/// The role of this name; none where there is none.
///
/// # Errors
/// Where a call fails.
pub async fn get(call: &Call, name: &str) -> Result<Option<observed::Role>, Failure> {
    let client = call.scope.iam();
    let attached = client.list_attached_role_policies().role_name(name).into_paginator().items();
    let (role, attached) =
        futures::join!(client.get_role().role_name(name).send(), attached.send().try_collect());
    let Some(role) = role.found(&call.scope, &GONE)?.and_then(|answer| answer.role) else {
        return Ok(None);
    };
    let attached = attached.found(&call.scope, &GONE)?.unwrap_or_default();
    let trust = role.assume_role_policy_document.as_deref().unwrap_or_default();
    // IAM writes documents as they would stand in an address.
    let trust = percent_encoding::percent_decode_str(trust).decode_utf8_lossy();
    Ok(Some(observed::Role {
        name: name.to_owned(),
        arn: role.arn,
        tags: role.tags.into_iter().flatten().map(|tag| (tag.key, tag.value)).collect(),
        trust_policy: trust.into_owned(),
        policy_arns: attached.into_iter().filter_map(|policy| policy.policy_arn).collect(),
        permissions_boundary_arn: role
            .permissions_boundary
            .and_then(|boundary| boundary.permissions_boundary_arn),
    }))
}
