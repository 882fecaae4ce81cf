//! What a plan can say of a policy: that its content is one of its type, that it is short enough, and
//! that it does not shut out those who manage it.
//!
//! Source: AWS Organizations User Guide, SCP syntax, RCP syntax, "Quotas and service limits".

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};
use travel_framework::platform::Platform as _;
use travel_framework::{Diagnostic, Diagnostics, Failure, Plan};
use travel_value::{Number, Value};

use super::content::{members, minified};
use super::kind::{Kind, RESOURCE_CONTROL, SERVICE_CONTROL};
use super::lockout::{Need, denies};
use crate::error::Reply;
use crate::partition::{Partition, is_account_id};
use crate::policy::denial::statements;
use crate::session::CONVENTIONAL_ROLE;
use crate::settings::{Setting, Settings};
use crate::{Aws, Scope};

/// The policies that AWS attaches by itself.
const OF_AWS: [&str; 2] = ["FullAWSAccess", "RCPFullAWSAccess"];
/// What it takes to undo a policy that is managed from a member account.
const UNDOING: [&str; 2] = ["organizations:DetachPolicy", "organizations:UpdatePolicy"];
/// A target that an apply will make.
const NOT_KNOWN: &str = "what is not known yet";
/// An account of which nothing is known.
const SOME_ACCOUNT: &str = "000000000000";

/// The rule of a name.
pub fn is_name(value: &Value) -> Result<(), String> {
    match value.as_str() {
        Some(name) if OF_AWS.contains(&name) => {
            Err("a name other than those of the policies of AWS, which stay as they are".to_owned())
        }
        _ => Ok(()),
    }
}

/// Whether an id is that of a policy of AWS.
pub fn is_of_aws(id: &str) -> bool {
    OF_AWS.iter().any(|name| id.strip_prefix("p-") == Some(name))
}

/// Refuses content of another type's form, and content that is longer than it is said to be allowed.
pub fn validate(plan: &mut Plan<'_>) {
    let kind = plan.config.get("type").as_str().and_then(Kind::of);
    let text = plan.config.get("content").as_str();
    let (Some(kind), Some(text)) = (kind, text) else { return };
    let size = minified(text).chars().count();
    let own_limit = plan.config.get("maximum_size").as_number().and_then(Number::as_i64);
    if let Some(most) = own_limit.filter(|most| i64::try_from(size).unwrap_or(i64::MAX) > *most) {
        let (summary, detail) = too_long(kind, size, &format!("{most}, as maximum_size says"));
        plan.refuse("content", summary, detail);
        return;
    }
    let Some(content) = members(text) else { return };
    if !content.contains_key(kind.member) {
        plan.refuse(
            "content",
            format!("this is no {}", kind.words),
            format!("A policy of the type {} has the member {:?}.", kind.name, kind.member),
        );
        return;
    }
    let mistake = match kind.name {
        SERVICE_CONTROL => statements(&content).into_iter().find_map(of_service_control),
        RESOURCE_CONTROL => statements(&content).into_iter().find_map(of_resource_control),
        _ => None,
    };
    if let Some(mistake) = mistake {
        plan.refuse("content", format!("this {} would be refused", kind.words), mistake);
    }
}

fn of_service_control(statement: &Map<String, Json>) -> Option<&'static str> {
    let names_somebody = ["Principal", "NotPrincipal"].iter().any(|it| statement.contains_key(*it));
    names_somebody.then_some(
        "Its statements hold for everybody in the accounts, and name no Principal. To except a \
         role, use a condition on aws:PrincipalArn.",
    )
}

fn of_resource_control(statement: &Map<String, Json>) -> Option<&'static str> {
    let everybody = [Json::from("*"), serde_json::json!({"AWS": "*"})];
    if statement.get("Effect").and_then(Json::as_str) != Some("Deny") {
        return Some("Its statements can only deny: RCPFullAWSAccess allows already.");
    }
    if !statement.get("Principal").is_some_and(|it| everybody.contains(it)) {
        return Some(
            "Each of its statements has \"Principal\": \"*\". To except somebody, use a condition \
             on aws:PrincipalArn.",
        );
    }
    let is_not_taken = ["NotPrincipal", "NotAction"].iter().any(|it| statement.contains_key(*it));
    is_not_taken.then_some("Its statements can have neither NotPrincipal nor NotAction.")
}

