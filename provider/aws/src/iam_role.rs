//! Roles of IAM, as parts of resources make, change and remove them. IAM is eventually consistent
//! even towards itself: for a while it may not know what it has just made, and holds on to what it
//! has just let go.

use std::collections::BTreeSet;
use std::error::Error;

use aws_sdk_iam::types::Tag;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use tokio::time::Instant;
use travel_framework::ownership::Mark;
use travel_framework::wait::{Look, Pace};
use travel_framework::{Diagnostic, Failure};

use crate::Scope;
use crate::consistency::{Call, WITHIN_SERVICE, answer_when_ready};
use crate::error::{Answer, Reply, failure, incomplete, is_code, message};
use crate::policy;
use crate::tags::{TagChanges, Tags, mark};

/// What IAM says of a role, or of what a role has, that is not there.
pub const GONE: [&str; 1] = ["NoSuchEntity"];
/// Another change of the same role is under way.
const BUSY: [&str; 1] = ["ConcurrentModification"];
/// The role still has policies or an instance profile, or had them a moment ago.
const IN_USE: [&str; 1] = ["DeleteConflict"];

/// A role as GetRole shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Role {
    /// The name.
    pub name: String,
    /// The ARN.
    pub arn: String,
    /// The tags, marks included.
    pub tags: Tags,
    /// Who may assume it, as JSON.
    pub trust: String,
    /// The ARN of the policy that bounds it.
    pub permissions_boundary_arn: Option<String>,
}

/// A role to be made.
#[derive(Clone, Debug, Default)]
pub struct NewRole {
    /// The name.
    pub name: String,
    /// What it is for, for a person who finds it.
    pub description: String,
    /// The tags, marks included.
    pub tags: Tags,
    /// Who may assume it, as JSON.
    pub trust: String,
    /// The ARN of the policy that bounds it.
    pub permissions_boundary_arn: Option<String>,
}

/// A role that a service works as, with what it may do as its one inline policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceRole {
    /// The role.
    pub role: Role,
    /// What it may do, as JSON; none while that is not known or not set.
    pub permissions: Option<String>,
}

/// What a service's role is to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Documents {
    /// Who may assume it, as JSON.
    pub trust: String,
    /// What it may do, as JSON.
    pub permissions: String,
}

impl ServiceRole {
    /// The role of this name with its inline policy `policy`; none where there is no such role.
    ///
    /// # Errors
    /// Where a call fails.
    pub async fn get(scope: &Scope, name: &str, policy: &str) -> Result<Option<Self>, Failure> {
        let request = scope.iam().get_role_policy().role_name(name).policy_name(policy);
        let (role, found) = futures::join!(get(scope, name), request.send());
        let found = found.found(scope, &GONE)?;
        let permissions = found.map(|it| decoded(&it.policy_document));
        Ok(role?.map(|role| Self { role, permissions }))
    }

    /// Whether trust and permissions are these.
    pub fn fits(&self, wanted: &Documents) -> bool {
        policy::same(&self.role.trust, &wanted.trust) && self.permits(&wanted.permissions)
    }

    fn permits(&self, wanted: &str) -> bool {
        self.permissions.as_deref().is_some_and(|there| policy::same(there, wanted))
    }

    /// Makes trust, permissions (as the inline policy `policy`) and tags what they are to be. What
    /// has been changed is noted here even where a later change fails.
    ///
    /// # Errors
    /// Where a call fails.
    pub async fn mend(
        &mut self,
        call: &Call,
        scope: &Scope,
        policy: &str,
        wanted: &Documents,
        tags: &TagChanges,
    ) -> Result<(), Failure> {
        self.role.mend_trust(call, scope, &wanted.trust).await?;
        if !self.permits(&wanted.permissions) {
            let request = scope.iam().put_role_policy().role_name(&self.role.name);
            let request = request.policy_name(policy).policy_document(&wanted.permissions);
            patiently(call, scope, || request.clone().send()).await?;
            self.permissions = Some(wanted.permissions.clone());
        }
        self.role.retag(call, scope, tags).await
    }

