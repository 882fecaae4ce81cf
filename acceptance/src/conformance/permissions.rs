//! Permissions: what a plan and an apply of a resource may call is what its page lists. The list is
//! written from what the provider calls while it goes through the resource's case, and from what AWS
//! demands beside that.

pub(super) mod actions;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};

use super::{Check, Extent, Trial, Walk};
use crate::case::{Case, Step};
use crate::core::{LoggedCall, LoggedChange};
use crate::sandbox::faults::{Action, Filter, Rule, reads};
use crate::sandbox::repository;
use crate::sandbox::trouble::Trouble;
use crate::stage;

use actions::{actions as names, demanded, operations, reads_only, services};

/// The variable by which the provider logs its calls, and how much of the log that takes.
pub(super) const LOG_CALLS: (&str, &str) = ("TF_LOG_PROVIDER", "DEBUG");

/// What each resource needs, by its type: the file that the pages are written from.
pub type Permissions = BTreeMap<String, Needs>;

/// What a resource needs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Needs {
    /// For every plan, a refresh and an import included.
    pub plan: Allowed,
    /// For an apply, a destroy included, beside what a plan needs.
    pub apply: Allowed,
    /// The actions that change something and that every create calls, whatever its attributes.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub create: BTreeSet<String>,
    /// Likewise of every delete.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub delete: BTreeSet<String>,
}

/// What somebody may do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allowed {
    /// IAM's actions.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub aws: BTreeSet<String>,
    /// Verbs by resource, as in `deployments.apps`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub kubernetes: BTreeMap<String, BTreeSet<String>>,
}

impl Allowed {
    fn add(&mut self, other: Self) {
        self.aws.extend(other.aws);
        for (resource, verbs) in other.kubernetes {
            self.kubernetes.entry(resource).or_default().extend(verbs);
        }
    }

    /// What is in this and not in another.
    fn beside(&self, other: &Self) -> Self {
        let aws = self.aws.difference(&other.aws).cloned().collect();
        let none = BTreeSet::new();
        let left = self.kubernetes.iter().map(|(resource, verbs)| {
            let known = other.kubernetes.get(resource).unwrap_or(&none);
            (resource.clone(), verbs.difference(known).cloned().collect::<BTreeSet<String>>())
        });
        Self { aws, kubernetes: left.filter(|(_, verbs)| !verbs.is_empty()).collect() }
    }

    fn words(&self) -> Vec<String> {
        let in_clusters = self.kubernetes.iter().flat_map(|(resource, verbs)| {
            verbs.iter().map(move |verb| format!("{verb} {resource}"))
        });
        self.aws.iter().cloned().chain(in_clusters).collect()
    }

    /// The calls that these allow, as `service:operation` of the record.
    fn calls(&self) -> Vec<String> {
        let in_clusters = self.kubernetes.iter().flat_map(|(resource, verbs)| {
            verbs.iter().map(move |verb| format!("kubernetes:{verb} {resource}"))
        });
        let of_aws = self.aws.iter().flat_map(|action| operations(action)).flat_map(|action| {
            let (prefix, operation) = action.split_once(':').unwrap_or((action, "*"));
            services(prefix).into_iter().map(move |service| format!("{service}:{operation}"))
        });
        of_aws.chain(in_clusters).collect()
    }
}

impl Needs {
    /// The operations of AWS that these are for, as `service:Operation`.
    pub fn operations(&self) -> BTreeSet<String> {
        let actions = self.plan.aws.iter().chain(&self.apply.aws);
        actions.flat_map(|action| operations(action)).map(str::to_owned).collect()
    }

    /// What the calls for a resource's type need.
    ///
    /// # Errors
    /// Where nobody has said what AWS demands beside one.
    fn of(type_name: &str, calls: &BTreeSet<LoggedCall>) -> Result<Self> {
        let (mut plan, mut apply) = (Allowed::default(), Allowed::default());
        for call in calls.iter().filter(|call| call.type_name == type_name) {
            let is_apply = call.request == "ApplyResourceChange";
            let needed = needed(call, is_apply)?;
            if is_apply { apply.add(needed) } else { plan.add(needed) }
        }
        Ok(Self { apply: apply.beside(&plan), plan, ..Self::default() })
    }

    /// The same with what every change of a kind calls.
    fn with_changes(self, type_name: &str, changes: &[LoggedChange]) -> Self {
        let in_all = |change: &str| in_all(type_name, change, changes);
        Self { create: in_all("create"), delete: in_all("delete"), ..self }
    }
}