/// Refuses, unless that is allowed, what would shut the roles out that accounts are managed by.
pub fn plan(settings: &Settings, plan: &mut Plan<'_>) {
    if plan.is_replacement() {
        plan.set("id", Value::unknown());
        plan.set("arn", Value::unknown());
    }
    let (Some(kind), Some(content)) =
        (plan.known::<String>("type"), plan.known::<String>("content"))
    else {
        return;
    };
    // What is there already has shut out whom it shuts out.
    let decides = ["allow_lockout", "content", "targets"];
    let is_new = plan.is_replacement() || decides.iter().any(|name| plan.changes(name));
    if !is_new || plan.known::<bool>("allow_lockout") == Some(true) {
        return;
    }
    let targets = in_words(plan.planned.get("targets"));
    let shut_out = targets.iter().find(|target| shuts_out_of(&kind, &content, target, settings));
    if let Some(target) = shut_out {
        let (what, remedy) = match kind.as_str() {
            RESOURCE_CONTROL => (
                "nobody could assume a role there any more, not even from the management account",
                "Except the principals that manage the accounts by a condition",
            ),
            _ => (
                "the role that manages the accounts could do nothing there any more",
                "Except it by a condition on aws:PrincipalArn",
            ),
        };
        plan.refuse(
            "content",
            format!("this policy would lock its own management out of {target}"),
            format!("Attached to {target}, {what}. {remedy}, or set allow_lockout = true if that is meant."),
        );
    }
}

/// What a plan knows of the targets.
fn in_words(targets: &Value) -> Vec<String> {
    let name = |target: &Value| target.as_str().unwrap_or(NOT_KNOWN).to_owned();
    match targets.elements() {
        Some(targets) => targets.iter().map(name).collect(),
        None => vec![name(targets)],
    }
}

/// Whether a policy shuts the role out of a target that manages the accounts there.
fn shuts_out_of(kind: &str, content: &str, target: &str, settings: &Settings) -> bool {
    match kind {
        SERVICE_CONTROL => denies(content, Need::Anything, &managers(target, settings)),
        // Who calls comes from elsewhere: any condition may be an exception.
        RESOURCE_CONTROL => {
            let account = if is_account_id(target) { target } else { SOME_ACCOUNT };
            let role = role_of(account, CONVENTIONAL_ROLE);
            denies(content, Need::Action("sts:AssumeRole", &role), &[])
        }
        _ => false,
    }
}

/// The roles by which the provider may work in the accounts of a target.
fn managers(target: &str, settings: &Settings) -> Vec<String> {
    if is_account_id(target) {
        let own = settings.role_in(target).map(|role| role.role_arn.clone());
        return vec![own.unwrap_or_else(|| role_of(target, CONVENTIONAL_ROLE))];
    }
    let named = settings.accounts.known().into_iter().flatten();
    let named = named.filter_map(|(_, role)| Setting::known(role));
    let named = named.map(|role| role.role_arn.clone());
    named.chain([role_of(SOME_ACCOUNT, CONVENTIONAL_ROLE)]).collect()
}

fn role_of(account: &str, name: &str) -> String {
    Partition::Aws.iam_arn(account, &format!("role/{name}"))
}

/// What only the cloud can tell: how long the policy can be, and whether whoever calls now could undo
/// it.
pub async fn foresee(platform: &Aws, planned: &Value) -> Diagnostics {
    let mut found = Diagnostics::new();
    let text = |name: &str| planned.get(name).as_str();
    let kind = text("type").and_then(Kind::of);
    let (Some(kind), Some(content)) = (kind, text("content")) else { return found };
    let size = minified(content).chars().count();
    let own_limit = planned.get("maximum_size").as_number().is_some();
    if size > kind.longest && !own_limit {
        let asked = match platform.scope(planned).await {
            Ok(scope) => quota(&scope, kind).await,
            Err(error) => Err(error.into()),
        };
        found.extend(longer_than_quota(kind, size, asked));
    }
    let may_lock_out = planned.get("allow_lockout").as_bool() == Some(true);
    if kind.name == SERVICE_CONTROL && !may_lock_out && concerns_caller(content) {
        let targets = planned.get("targets").elements().unwrap_or_default();
        let targets = targets.iter().filter_map(|it| it.as_str().map(str::to_owned)).collect();
        match caller_is_shut_out(platform, planned, content, &targets).await {
            Ok(error) => found.extend(error),
            Err(failure) => {
                let said = failure.into_diagnostic();
                found.push(
                    Diagnostic::warning(
                        "it cannot be told whether this policy locks its own management out",
                        format!("{}: {}", said.summary, said.detail),
                    )
                    .at_attribute("content"),
                );
            }
        }
    }
    found
}