    /// Removes the role, and its inline policy `policy` before.
    ///
    /// # Errors
    /// As for [`delete`].
    pub async fn remove(self, call: &Call, scope: &Scope, policy: &str) -> Result<(), Failure> {
        let name = &self.role.name;
        let request = scope.iam().delete_role_policy().role_name(name).policy_name(policy);
        let busy = |error: &_| is_code(error, &BUSY);
        let answer = answer_when_ready(call, WITHIN_SERVICE, busy, || request.clone().send());
        answer.await?.found(scope, &GONE)?;
        delete(call, scope, name, &[policy.to_owned()].into()).await
    }
}

impl Role {
    /// Makes this who may assume the role, unless it says the same already.
    ///
    /// # Errors
    /// Where the call fails.
    pub async fn mend_trust(
        &mut self,
        call: &Call,
        scope: &Scope,
        trust: &str,
    ) -> Result<(), Failure> {
        if policy::same(&self.trust, trust) {
            return Ok(());
        }
        let request = scope.iam().update_assume_role_policy().role_name(&self.name);
        let request = request.policy_document(trust);
        patiently(call, scope, || request.clone().send()).await?;
        trust.clone_into(&mut self.trust);
        Ok(())
    }

    /// Changes the tags of the role.
    ///
    /// # Errors
    /// Where a call fails.
    pub async fn retag(
        &mut self,
        call: &Call,
        scope: &Scope,
        changes: &TagChanges,
    ) -> Result<(), Failure> {
        let client = scope.iam();
        if !changes.set.is_empty() {
            let tags = Some(iam_tags(&changes.set)?);
            let request = client.tag_role().role_name(&self.name).set_tags(tags);
            patiently(call, scope, || request.clone().send()).await?;
        }
        if !changes.remove.is_empty() {
            let keys = Some(changes.remove.clone());
            let request = client.untag_role().role_name(&self.name).set_tag_keys(keys);
            patiently(call, scope, || request.clone().send()).await?;
        }
        self.tags = changes.applied(&self.tags);
        Ok(())
    }
}

/// Makes a role, or goes on with one that an earlier attempt has made; that one may have other
/// policies and another trust than the new one. `taken` is the failure for one that is not ours.
///
/// # Errors
/// That failure, and where a call fails.
pub async fn make(
    call: &Call,
    scope: &Scope,
    new: NewRole,
    taken: impl FnOnce(Option<&Mark>) -> Failure,
) -> Result<Role, Failure> {
    let request = scope
        .iam()
        .create_role()
        .role_name(&new.name)
        .description(&new.description)
        .assume_role_policy_document(&new.trust)
        .set_permissions_boundary(new.permissions_boundary_arn.clone())
        .set_tags(Some(iam_tags(&new.tags)?));
    let busy = |error: &_| is_code(error, &BUSY);
    let answer = answer_when_ready(call, WITHIN_SERVICE, busy, || request.clone().send()).await?;
    if answer.as_ref().is_err_and(|error| is_code(error, &["EntityAlreadyExists"])) {
        // It may be our own, made by a request of which the answer was lost.
        let look = || scope.iam().get_role().role_name(&new.name).send();
        let there = patiently(call, scope, look).await?.role.map(Role::from);
        let mark = there.as_ref().and_then(|role| mark(&role.tags));
        let ours = mark.as_ref().is_some_and(|mark| call.claim.owns(mark));
        return there.filter(|_| ours).ok_or_else(|| taken(mark.as_ref()));
    }
    let made = answer.at(scope)?.role;
    let NewRole { name, tags, trust, permissions_boundary_arn, .. } = new;
    let arn = made.map(|role| role.arn).unwrap_or_default();
    Ok(Role { name, arn, tags, trust, permissions_boundary_arn })
}

/// The role of this name; none where there is none.
///
/// # Errors
/// Where the call fails.
pub async fn get(scope: &Scope, name: &str) -> Result<Option<Role>, Failure> {
    Ok(look(scope, name).await?.map(Role::from))
}

/// All that GetRole says of the role of this name; none where there is none.
///
/// # Errors
/// Where the call fails.
pub async fn look(scope: &Scope, name: &str) -> Result<Option<aws_sdk_iam::types::Role>, Failure> {
    let answer = scope.iam().get_role().role_name(name).send().await.found(scope, &GONE)?;
    Ok(answer.and_then(|answer| answer.role))
}