/// The actions that change something and that all changes of a kind call.
fn in_all(type_name: &str, change: &str, changes: &[LoggedChange]) -> BTreeSet<String> {
    let changes = changes.iter().filter(|it| it.type_name == type_name && it.change == change);
    let calls = changes.map(|it| it.calls.clone()).reduce(|one, other| &one & &other);
    let calls = calls.unwrap_or_default();
    let actions = calls.iter().filter(|call| !is_aside(call)).flat_map(|call| names(call));
    let changing = actions.filter(|action| !is_reading(action));
    changing.map(str::to_owned).collect()
}

/// Whether a call takes no permission of AWS.
fn is_aside(call: &str) -> bool {
    let service = call.split(':').next().unwrap_or_default();
    matches!(service, "sts" | "http" | "charts" | "kubernetes")
}

/// Whether an action changes nothing.
fn is_reading(action: &str) -> bool {
    let (_, operation) = action.split_once(':').unwrap_or(("", action));
    reads(operation) || reads_only(action)
}

/// What a call needs.
fn needed(call: &LoggedCall, is_apply: bool) -> Result<Allowed> {
    let LoggedCall { service, operation, .. } = call;
    match service.as_str() {
        // Whose credentials they are, everybody may ask; and roles to assume are not a resource's
        // own. What is read of an HTTP address takes no permission of AWS.
        "sts" | "http" | "charts" => Ok(Allowed::default()),
        "kubernetes" => Ok(in_cluster(operation, is_apply)),
        _ => {
            let action = format!("{service}:{operation}");
            let mut aws: BTreeSet<String> =
                demanded(&action)?.iter().map(|&it| it.to_owned()).collect();
            aws.extend(names(&action).into_iter().map(str::to_owned));
            Ok(Allowed { aws, ..Allowed::default() })
        }
    }
}

/// What a call to a cluster needs, of which this is the operation: verb and resource, or a path, which
/// everybody may read who is let in (the role system:discovery).
fn in_cluster(operation: &str, is_apply: bool) -> Allowed {
    let (verb, resource) = operation.split_once(' ').unwrap_or((operation, ""));
    if resource.starts_with('/') {
        return Allowed::default();
    }
    let verbs: &[&str] = match verb {
        // A plan confirms what seems to have drifted by a dry run where it may, and compares where not.
        "apply" | "patch" if !is_apply => &[],
        // Who applies what is not there creates it ("Server-Side Apply", authorization).
        "apply" => &["create", "patch"],
        verb => &[verb],
    };
    let verbs: BTreeSet<String> = verbs.iter().map(|&verb| verb.to_owned()).collect();
    let kubernetes = BTreeMap::from([(resource.to_owned(), verbs)]);
    let kubernetes = kubernetes.into_iter().filter(|(_, verbs)| !verbs.is_empty()).collect();
    Allowed { kubernetes, ..Allowed::default() }
}

/// The file of all resources' permissions.
pub fn file() -> PathBuf {
    repository().join("provider/main/permissions.json")
}

/// What the file says.
///
/// # Errors
/// Where it cannot be read.
pub fn read() -> Result<Permissions> {
    let text = std::fs::read_to_string(file()).context("failed to read the permissions")?;
    serde_json::from_str(&text).context("failed to understand the permissions")
}

/// Writes what was found into the file, in place of what it says of the same resources.
///
/// # Errors
/// Where that cannot be read or written.
pub fn write(found: Permissions) -> Result<()> {
    let mut all = if file().exists() { read()? } else { Permissions::new() };
    all.extend(found);
    let text = serde_json::to_string_pretty(&all)?;
    std::fs::write(file(), format!("{text}\n")).context("failed to write the permissions")
}

/// Goes through the whole case, imports and drift included, and gives what its resource needs; none
/// where this machine cannot have what the case needs.
///
/// # Errors
/// Where the case does not go as it says.
pub async fn gather(case: &Case) -> Result<Option<Needs>> {
    if let Some(missing) = stage::missing(case.cluster()) {
        eprintln!("left out: {missing}");
        return Ok(None);
    }
    let Walked { mut calls, changes, .. } = walked(case, &[Check::Import], Extent::Chained).await?;
    calls.extend(aside(case).await?);
    let needs = Needs::of(&case.type_name, &calls)?;
    Ok(Some(needs.with_changes(&case.type_name, &changes)))
}