/// How long a policy of a type can be in this organization; none where Service Quotas does not say.
async fn quota(scope: &Scope, kind: &Kind) -> Result<Option<usize>, Failure> {
    // The quotas of a global service are in one region.
    let scope = scope.in_region(scope.partition().global_region());
    let request = scope.quotas().list_service_quotas().service_code("organizations");
    let mut pages = request.into_paginator().items().send();
    while let Some(quota) = pages.next().await {
        let quota = quota.at(&scope)?;
        if quota.quota_name().is_some_and(|name| kind.is_size(name)) {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a number of characters"
            )]
            return Ok(quota.value().map(|value| value as usize));
        }
    }
    Ok(None)
}

fn longer_than_quota(
    kind: &Kind,
    size: usize,
    asked: Result<Option<usize>, Failure>,
) -> Option<Diagnostic> {
    let (most, source) = match asked {
        Ok(Some(most)) => (most.max(kind.longest), "as Service Quotas says".to_owned()),
        Ok(None) => (
            kind.longest,
            "as the guide of AWS Organizations says; Service Quotas does not tell".to_owned(),
        ),
        Err(failure) => (
            kind.longest,
            format!(
                "as the guide of AWS Organizations says; Service Quotas could not be asked ({})",
                failure.into_diagnostic().summary,
            ),
        ),
    };
    let may = "If the organization may have longer ones, set maximum_size";
    let (summary, detail) = too_long(kind, size, &format!("{most}, {source}. {may}"));
    (size > most).then(|| Diagnostic::error(summary, detail).at_attribute("content"))
}

/// What is said of a policy that is too long, and why.
fn too_long(kind: &Kind, size: usize, most: &str) -> (String, String) {
    let detail = format!(
        "It has {size} characters, white space not counted. Say it shorter, or in two policies. It \
         can have {most}."
    );
    (format!("the {} is too long", kind.words), detail)
}

/// Whether a policy denies anything that whoever manages policies may need.
fn concerns_caller(content: &str) -> bool {
    let role = role_of(SOME_ACCOUNT, CONVENTIONAL_ROLE);
    let undoing = UNDOING.iter().any(|action| denies(content, Need::Action(action, "*"), &[]));
    // With a condition on the principal, only the caller's own ARN tells.
    let has_conditions = content.contains("Condition");
    undoing || has_conditions || denies(content, Need::Action("sts:AssumeRole", &role), &[])
}

/// The error for a policy that would keep whoever calls now from undoing it.
async fn caller_is_shut_out(
    platform: &Aws,
    planned: &Value,
    content: &str,
    targets: &BTreeSet<String>,
) -> Result<Option<Diagnostic>, Failure> {
    let scope = platform.scope(planned).await?;
    let caller = platform.session().caller().await?;
    let client = scope.organizations();
    let described = client.describe_organization().send().await.at(&scope)?.organization;
    let management = described.and_then(|it| it.master_account_id).unwrap_or_default();
    // No such policy holds for the management account.
    if caller.account_id == management {
        return Ok(None);
    }
    let roles: Vec<String> = platform.session().principal().await?.into_iter().collect();
    let denied = match scope.account_id() == management {
        true => {
            let target = role_of(&management, CONVENTIONAL_ROLE);
            let need = Need::Action("sts:AssumeRole", &target);
            denies(content, need, &roles).then_some("sts:AssumeRole")
        }
        false => {
            UNDOING.into_iter().find(|action| denies(content, Need::Action(action, "*"), &roles))
        }
    };
    let Some(action) = denied else { return Ok(None) };
    let role = roles.first().map_or("whoever", String::as_str);
    let Some(target) = covering(&scope, &caller.account_id, targets).await? else {
        return Ok(None);
    };
    Ok(Some(
        Diagnostic::error(
            "this policy would lock its own management out",
            format!(
                "Attached to {target}, it denies {action} to {role}, which manages it. Except that \
                 role by a condition on aws:PrincipalArn, or set allow_lockout = true if that is \
                 meant: the management account can still detach it."
            ),
        )
        .at_attribute("content"),
    ))
}

/// The target, among these, that an account is or stands in.
async fn covering(
    scope: &Scope,
    account: &str,
    targets: &BTreeSet<String>,
) -> Result<Option<String>, Failure> {
    let mut child = account.to_owned();
    loop {
        if targets.contains(&child) {
            return Ok(Some(child));
        }
        if child.starts_with("r-") {
            return Ok(None);
        }
        let parents =
            scope.organizations().list_parents().child_id(&child).send().await.at(scope)?;
        match parents.parents().first().and_then(|parent| parent.id()) {
            Some(parent) => child = parent.to_owned(),
            None => return Ok(None),
        }
    }
}

#[cfg(test)]
mod tests;
