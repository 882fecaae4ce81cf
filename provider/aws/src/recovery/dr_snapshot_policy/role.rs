//! The role that DLM works as, on either side.

use async_trait::async_trait;
use aws_sdk_iam::types::Tag;
use travel_framework::parts::{Observed as Standing, Part};
use travel_framework::{Diagnostic, Failure};

use super::observed::{Role, mark};
use super::wanted::Side;
use super::work::Work;
use crate::Scope;
use crate::error::{Reply, is_code};
use crate::policy;
use crate::tags::Tags;

/// The name of the role's one policy.
const POLICY: &str = "snapshots";
const GONE: [&str; 1] = ["NoSuchEntity"];

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
        let wanted = work.wanted.documents(self.side);
        let fits = policy::same(&there.trust, &wanted.trust)
            && there.permissions.as_deref().is_some_and(|it| policy::same(it, &wanted.permissions))
            && work.tag_changes(&self.name(), &there.tags).is_empty();
        if fits { Standing::AsPlanned } else { Standing::Different }
    }

    async fn ensure(&self, work: &Work<'a>) -> Result<(), Failure> {
        if self.there(work).is_none() {
            Box::pin(self.make(work)).await?;
        }
        match self.there(work) {
            Some(there) => Box::pin(self.mend(work, there)).await,
            None => Ok(()),
        }
    }

    async fn remove(&self, work: &Work<'a>) -> Result<(), Failure> {
        let Some(Role { name, .. }) = self.there(work) else { return Ok(()) };
        let scope = work.scope(self.side)?;
        let client = scope.iam();
        let policy = client.delete_role_policy().role_name(&name).policy_name(POLICY).send().await;
        policy.found(scope, &GONE)?;
        let role = client.delete_role().role_name(&name).send().await;
        if let Err(error) = &role
            && is_code(error, &["DeleteConflict"])
        {
            return Err(Diagnostic::error(
                format!("role {name} is still in use"),
                format!(
                    "Somebody has attached policies or an instance profile to it: {} ({}). Detach \
                     them and apply again.",
                    crate::error::message(error).trim_end_matches('.'),
                    scope.place(),
                ),
            )
            .into());
        }
        role.found(scope, &GONE)?;
        work.note(|observed| observed.side_mut(self.side).role = None);
        Ok(())
    }
}

impl RolePart {
    fn there(&self, work: &Work<'_>) -> Option<Role> {
        work.see(|observed| observed.side(self.side).role.clone())
    }

    /// Makes the role, or goes on with one that an earlier attempt has made.
    async fn make(&self, work: &Work<'_>) -> Result<(), Failure> {
        let scope = work.scope(self.side)?;
        let name = work.wanted.role_name(self.side);
        let trust = work.wanted.documents(self.side).trust;
        let tags = work.tags(&self.name());
        let request = scope
            .iam()
            .create_role()
            .role_name(&name)
            .description(format!("Snapshots for {}, by DLM", work.wanted.policy.name))
            .assume_role_policy_document(&trust)
            .set_tags(Some(iam_tags(&tags)?));
        let answer = request.send().await;
        let role = if let Err(error) = &answer
            && is_code(error, &["EntityAlreadyExists"])
        {
            let there = get(scope, &name).await?;
            let mark = there.as_ref().and_then(|there| mark(&there.tags));
            match there {
                Some(there) if mark.as_ref().is_some_and(|it| work.call.claim.owns(it)) => there,
                _ => return Err(taken(&name, mark.map(|mark| mark.deployment), scope)),
            }
        } else {
            let arn = answer.at(scope)?.role.map(|role| role.arn).unwrap_or_default();
            Role { name, arn, tags, trust, permissions: None }
        };
        work.note(|observed| observed.side_mut(self.side).role = Some(role));
        Ok(())
    }

    /// Brings trust, permissions and tags of the role to what they are to be.
    async fn mend(&self, work: &Work<'_>, there: Role) -> Result<(), Failure> {
        let scope = work.scope(self.side)?;
        let client = scope.iam();
        let wanted = work.wanted.documents(self.side);
        let name = &there.name;
        if !policy::same(&there.trust, &wanted.trust) {
            let request = client.update_assume_role_policy().role_name(name);
            request.policy_document(&wanted.trust).send().await.at(scope)?;
        }
        if !there.permissions.as_deref().is_some_and(|it| policy::same(it, &wanted.permissions)) {
            let request = client.put_role_policy().role_name(name).policy_name(POLICY);
            request.policy_document(&wanted.permissions).send().await.at(scope)?;
        }
        let changes = work.tag_changes(&self.name(), &there.tags);
        if !changes.set.is_empty() {
            let set = Some(iam_tags(&changes.set)?);
            client.tag_role().role_name(name).set_tags(set).send().await.at(scope)?;
        }
        if !changes.remove.is_empty() {
            let keys = Some(changes.remove.clone());
            client.untag_role().role_name(name).set_tag_keys(keys).send().await.at(scope)?;
        }
        let mut tags = there.tags.clone();
        tags.extend(changes.set);
        tags.retain(|key, _| !changes.remove.contains(key));
        let role =
            Role { trust: wanted.trust, permissions: Some(wanted.permissions), tags, ..there };
        work.note(|observed| observed.side_mut(self.side).role = Some(role));
        Ok(())
    }
}

fn taken(name: &str, owner: Option<String>, scope: &Scope) -> Failure {
    let owner = match owner {
        Some(deployment) => format!("it belongs to deployment {deployment:?}"),
        None => "nothing marks it as made by travel".to_owned(),
    };
    Diagnostic::error(
        format!("role {name} exists already"),
        format!(
            "The policy needs a role of this name, and {owner} ({}). Give the policy another \
             name, or a role of your own in role_arn.",
            scope.place()
        ),
    )
    .into()
}

fn iam_tags(tags: &Tags) -> Result<Vec<Tag>, Failure> {
    let tags = tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
    tags.collect::<Result<_, _>>().map_err(|error| crate::error::incomplete(&error))
}

/// The role of this name, with its policy and tags.
///
/// # Errors
/// Where a call fails.
pub async fn get(scope: &Scope, name: &str) -> Result<Option<Role>, Failure> {
    let client = scope.iam();
    let (role, permissions) = futures::join!(
        client.get_role().role_name(name).send(),
        client.get_role_policy().role_name(name).policy_name(POLICY).send(),
    );
    let role = role.found(scope, &GONE)?.and_then(|answer| answer.role);
    let permissions = permissions.found(scope, &GONE)?;
    Ok(role.map(|role| Role {
        name: name.to_owned(),
        arn: role.arn,
        tags: role.tags.into_iter().flatten().map(|tag| (tag.key, tag.value)).collect(),
        trust: decoded(role.assume_role_policy_document.as_deref().unwrap_or_default()),
        permissions: permissions.map(|it| decoded(&it.policy_document)),
    }))
}

/// IAM writes documents as they would stand in an address.
fn decoded(document: &str) -> String {
    percent_encoding::percent_decode_str(document).decode_utf8_lossy().into_owned()
}
