//! The roles that a platform makes: of the control plane and of the nodes.

use std::collections::BTreeSet;

use async_trait::async_trait;
use travel_framework::Failure;
use travel_framework::ownership::{self, Mark};
use travel_framework::parts::{Observed as Standing, Part};
use travel_value::Path;

use super::observed;
use super::role_names::Kind;
use super::work::Work;
use crate::Scope;
use crate::consistency::Call;
use crate::error::Reply;
use crate::iam_role::{self, GONE, NewRole, Role, patiently};
use crate::policy;

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
        let role = &there.role;
        policy::same(&role.trust, &wanted.trust_policy)
            && wanted.policy_arns.is_subset(&there.policy_arns)
            && self.unwanted(work, there, &wanted).is_empty()
            && role.permissions_boundary_arn == wanted.permissions_boundary_arn
            && work.tag_changes(None, None, &role.tags).is_empty()
    }

    fn note(&self, work: &Work<'_>, role: observed::Role) {
        work.note(|observed| {
            observed.roles.insert(self.kind, role);
        });
    }

    /// Makes the role, or goes on with one that an earlier attempt has made.
    async fn make(&self, work: &Work<'_>, wanted: &Wanted) -> Result<(), Failure> {
        let scope = &work.call.scope;
        let new = NewRole {
            name: wanted.name.clone(),
            description: format!("The {} of EKS cluster {}", self.words(), work.cluster()),
            tags: work.tags(None),
            trust: wanted.trust_policy.clone(),
            permissions_boundary_arn: wanted.permissions_boundary_arn.clone(),
        };
        let taken = |mark: Option<&_>| self.taken(&wanted.name, mark);
        let role = iam_role::make(work.call, scope, new, taken).await?;
        let policy_arns = attached(scope, &wanted.name).await?;
        self.note(work, observed::Role { role, policy_arns });
        Ok(())
    }

    fn words(&self) -> &'static str {
        match self.kind {
            Kind::Cluster => "control plane",
            Kind::Node => "nodes",
        }
    }

    fn taken(&self, name: &str, mark: Option<&Mark>) -> Failure {
        let attribute = self.kind.attribute();
        let remedy = format!("To use it, set {attribute} to its ARN; otherwise remove it.");
        let refusal = ownership::taken(&format!("role {name}"), mark, &remedy);
        refusal.at_attribute(attribute).into()
    }

    /// Brings the role to what it is to be. What was changed is noted as it is done.
    async fn mend(
        &self,
        work: &Work<'_>,
        wanted: &Wanted,
        there: &mut observed::Role,
    ) -> Result<(), Failure> {
        let (call, scope, name) = (work.call, &work.call.scope, &wanted.name);
        there.role.mend_trust(call, scope, &wanted.trust_policy).await?;
        self.bound(work, wanted, &mut there.role).await?;
        for arn in wanted.policy_arns.difference(&there.policy_arns.clone()) {
            let request = scope.iam().attach_role_policy().role_name(name).policy_arn(arn);
            let attached = patiently(call, scope, || request.clone().send()).await;
            attached.map_err(|failure| match self.kind {
                Kind::Node => failure.at_attribute("node_role_policies"),
                Kind::Cluster => failure,
            })?;
            there.policy_arns.insert(arn.clone());
        }
        for arn in self.unwanted(work, there, wanted) {
            detach(scope, there, &arn).await?;
        }
        let changes = work.tag_changes(None, None, &there.role.tags);
        there.role.retag(call, scope, &changes).await
    }

    async fn bound(
        &self,
        work: &Work<'_>,
        wanted: &Wanted,
        there: &mut Role,
    ) -> Result<(), Failure> {
        if there.permissions_boundary_arn == wanted.permissions_boundary_arn {
            return Ok(());
        }
        let (call, scope, name) = (work.call, &work.call.scope, &wanted.name);
        match &wanted.permissions_boundary_arn {
            Some(arn) => {
                let request = scope.iam().put_role_permissions_boundary().role_name(name);
                let request = request.permissions_boundary(arn);
                let answer = patiently(call, scope, || request.clone().send()).await;
                answer.map_err(|it| it.at_attribute("permissions_boundary_arn"))?;
            }
            None => {
                let request = scope.iam().delete_role_permissions_boundary().role_name(name);
                request.send().await.found(scope, &GONE)?;
            }
        }
        there.permissions_boundary_arn.clone_from(&wanted.permissions_boundary_arn);
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
        let Some(mut there) = self.there(work) else { return Ok(()) };
        let mended = self.mend(work, &wanted, &mut there).await;
        self.note(work, there);
        mended
    }

    async fn remove(&self, work: &Work<'w>) -> Result<(), Failure> {
        let Some(mut there) = self.there(work) else { return Ok(()) };
        let (call, scope) = (work.call, &work.call.scope);
        // A role goes without its policies, whoever has attached them.
        let attached = there.policy_arns.clone();
        for arn in &attached {
            let detached = detach(scope, &mut there, arn).await;
            self.note(work, there.clone());
            detached?;
        }
        // The instance profile of a node group goes a little later than the group.
        let deleted = iam_role::delete(call, scope, &there.role.name, &attached).await;
        deleted.map_err(|it| it.at(Path::attribute("roles").key(self.kind.key())))?;
        work.note(|observed| {
            observed.roles.remove(&self.kind);
        });
        Ok(())
    }
}

async fn detach(scope: &Scope, role: &mut observed::Role, arn: &str) -> Result<(), Failure> {
    let name = &role.role.name;
    let request = scope.iam().detach_role_policy().role_name(name).policy_arn(arn);
    request.send().await.found(scope, &GONE)?;
    role.policy_arns.remove(arn);
    Ok(())
}

/// The role of this name; none where there is none.
///
/// # Errors
/// Where a call fails.
pub async fn get(call: &Call, name: &str) -> Result<Option<observed::Role>, Failure> {
    let scope = &call.scope;
    let (role, policy_arns) = futures::join!(iam_role::get(scope, name), attached(scope, name));
    let Some(role) = role? else { return Ok(None) };
    Ok(Some(observed::Role { role, policy_arns: policy_arns? }))
}

/// The ARNs of the policies attached to a role; none where there is no such role.
async fn attached(scope: &Scope, name: &str) -> Result<BTreeSet<String>, Failure> {
    let request = scope.iam().list_attached_role_policies().role_name(name);
    let found: Result<Vec<_>, _> = request.into_paginator().items().send().try_collect().await;
    let found = found.found(scope, &GONE)?.unwrap_or_default();
    Ok(found.into_iter().filter_map(|policy| policy.policy_arn).collect())
}
