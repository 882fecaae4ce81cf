//! The role that DLM works as, on either side.

use async_trait::async_trait;
use travel_framework::ownership::{Mark, taken};
use travel_framework::parts::{Observed as Standing, Part};
use travel_framework::{Diagnostic, Failure};

use super::wanted::Side;
use super::work::Work;
use crate::Scope;
use crate::iam_role::{self, Documents, NewRole, ServiceRole};

/// The name of the role's one policy.
const POLICY: &str = "snapshots";

/// The role.
pub struct RolePart {
    /// Whose.
    pub side: Side,
}

/// The name of the part.
pub fn part(side: Side) -> String {
    side.part("role")
}

#[async_trait]
impl<'a> Part<Work<'a>> for RolePart {
    fn name(&self) -> String {
        part(self.side)
    }

    fn observe(&self, work: &Work<'a>) -> Standing {
        let Some(there) = self.there(work) else { return Standing::Absent };
        let fits = there.fits(&work.wanted.documents(self.side))
            && work.tag_changes(&self.name(), &there.role.tags).is_empty();
        if fits { Standing::AsPlanned } else { Standing::Different }
    }

    async fn ensure(&self, work: &Work<'a>) -> Result<(), Failure> {
        let scope = work.scope(self.side)?;
        let wanted = work.wanted.documents(self.side);
        let mut there = match self.there(work) {
            Some(there) => there,
            None => Box::pin(self.make(work, &wanted)).await?,
        };
        let changes = work.tag_changes(&self.name(), &there.role.tags);
        let mended = Box::pin(there.mend(work.call, scope, POLICY, &wanted, &changes)).await;
        work.note(|observed| observed.side_mut(self.side).role = Some(there));
        mended
    }

    async fn remove(&self, work: &Work<'a>) -> Result<(), Failure> {
        let Some(there) = self.there(work) else { return Ok(()) };
        there.remove(work.call, work.scope(self.side)?, POLICY).await?;
        work.note(|observed| observed.side_mut(self.side).role = None);
        Ok(())
    }
}

impl RolePart {
    fn there(&self, work: &Work<'_>) -> Option<ServiceRole> {
        work.see(|observed| observed.side(self.side).role.clone())
    }

    /// Makes the role, or goes on with one that an earlier attempt has made.
    async fn make(&self, work: &Work<'_>, wanted: &Documents) -> Result<ServiceRole, Failure> {
        let scope = work.scope(self.side)?;
        let name = work.wanted.role_name(self.side);
        let new = NewRole {
            description: format!("Snapshots for {}, by DLM", work.wanted.policy.name),
            tags: work.tags(&self.name()),
            trust: wanted.trust.clone(),
            permissions_boundary_arn: None,
            name: name.clone(),
        };
        let refused = |mark: Option<&_>| refusal(&name, mark, scope).into();
        let role = iam_role::make(work.call, scope, new, refused).await?;
        let made = ServiceRole { role, permissions: None };
        work.note(|observed| observed.side_mut(self.side).role = Some(made.clone()));
        Ok(made)
    }
}

fn refusal(name: &str, mark: Option<&Mark>, scope: &Scope) -> Diagnostic {
    let remedy = format!(
        "The policy needs a role of this name ({}). Give the policy another name, or a role of \
         your own in role_arn.",
        scope.place()
    );
    taken(&format!("role {name}"), mark, &remedy)
}

/// The role of this name, with its policy and tags.
///
/// # Errors
/// Where a call fails.
pub async fn get(scope: &Scope, name: &str) -> Result<Option<ServiceRole>, Failure> {
    ServiceRole::get(scope, name, POLICY).await
}
