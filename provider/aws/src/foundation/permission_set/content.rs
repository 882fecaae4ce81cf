//! What a permission set says: reading it, and making it what it is to be, a call for each
//! difference.

use std::collections::BTreeSet;
use std::error::Error;

use aws_sdk_ssoadmin::types::{CustomerManagedPolicyReference, PermissionsBoundary};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use tokio::time::Instant;
use travel_framework::Failure;
use travel_framework::wait::Pace;

use super::planning::{duration, minified, minutes};
use super::{Boundary, CustomerManagedPolicy};
use crate::consistency::Call;
use crate::error::{Answer, Reply, failure, incomplete, is_code};
use crate::foundation::identity_center::{ABSENT, BUSY, CONFLICT};
use crate::policy;

/// What the accounts get of a set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    /// What the set is for.
    pub description: Option<String>,
    /// How long somebody stays signed in.
    pub session_minutes: u32,
    /// Where somebody gets to by signing in.
    pub relay_state: Option<String>,
    /// The ARNs of AWS' policies.
    pub managed: BTreeSet<String>,
    /// The accounts' own policies.
    pub customer_managed: BTreeSet<CustomerManagedPolicy>,
    /// The set's own policy.
    pub inline: Option<String>,
    /// What bounds it.
    pub boundary: Option<Boundary>,
}

/// One call that takes a set nearer to what it is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Detach(String),
    DetachCustomerManaged(CustomerManagedPolicy),
    Attach(String),
    AttachCustomerManaged(CustomerManagedPolicy),
    Inline(Option<String>),
    Bound(Option<Boundary>),
    Face,
}

/// Whether two say the same.
pub fn same(one: &Content, other: &Content) -> bool {
    steps(one, other).is_empty()
}

/// What leads from one to the other. What is taken away goes first, so that there is room; the
/// boundary is set before anything that it bounds, and taken away last.
pub(super) fn steps(there: &Content, wanted: &Content) -> Vec<Step> {
    let mut steps = Vec::new();
    let bound = (there.boundary != wanted.boundary).then(|| Step::Bound(wanted.boundary.clone()));
    let (before, after) = match wanted.boundary {
        Some(_) => (bound, None),
        None => (None, bound),
    };
    steps.extend(before);
    steps.extend(there.managed.difference(&wanted.managed).cloned().map(Step::Detach));
    let gone = there.customer_managed.difference(&wanted.customer_managed);
    steps.extend(gone.cloned().map(Step::DetachCustomerManaged));
    let is_face =
        |it: &Content| (it.description.clone(), it.session_minutes, it.relay_state.clone());
    if is_face(there) != is_face(wanted) {
        steps.push(Step::Face);
    }
    let is_same_policy = match (&there.inline, &wanted.inline) {
        (Some(one), Some(other)) => policy::same(one, other),
        (one, other) => one == other,
    };
    if !is_same_policy {
        steps.push(Step::Inline(wanted.inline.clone()));
    }
    steps.extend(wanted.managed.difference(&there.managed).cloned().map(Step::Attach));
    let new = wanted.customer_managed.difference(&there.customer_managed);
    steps.extend(new.cloned().map(Step::AttachCustomerManaged));
    steps.extend(after);
    steps
}

impl Content {
    /// Notes that a step was taken.
    fn take(&mut self, step: &Step, wanted: &Self) {
        match step {
            Step::Detach(arn) => drop(self.managed.remove(arn)),
            Step::DetachCustomerManaged(it) => drop(self.customer_managed.remove(it)),
            Step::Attach(arn) => drop(self.managed.insert(arn.clone())),
            Step::AttachCustomerManaged(it) => drop(self.customer_managed.insert(it.clone())),
            Step::Inline(inline) => self.inline.clone_from(inline),
            Step::Bound(boundary) => self.boundary.clone_from(boundary),
            Step::Face => {
                self.description.clone_from(&wanted.description);
                self.session_minutes = wanted.session_minutes;
                self.relay_state.clone_from(&wanted.relay_state);
            }
        }
    }
}

/// A set's name and content; none where it is gone.
///
/// # Errors
/// Where a call fails.
pub async fn observe(
    call: &Call,
    instance: &str,
    arn: &str,
) -> Result<Option<(String, Content)>, Failure> {
    let client = call.scope.sso_admin();
    let described = client.describe_permission_set().instance_arn(instance).permission_set_arn(arn);
    let managed = client
        .list_managed_policies_in_permission_set()
        .instance_arn(instance)
        .permission_set_arn(arn)
        .into_paginator()
        .items()
        .send()
        .try_collect();
    let customer_managed = client
        .list_customer_managed_policy_references_in_permission_set()
        .instance_arn(instance)
        .permission_set_arn(arn)
        .into_paginator()
        .items()
        .send()
        .try_collect();
    let inline = client
        .get_inline_policy_for_permission_set()
        .instance_arn(instance)
        .permission_set_arn(arn);
    let boundary = client
        .get_permissions_boundary_for_permission_set()
        .instance_arn(instance)
        .permission_set_arn(arn);
    let (described, managed, customer_managed, inline, boundary) = futures::join!(
        described.send(),
        managed,
        customer_managed,
        inline.send(),
        boundary.send(),
    );
    let (scope, gone) = (&call.scope, [ABSENT]);
    let Some(set) = described.found(scope, &gone)?.and_then(|it| it.permission_set) else {
        return Ok(None);
    };
    // What goes while it is looked at has nothing any more.
    let managed = managed.found(scope, &gone)?.unwrap_or_default();
    let customer_managed = customer_managed.found(scope, &gone)?.unwrap_or_default();
    let inline = inline.found(scope, &gone)?.and_then(|it| it.inline_policy);
    let boundary = boundary.found(scope, &gone)?.and_then(|it| it.permissions_boundary);
    let content = Content {
        description: set.description,
        session_minutes: set.session_duration.as_deref().map(minutes).unwrap_or_default(),
        relay_state: set.relay_state.filter(|it| !it.is_empty()),
        managed: managed.into_iter().filter_map(|it| it.arn).collect(),
        customer_managed: customer_managed.into_iter().map(from_service).collect(),
        inline: inline.filter(|it| !it.is_empty()),
        boundary: boundary.map(|it| Boundary {
            managed_policy: it.managed_policy_arn,
            customer_managed_policy: it.customer_managed_policy_reference.map(from_service),
        }),
    };
    Ok(Some((set.name.unwrap_or_default(), content)))
}