/// Checks that the whole case needs just what the file lists; the number of calls that were allowed or
/// refused to see that.
///
/// # Errors
/// Where it needs more or less.
pub(super) async fn run(case: &Case) -> Result<u64> {
    let checks = [Check::Import, Check::Permissions];
    let Walked { mut calls, changes, count } = walked(case, &checks, Extent::Chained).await?;
    calls.extend(aside(case).await?);
    let found = Needs::of(&case.type_name, &calls)?.with_changes(&case.type_name, &changes);
    let listed = listed(&case.type_name)?;
    check_covered(&found, &listed)?;
    let unneeded = [listed.plan.beside(&found.plan), listed.apply.beside(&found.apply)];
    let unneeded: Vec<String> = unneeded.iter().flat_map(Allowed::words).collect();
    ensure!(
        unneeded.is_empty(),
        "the page lists what nothing needs: {}; run `make permissions`",
        unneeded.join(", "),
    );
    for (change, found, listed) in
        [("create", &found.create, &listed.create), ("delete", &found.delete, &listed.delete)]
    {
        ensure!(
            found == listed,
            "what every {change} calls is {found:?}, and {listed:?} is listed; run `make permissions`",
        );
    }
    Ok(count + 1)
}

/// What a walk has called.
struct Walked {
    calls: BTreeSet<LoggedCall>,
    changes: Vec<LoggedChange>,
    /// How many calls were allowed or refused by a check.
    count: u64,
}

async fn walked(case: &Case, checks: &[Check], extent: Extent) -> Result<Walked> {
    let sandbox = stage::start(case.cluster()).await?;
    let mut trial = Trial::begin(&sandbox, case).await?;
    trial.log_calls();
    trial.walk(&Walk::new(checks, extent)).await?;
    let count = trial.counts.get(&Check::Permissions).copied().unwrap_or_default();
    let changes = trial.core.start.log.changes().await;
    Ok(Walked { calls: trial.calls().await, changes, count })
}

/// The calls that mend a drift, and those that go on after a kill.
async fn aside(case: &Case) -> Result<BTreeSet<LoggedCall>> {
    let sandbox = stage::start(case.cluster()).await?;
    let mut trial = Trial::begin(&sandbox, case).await?;
    trial.log_calls();
    trial.drift(Extent::Chained).await?;
    let mut calls = trial.calls().await;
    calls.extend(walked(case, &[Check::Crash], Extent::Sample).await?.calls);
    Ok(calls)
}

fn listed(type_name: &str) -> Result<Needs> {
    let needs = read()?.remove(type_name);
    needs.with_context(|| format!("nothing is listed for {type_name}: run `make permissions`"))
}

fn check_covered(found: &Needs, listed: &Needs) -> Result<()> {
    let mut all = listed.plan.clone();
    all.add(listed.apply.clone());
    let (plan, apply) = (found.plan.beside(&listed.plan), found.apply.beside(&all));
    for (what, missing) in [("a plan", plan.words()), ("an apply", apply.words())] {
        ensure!(
            missing.is_empty(),
            "the page does not list what {what} needs: {}; run `make permissions`",
            missing.join(", "),
        );
    }
    Ok(())
}

impl Trial<'_> {
    /// Has the provider log its calls from now on.
    pub(super) fn log_calls(&mut self) {
        let (name, value) = LOG_CALLS;
        let environment = &mut self.core.start.environment;
        environment.entry(name.to_owned()).or_insert_with(|| value.to_owned());
    }

    async fn calls(&self) -> BTreeSet<LoggedCall> {
        self.core.start.log.calls().await
    }

    /// Checks that everything that was called so far is listed.
    ///
    /// # Errors
    /// Where something is not.
    pub(super) async fn check_permissions(&mut self) -> Result<()> {
        let calls = self.calls().await;
        let found = Needs::of(&self.case.type_name, &calls)?;
        ensure!(found != Needs::default(), "no call was logged");
        check_covered(&found, &listed(&self.case.type_name)?)?;
        self.count(Check::Permissions);
        Ok(())
    }

    /// Checks that who may do just what the pages list for a plan can plan what is there, with a look
    /// at all of it.
    ///
    /// # Errors
    /// Where such a plan is refused something that it needs, or says another thing.
    pub(super) async fn plan_with_what_is_listed(&mut self, step: &Step) -> Result<()> {
        let mut except = vec!["sts:*".to_owned(), "kubernetes:get /*".to_owned()];
        let types: BTreeSet<&String> =
            self.state.objects.values().map(|object| &object.type_name).collect();
        for type_name in types.into_iter().filter(|name| name.starts_with("travel_")) {
            except.extend(listed(type_name)?.plan.calls());
        }
        let filter = Filter { user_agent: "travel/".to_owned(), except, ..Filter::default() };
        let action = Action::Trouble { trouble: Trouble::AccessDenied, code: None };
        let rule = Rule { times: None, ..Rule::once(filter, action) };
        self.sandbox.add_fault(&rule).await?;
        let planned = self.expect_nothing(&step.text).await;
        self.sandbox.clear_faults().await?;
        planned.context("failed to plan with the permissions of a plan alone")?;
        self.count(Check::Permissions);
        Ok(())
    }
}