/// Deletes a role that has nothing any more but what was just `taken` from it (names and ARNs of
/// policies): that counts for a while, as do the instance profiles that go with what used them.
///
/// # Errors
/// Where the call fails, and where others have given the role something: a policy at once.
pub async fn delete(
    call: &Call,
    scope: &Scope,
    name: &str,
    taken: &BTreeSet<String>,
) -> Result<(), Failure> {
    let request = scope.iam().delete_role().role_name(name);
    let until = Instant::now() + WITHIN_SERVICE;
    call.wait_until(&format!("role {name}"), Pace::QUICK, || async {
        let Err(error) = request.clone().send().await else { return Ok(Look::Done(())) };
        if is_code(&error, &GONE) {
            return Ok(Look::Done(()));
        }
        let patient = Instant::now() < until;
        if is_code(&error, &IN_USE) {
            // These requests are more than belongs on a thread's stack.
            let held = Box::pin(given_by_others(scope, name, taken)).await?;
            if !held.is_empty() || !patient {
                return Err(in_use(scope, name, &held, message(&error)).into());
            }
        } else if !(patient && is_code(&error, &BUSY)) {
            return Err(failure(&error, &scope.place()));
        }
        Ok(Look::Pending("in use".to_owned()))
    })
    .await
}

/// The policies of a role besides those that were just `taken` from it, which IAM may still list.
async fn given_by_others(
    scope: &Scope,
    name: &str,
    taken: &BTreeSet<String>,
) -> Result<Vec<String>, Failure> {
    let iam = scope.iam();
    let inline = iam.list_role_policies().role_name(name).into_paginator().items().send();
    let inline = inline.try_collect().await.found(scope, &GONE)?.unwrap_or_default();
    let attached = iam.list_attached_role_policies().role_name(name).into_paginator().items();
    let attached = attached.send().try_collect().await.found(scope, &GONE)?.unwrap_or_default();
    let attached = attached.into_iter().filter_map(|policy| policy.policy_arn);
    Ok(inline.into_iter().chain(attached).filter(|policy| !taken.contains(policy)).collect())
}

fn in_use(scope: &Scope, name: &str, held: &[String], said: &str) -> Diagnostic {
    let list = match held {
        [] => String::new(),
        held => format!(" It still has {}.", held.join(", ")),
    };
    Diagnostic::error(
        format!("role {name} is still in use"),
        format!(
            "Somebody has given it policies or an instance profile: {} ({}).{list} Take them from \
             it and apply again.",
            said.trim_end_matches('.'),
            scope.place(),
        ),
    )
}

/// Sends a request about a role again while IAM does not see yet what was made a moment ago, or is
/// changing the role already.
///
/// # Errors
/// As the request fails.
pub async fn patiently<T, E, F>(
    call: &Call,
    scope: &Scope,
    send: impl FnMut() -> F,
) -> Result<T, Failure>
where
    E: Error + ProvideErrorMetadata + 'static,
    F: Future<Output = Answer<T, E>>,
{
    let early = |error: &_| is_code(error, &GONE) || is_too_early(error);
    answer_when_ready(call, WITHIN_SERVICE, early, send).await?.at(scope)
}

/// Whether IAM is changing the same thing already, or does not know a principal yet that a trust
/// policy names.
pub fn is_too_early<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    let names_unknown =
        is_code(error, &["MalformedPolicyDocument"]) && message(error).contains("nvalid principal");
    names_unknown || is_code(error, &BUSY)
}

/// Tags as IAM takes them.
///
/// # Errors
/// Where one has no key or value, which the type rules out.
pub fn iam_tags(tags: &Tags) -> Result<Vec<Tag>, Failure> {
    let tags = tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
    tags.collect::<Result<_, _>>().map_err(|error| incomplete(&error))
}

impl From<aws_sdk_iam::types::Role> for Role {
    fn from(role: aws_sdk_iam::types::Role) -> Self {
        let boundary = role.permissions_boundary;
        Self {
            name: role.role_name,
            arn: role.arn,
            tags: role.tags.into_iter().flatten().map(|tag| (tag.key, tag.value)).collect(),
            trust: decoded(role.assume_role_policy_document.as_deref().unwrap_or_default()),
            permissions_boundary_arn: boundary.and_then(|it| it.permissions_boundary_arn),
        }
    }
}

/// A document as IAM writes it: as it would stand in an address.
pub fn decoded(document: &str) -> String {
    percent_encoding::percent_decode_str(document).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests;