/// Makes of what is `there` what is wanted; `there` follows what was done. Where the service is busy
/// with another change, or refuses a step as taken already (its first answer was lost), it is looked
/// at anew, and gone on from there.
///
/// # Errors
/// Where a call fails; [`Failure::Interrupted`] when asked to stop.
pub async fn mend(
    call: &Call,
    instance: &str,
    arn: &str,
    there: &mut Content,
    wanted: &Content,
) -> Result<(), Failure> {
    let until = (Instant::now() + BUSY).min(call.deadline);
    let mut attempt = 0;
    'again: loop {
        for step in steps(there, wanted) {
            call.proceed()?;
            let Some(refused) = take(call, instance, arn, &step, wanted).await? else {
                there.take(&step, wanted);
                continue;
            };
            if Instant::now() >= until {
                return Err(refused);
            }
            call.pause(Pace::QUICK.pause(attempt)).await?;
            attempt += 1;
            match observe(call, instance, arn).await? {
                Some((_, seen)) => *there = seen,
                None => return Err(refused),
            }
            // A policy that is not there may never be.
            if steps(there, wanted).contains(&step) && attempt > 3 && is_absence(&refused) {
                return Err(refused);
            }
            continue 'again;
        }
        return Ok(());
    }
}

fn is_absence(failure: &Failure) -> bool {
    matches!(failure, Failure::Failed(error) if error.detail.contains(ABSENT))
}

/// Takes a step; gives the failure back where it may be no failure.
async fn take(
    call: &Call,
    instance: &str,
    arn: &str,
    step: &Step,
    wanted: &Content,
) -> Result<Option<Failure>, Failure> {
    let client = call.scope.sso_admin();
    macro_rules! send {
        ($operation:ident $(, $set:ident: $value:expr)*) => {
            refused(
                call,
                client
                    .$operation()
                    .instance_arn(instance)
                    .permission_set_arn(arn)
                    $(.$set($value))*
                    .send()
                    .await,
            )
        };
    }
    match step {
        Step::Attach(policy) => {
            send!(attach_managed_policy_to_permission_set, managed_policy_arn: policy)
        }
        Step::Detach(policy) => {
            send!(detach_managed_policy_from_permission_set, managed_policy_arn: policy)
        }
        Step::AttachCustomerManaged(policy) => send!(
            attach_customer_managed_policy_reference_to_permission_set,
            customer_managed_policy_reference: to_service(policy)?
        ),
        Step::DetachCustomerManaged(policy) => send!(
            detach_customer_managed_policy_reference_from_permission_set,
            customer_managed_policy_reference: to_service(policy)?
        ),
        Step::Inline(Some(policy)) => {
            send!(put_inline_policy_to_permission_set, inline_policy: minified(policy))
        }
        Step::Inline(None) => send!(delete_inline_policy_from_permission_set),
        Step::Bound(Some(boundary)) => {
            let customer_managed = boundary.customer_managed_policy.as_ref();
            let boundary = PermissionsBoundary::builder()
                .set_managed_policy_arn(boundary.managed_policy.clone())
                .set_customer_managed_policy_reference(
                    customer_managed.map(to_service).transpose()?,
                )
                .build();
            send!(put_permissions_boundary_to_permission_set, permissions_boundary: boundary)
        }
        Step::Bound(None) => send!(delete_permissions_boundary_from_permission_set),
        // What is left out is taken away, or as it is by default.
        Step::Face => send!(
            update_permission_set,
            set_description: wanted.description.clone(),
            session_duration: duration(wanted.session_minutes),
            set_relay_state: wanted.relay_state.clone()
        ),
    }
}

fn refused<T, E>(call: &Call, answer: Answer<T, E>) -> Result<Option<Failure>, Failure>
where
    E: Error + ProvideErrorMetadata + 'static,
{
    match answer {
        Ok(_) => Ok(None),
        Err(error) if is_code(&error, &[CONFLICT, ABSENT]) => {
            Ok(Some(failure(&error, &call.scope.place())))
        }
        Err(error) => Err(failure(&error, &call.scope.place())),
    }
}

fn from_service(policy: CustomerManagedPolicyReference) -> CustomerManagedPolicy {
    let path = policy.path.unwrap_or_else(|| "/".to_owned());
    CustomerManagedPolicy { name: policy.name, path }
}

fn to_service(policy: &CustomerManagedPolicy) -> Result<CustomerManagedPolicyReference, Failure> {
    let built = CustomerManagedPolicyReference::builder().name(&policy.name).path(&policy.path);
    built.build().map_err(|error| incomplete(&error))
}