/// Checks that what a plan needs only reads.
///
/// # Errors
/// Where something does not.
pub fn check_plans_only_read(permissions: &Permissions) -> Result<()> {
    for (type_name, needs) in permissions {
        for action in &needs.plan.aws {
            ensure!(action.contains(':'), "{action} is an action without a service");
            if !is_reading(action) {
                bail!("a plan of {type_name} needs {action}, which may change something");
            }
        }
        let mut verbs = needs.plan.kubernetes.values().flatten();
        let writes = verbs.find(|verb| !matches!(verb.as_str(), "get" | "list" | "watch"));
        if let Some(verb) = writes {
            bail!("a plan of {type_name} needs to {verb} in a cluster");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(request: &str, service: &str, operation: &str) -> LoggedCall {
        let [request, service, operation] = [request, service, operation].map(str::to_owned);
        LoggedCall { request, type_name: "travel_a".to_owned(), service, operation }
    }

    #[test]
    fn an_apply_needs_what_a_plan_does_not() {
        let calls = BTreeSet::from([
            call("ReadResource", "ec2", "DescribeVpcs"),
            call("ReadResource", "sts", "AssumeRole"),
            call("ReadResource", "kubernetes", "apply configmaps"),
            call("PlanResourceChange", "kubernetes", "get /version"),
            call("ReadResource", "kubernetes", "list pods"),
            call("ApplyResourceChange", "ec2", "DescribeVpcs"),
            call("ApplyResourceChange", "ec2", "CreateVpc"),
            call("ApplyResourceChange", "kubernetes", "apply deployments.apps"),
            call("ApplyResourceChange", "kubernetes", "list pods"),
        ]);
        let needs = Needs::of("travel_a", &calls).unwrap();
        assert_eq!(needs.plan.words(), ["ec2:DescribeVpcs", "list pods"]);
        let apply = [
            "ec2:CreateTags",
            "ec2:CreateVpc",
            "create deployments.apps",
            "patch deployments.apps",
        ];
        assert_eq!(needs.apply.words(), apply);
        assert_eq!(needs.plan.calls(), ["ec2:DescribeVpcs", "kubernetes:list pods"]);
        assert!(check_covered(&needs, &needs).is_ok());
        let less = Needs { plan: needs.plan.clone(), ..Needs::default() };
        assert!(check_covered(&needs, &less).is_err());
        assert_eq!(Needs::of("travel_b", &calls).unwrap(), Needs::default());
    }

    #[test]
    fn every_create_calls_what_none_leaves_out() {
        let change = |change: &str, calls: &[&str]| LoggedChange {
            type_name: "travel_a".to_owned(),
            change: change.to_owned(),
            calls: calls.iter().map(|&it| it.to_owned()).collect(),
        };
        let changes = [
            change(
                "create",
                &["kms:CreateKey", "kms:DescribeKey", "kms:CreateAlias", "sts:AssumeRole"],
            ),
            change("create", &["kms:CreateKey", "kms:DescribeKey", "kubernetes:apply pods"]),
            change("delete", &["s3:DeleteObjects"]),
        ];
        let needs = Needs::default().with_changes("travel_a", &changes);
        let create: Vec<&str> = needs.create.iter().map(String::as_str).collect();
        let delete: Vec<&str> = needs.delete.iter().map(String::as_str).collect();
        assert_eq!(create, ["kms:CreateKey"]);
        assert_eq!(delete, ["s3:DeleteObject", "s3:DeleteObjectVersion"]);
        assert_eq!(Needs::default().with_changes("travel_b", &changes), Needs::default());
    }

    #[test]
    fn what_a_plan_needs_only_reads() {
        let check = |action: &str, expected: bool| {
            let aws = BTreeSet::from([action.to_owned()]);
            let plan = Allowed { aws, ..Allowed::default() };
            let needs = Needs { plan, ..Needs::default() };
            let all = Permissions::from([("travel_a".to_owned(), needs)]);
            assert_eq!(check_plans_only_read(&all).is_ok(), expected, "{action}");
        };
        check("ec2:DescribeVpcs", true);
        check("kms:Decrypt", true);
        check("kms:Encrypt", false);
        check("ec2:CreateTags", false);
    }
}
