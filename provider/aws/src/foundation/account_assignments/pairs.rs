//! Single assignments of one group or user: reading, making and removing them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use aws_sdk_ssoadmin::types::{PrincipalType, TargetType};
use futures::{StreamExt, TryStreamExt};
use tokio::time::Instant;
use travel_framework::wait::Pace;
use travel_framework::{Diagnostic, Failure};

use crate::consistency::{Call, WITHIN_SERVICE};
use crate::error::{Reply, failure, is_code};
use crate::foundation::identity_center::{ABSENT, CONFLICT, Progress, outcome, send};

/// In how many accounts assignments are changed side by side. In one account the service changes one
/// role at a time.
const SIDE_BY_SIDE: usize = 8;
/// How many failures an error names.
const NAMED: usize = 5;

/// A permission set in an account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pair {
    /// The account.
    pub account: String,
    /// The ARN of the set.
    pub set: String,
}

impl Pair {
    /// As it is written in the state.
    pub fn parse(text: &str) -> Option<Self> {
        let (account, set) = text.split_once(' ')?;
        Some(Self { account: account.to_owned(), set: set.to_owned() })
    }
}

impl fmt::Display for Pair {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.account, self.set)
    }
}

/// Whose assignments they are.
#[derive(Clone, Debug)]
pub struct Principal {
    /// The ARN of the instance.
    pub instance_arn: String,
    /// Whether it is a group or a user.
    pub kind: PrincipalType,
    /// Its id.
    pub id: String,
}

/// Which of the pairs are assigned.
///
/// # Errors
/// Where a call fails.
pub async fn observe(
    call: &Call,
    principal: &Principal,
    asked: &BTreeSet<Pair>,
) -> Result<BTreeSet<Pair>, Failure> {
    match of_principal(call, principal).await? {
        Some(all) => Ok(asked.intersection(&all).cloned().collect()),
        None => {
            let looks: Vec<_> = asked
                .iter()
                .cloned()
                .map(|pair| async move {
                    let is_there = is_assigned(call, principal, &pair).await?;
                    Ok::<_, Failure>(is_there.then_some(pair))
                })
                .collect();
            let looks = futures::stream::iter(looks).buffer_unordered(SIDE_BY_SIDE);
            let found: Vec<_> = looks.try_collect().await?;
            Ok(found.into_iter().flatten().collect())
        }
    }
}

/// All that the principal has.
///
/// # Errors
/// Where the service does not tell them, or the call fails.
pub async fn all(call: &Call, principal: &Principal) -> Result<BTreeSet<Pair>, Failure> {
    of_principal(call, principal).await?.ok_or_else(|| {
        Diagnostic::error(
            "assignments cannot be imported here",
            format!(
                "Identity Center tells what a group or user has in the organization's management \
                 account only, and this is {}. Import with credentials of that account.",
                call.scope.place(),
            ),
        )
        .into()
    })
}

/// All assignments of the principal itself; none where the service does not tell them here: it does so
/// in the organization's management account only.
async fn of_principal(
    call: &Call,
    principal: &Principal,
) -> Result<Option<BTreeSet<Pair>>, Failure> {
    let request = call
        .scope
        .sso_admin()
        .list_account_assignments_for_principal()
        .instance_arn(&principal.instance_arn)
        .principal_id(&principal.id)
        .principal_type(principal.kind.clone())
        .max_results(100);
    let mut pages = request.into_paginator().send();
    let mut found = BTreeSet::new();
    while let Some(page) = pages.next().await {
        let page = match page {
            Err(error) if is_code(&error, &["AccessDeniedException"]) => return Ok(None),
            page => page.found(&call.scope, &[ABSENT])?,
        };
        let Some(page) = page else { break };
        for it in page.account_assignments.unwrap_or_default() {
            // A user has those of their groups, too.
            let (Some(account), Some(set)) = (it.account_id, it.permission_set_arn) else {
                continue;
            };
            if it.principal_id.as_deref() == Some(&principal.id) {
                found.insert(Pair { account, set });
            }
        }
    }
    Ok(Some(found))
}

