//! Empty plans: of many parameters, of many accounts and regions, and of dev, in sandboxes of their own.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;

use super::attached::Attached;
use super::figures::{Figures, in_megabytes};
use super::{Arguments, check_tools, text, workspace};
use crate::live::Live;
use crate::load;
use crate::sandbox::record::Query;
use crate::sandbox::{Options, Sandbox, repository};
use crate::terraform::Workspace;

/// How many calls a second the service takes that throttles.
const LIMIT: f64 = 20.0;
/// In how many accounts one provider works.
const ACCOUNTS: usize = 5;

pub(super) async fn measure(arguments: &Arguments, figures: &mut Figures) -> Result<()> {
    check_tools(None)?;
    many(arguments, figures).await?;
    everywhere(arguments, figures).await?;
    dev(arguments, figures).await
}

/// Plans 10, 100 and 1,000 parameters, and the last again while the service takes so many calls a second.
async fn many(arguments: &Arguments, figures: &mut Figures) -> Result<()> {
    let sandbox = Sandbox::start(Options::default()).await?;
    let mut workspace = workspace(arguments, sandbox.environment())?;
    for count in [10, 100, 1000] {
        workspace.write("main.tf", &load::parameters(count))?;
        if count == 10 {
            workspace.init().await?;
        }
        eprintln!("bench: applying {count} parameters");
        workspace.apply(&[]).await?;
        let (plan, memory) = planned(arguments, &sandbox, &mut workspace, None).await?;
        figures.add(
            format!("plan of {count} parameters"),
            format!("{:.1} s", plan.seconds),
            format!("{} calls, {} of memory", plan.calls, in_megabytes(memory)),
        );
    }
    let (plan, memory) = planned(arguments, &sandbox, &mut workspace, Some(LIMIT)).await?;
    #[expect(clippy::cast_precision_loss, reason = "there are thousands")]
    let least = (plan.calls - plan.throttled) as f64 / LIMIT - 1.0;
    figures.add(
        format!("plan of 1000 parameters, {LIMIT} calls a second allowed"),
        format!("{:.1} s", plan.seconds),
        format!(
            "{} calls, {} of them throttled ({:.1} %); {:.2} times what the limit allows; {} of memory",
            plan.calls,
            plan.throttled,
            plan.share() * 100.0,
            plan.seconds / least,
            in_megabytes(memory),
        ),
    );
    Ok(())
}

/// Plans once, through a provider of its own, and gives what came of it and the memory that it took.
async fn planned(
    arguments: &Arguments,
    sandbox: &Sandbox,
    workspace: &mut Workspace,
    per_second: Option<f64>,
) -> Result<(load::Plan, u64)> {
    let provider = Attached::start(arguments, sandbox.environment()).await?;
    provider.attach(workspace);
    let plan = load::plan_limited(sandbox, workspace, per_second).await;
    Attached::detach(workspace);
    Ok((plan?, provider.memory()?))
}

/// Plans a parameter in every region of every account through one provider.
async fn everywhere(arguments: &Arguments, figures: &mut Figures) -> Result<()> {
    let sandbox = Sandbox::start(Options::default()).await?;
    let accounts = make_accounts(&sandbox).await?;
    let mut workspace = workspace(arguments, sandbox.environment())?;
    workspace.write("main.tf", &load::everywhere(&accounts))?;
    workspace.init().await?;
    eprintln!("bench: applying a parameter in each region of {ACCOUNTS} accounts");
    workspace.apply(&[]).await?;
    let (plan, memory) = planned(arguments, &sandbox, &mut workspace, None).await?;
    figures.add(
        format!("plan of {ACCOUNTS} accounts with {} regions", load::REGIONS.len()),
        format!("{:.1} s", plan.seconds),
        format!("{} calls, {} of memory", plan.calls, in_megabytes(memory)),
    );
    Ok(())
}

/// Makes an organization with accounts, and gives their ids.
async fn make_accounts(sandbox: &Sandbox) -> Result<Vec<String>> {
    let client = sandbox.client();
    client
        .json("organizations", "CreateOrganization", &json!({"FeatureSet": "ALL"}))
        .await
        .context("failed to make an organization")?;
    let mut accounts = Vec::new();
    for number in 1..=ACCOUNTS {
        let name = format!("load-{number}");
        let input = json!({"AccountName": name, "Email": format!("{name}@example.com")});
        let asked = client.json("organizations", "CreateAccount", &input).await?;
        let mut status = asked["CreateAccountStatus"].clone();
        while status["State"] == "IN_PROGRESS" {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let input = json!({"CreateAccountRequestId": status["Id"]});
            let answer =
                client.json("organizations", "DescribeCreateAccountStatus", &input).await?;
            status = answer["CreateAccountStatus"].clone();
        }
        let id = status["AccountId"].as_str().context("an account was not made")?;
        accounts.push(id.to_owned());
    }
    Ok(accounts)
}

/// Raises the organization and dev, and plans dev again.
async fn dev(arguments: &Arguments, figures: &mut Figures) -> Result<()> {
    let sandbox = Sandbox::start(Options::default()).await?;
    let folder = tempfile::tempdir().context("failed to make a folder")?;
    let mut environment: BTreeMap<String, String> = sandbox.environment().into_iter().collect();
    environment.insert("TF_CLI_CONFIG_FILE".to_owned(), text(&arguments.configuration)?);
    let live = Live::new(&repository(), folder.path(), arguments.core, environment)?;
    eprintln!("bench: applying organization and dev");
    let command = ["apply", "-input=false"];
    let applied = live.run_all("apply", &["organization", "dev"], &command, |_| {}).await?;
    if let Some(trouble) = applied.trouble() {
        bail!("the apply {trouble}");
    }
    eprintln!("bench: planning dev");
    let since = sandbox.last_call().await?;
    let (planned, plans) = live.plan_all("plan", &["dev"], |_| {}).await?;
    if let Some(trouble) = planned.trouble() {
        bail!("the plan {trouble}");
    }
    for (unit, plan) in &plans {
        ensure!(plan.is_empty(), "the plan of {unit} is not empty: {:?}", plan.lines());
    }
    let query = Query { since, ..Query::default() };
    let counts = sandbox.counts(&query).await?;
    let calls: u64 = counts.values().sum();
    let resources: usize = plans.values().map(|plan| plan.resources).sum();
    figures.add(
        "plan of live/dev",
        format!("{:.1} s", planned.seconds),
        format!("{calls} calls, {resources} resources in {} units", plans.len()),
    );
    for (unit, plan) in &plans {
        let calls = counts.get(unit).copied().unwrap_or_default();
        let resources = plan.resources;
        figures.add(
            format!("plan of {unit}"),
            format!("{calls} calls"),
            format!("{resources} resources"),
        );
    }
    Ok(())
}