async fn is_assigned(call: &Call, principal: &Principal, pair: &Pair) -> Result<bool, Failure> {
    let request = call
        .scope
        .sso_admin()
        .list_account_assignments()
        .instance_arn(&principal.instance_arn)
        .account_id(&pair.account)
        .permission_set_arn(&pair.set)
        .max_results(100);
    let mut pages = request.into_paginator().send();
    while let Some(page) = pages.next().await {
        let Some(page) = page.found(&call.scope, &[ABSENT])? else { break };
        let mut assignments = page.account_assignments.unwrap_or_default().into_iter();
        if assignments.any(|it| it.principal_id.as_deref() == Some(&principal.id)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Makes of those that are `there` those that are wanted; `there` follows what was done. One that
/// cannot be changed does not keep the others from it.
///
/// # Errors
/// Where one could not be changed; [`Failure::Interrupted`] when asked to stop.
pub async fn change(
    call: &Call,
    principal: &Principal,
    there: &mut BTreeSet<Pair>,
    wanted: &BTreeSet<Pair>,
) -> Result<(), Failure> {
    let mut by_account: BTreeMap<String, Vec<(Pair, bool)>> = BTreeMap::new();
    let new = wanted.difference(there).map(|pair| (pair, true));
    let gone = there.difference(wanted).map(|pair| (pair, false));
    for (pair, is_new) in new.chain(gone) {
        by_account.entry(pair.account.clone()).or_default().push((pair.clone(), is_new));
    }
    let works: Vec<_> =
        by_account.into_values().map(|pairs| change_in_one(call, principal, pairs)).collect();
    let mut works = futures::stream::iter(works).buffer_unordered(SIDE_BY_SIDE);
    let mut failures = Vec::new();
    while let Some(ended) = works.next().await {
        for Change { pair, is_new, result } in ended {
            match (result, is_new) {
                (Ok(Made::Whole), true) => drop(there.insert(pair)),
                (Ok(_), false) => drop(there.remove(&pair)),
                // It may come yet, and is to be found then: a read leaves it out if it does not.
                (Ok(Made::Asked(failure)), true) => {
                    there.insert(pair);
                    failures.push(failure);
                }
                (Err(failure), _) => failures.push(failure),
            }
        }
    }
    together(failures)
}

/// A change of one assignment, and what became of it.
struct Change {
    pair: Pair,
    is_new: bool,
    result: Result<Made, Failure>,
}

/// How far a change has come.
enum Made {
    /// It is carried out.
    Whole,
    /// The service was asked for it, and the wait for it has failed.
    Asked(Failure),
}

/// Makes and removes the assignments of one account, one after the other.
async fn change_in_one(
    call: &Call,
    principal: &Principal,
    pairs: Vec<(Pair, bool)>,
) -> Vec<Change> {
    let mut ended = Vec::new();
    for (pair, is_new) in pairs {
        let result = match (call.proceed(), is_new) {
            (Err(stopped), _) => Err(stopped),
            (Ok(()), true) => assign(call, principal, &pair).await,
            (Ok(()), false) => unassign(call, principal, &pair).await.map(|()| Made::Whole),
        };
        ended.push(Change { pair, is_new, result });
    }
    ended
}

/// One failure of many.
fn together(mut failures: Vec<Failure>) -> Result<(), Failure> {
    if failures.iter().any(|failure| matches!(failure, Failure::Interrupted)) {
        return Err(Failure::Interrupted);
    }
    let count = failures.len();
    if count <= 1 {
        return failures.pop().map_or(Ok(()), Err);
    }
    let named: Vec<String> = failures
        .into_iter()
        .take(NAMED)
        .map(|failure| {
            let error = failure.into_diagnostic();
            format!("{}: {}", error.summary, error.detail)
        })
        .collect();
    let more = if count > NAMED { " Among them:" } else { "" };
    Err(Diagnostic::error(
        format!("{count} assignments could not be changed"),
        format!("The others are.{more} {}", named.join(" ")),
    )
    .into())
}

/// Makes an assignment, and waits for it. The service makes one that is there already no second time.
async fn assign(call: &Call, principal: &Principal, pair: &Pair) -> Result<Made, Failure> {
    let client = call.scope.sso_admin();
    let request = client
        .create_account_assignment()
        .instance_arn(&principal.instance_arn)
        .target_id(&pair.account)
        .target_type(TargetType::AwsAccount)
        .permission_set_arn(&pair.set)
        .principal_type(principal.kind.clone())
        .principal_id(&principal.id);
    let until = (Instant::now() + WITHIN_SERVICE / 4).min(call.deadline);
    let mut attempt = 0;
    loop {
        let asked = send(call, || request.clone().send()).await?.account_assignment_creation_status;
        let id = asked.and_then(|it| it.request_id).unwrap_or_default();
        let describe = client
            .describe_account_assignment_creation_status()
            .instance_arn(&principal.instance_arn)
            .account_assignment_creation_request_id(id);
        let look = || {
            let answer = describe.clone().send();
            async {
                let status = answer.await.at(&call.scope)?.account_assignment_creation_status;
                let status = status.map(|it| (it.status, it.failure_reason)).unwrap_or_default();
                Ok(Progress { status: status.0, reason: status.1 })
            }
        };
        let what = format!("the assignment in account {}", pair.account);
        let reason = match outcome(call, &what, look).await {
            Ok(Ok(())) => return Ok(Made::Whole),
            Ok(Err(reason)) => reason,
            Err(failure) => return Ok(Made::Asked(failure)),
        };
        // A group or set that was made a moment ago may not be seen yet.
        let may_be_early = reason.contains("404") || reason.to_lowercase().contains("not found");
        if !may_be_early || Instant::now() >= until {
            return Err(refused(call, "made", pair, &reason).into());
        }
        call.pause(Pace::QUICK.pause(attempt)).await?;
        attempt += 1;
    }
}

/// Removes an assignment, and waits until it is gone. One that is gone already is no failure.
async fn unassign(call: &Call, principal: &Principal, pair: &Pair) -> Result<(), Failure> {
    let client = call.scope.sso_admin();
    let request = client
        .delete_account_assignment()
        .instance_arn(&principal.instance_arn)
        .target_id(&pair.account)
        .target_type(TargetType::AwsAccount)
        .permission_set_arn(&pair.set)
        .principal_type(principal.kind.clone())
        .principal_id(&principal.id);
    let is_busy = |error: &_| is_code(error, &[CONFLICT]);
    let patience = crate::foundation::identity_center::BUSY;
    let answer =
        crate::consistency::answer_when_ready(call, patience, is_busy, || request.clone().send());
    let asked = match answer.await? {
        Ok(asked) => asked.account_assignment_deletion_status,
        Err(error) if is_code(&error, &[ABSENT]) => return Ok(()),
        Err(error) => return Err(failure(&error, &call.scope.place())),
    };
    let id = asked.and_then(|it| it.request_id).unwrap_or_default();
    let describe = client
        .describe_account_assignment_deletion_status()
        .instance_arn(&principal.instance_arn)
        .account_assignment_deletion_request_id(id);
    let look = || {
        let answer = describe.clone().send();
        async {
            let status = answer.await.at(&call.scope)?.account_assignment_deletion_status;
            let status = status.map(|it| (it.status, it.failure_reason)).unwrap_or_default();
            Ok(Progress { status: status.0, reason: status.1 })
        }
    };
    let what = format!("the end of the assignment in account {}", pair.account);
    let Err(reason) = outcome(call, &what, look).await? else { return Ok(()) };
    match is_assigned(call, principal, pair).await? {
        false => Ok(()),
        true => Err(refused(call, "removed", pair, &reason).into()),
    }
}

fn refused(call: &Call, what: &str, pair: &Pair, reason: &str) -> Diagnostic {
    Diagnostic::error(
        format!("an assignment in account {} was not {what}", pair.account),
        format!("The service says of {}: {reason} ({}).", pair.set, call.scope.place()),
    )
}
