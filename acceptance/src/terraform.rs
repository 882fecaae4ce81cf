//! Terraform and OpenTofu as a person runs them: a folder with a configuration, the provider from
//! the filesystem mirror, and what the commands say.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use tokio::process::{Child, Command};

use crate::sandbox::tools_folder;
use crate::tools;

/// The command that applies a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Core {
    /// HashiCorp's.
    Terraform,
    /// OpenTofu.
    #[value(name = "tofu")]
    OpenTofu,
}

impl Core {
    /// The cores that this machine has, as the tools are installed.
    pub fn installed() -> Vec<Self> {
        [Self::Terraform, Self::OpenTofu]
            .into_iter()
            .filter(|core| tools::find(core.program()).is_some())
            .collect()
    }

    /// The name of its program.
    pub fn program(self) -> &'static str {
        match self {
            Self::Terraform => "terraform",
            Self::OpenTofu => "tofu",
        }
    }
}

/// A folder with a configuration, and the environment that its commands run in.
pub struct Workspace {
    core: Core,
    folder: PathBuf,
    environment: BTreeMap<String, String>,
    kept: Option<tempfile::TempDir>,
}

/// What a plan says, by resource address.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct PlanSummary {
    /// The actions on each resource that does not stay as it is, such as `create`, `update`,
    /// `delete`, or `delete create` for a replacement.
    pub changes: BTreeMap<String, String>,
    /// The attributes that each update changes.
    pub changed_attributes: BTreeMap<String, Vec<String>>,
}

impl PlanSummary {
    /// Whether an apply would do nothing.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }
}

impl Workspace {
    /// An empty folder that goes with this value.
    ///
    /// # Errors
    /// Where the folder cannot be made, or the core's program or the mirror is missing.
    pub fn new(
        core: Core,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self> {
        let kept = tempfile::tempdir().context("failed to make a folder")?;
        let mut workspace = Self::at(core, kept.path(), environment)?;
        workspace.kept = Some(kept);
        Ok(workspace)
    }

    /// A folder that is there already.
    ///
    /// # Errors
    /// Where the core's program or the mirror is missing.
    pub fn at(
        core: Core,
        folder: &Path,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self> {
        let rc = tools_folder().join("terraform.rc");
        ensure!(rc.exists(), "{} is missing: run `make install`", rc.display());
        let mut environment: BTreeMap<String, String> = environment.into_iter().collect();
        environment.insert("TF_CLI_CONFIG_FILE".to_owned(), rc.display().to_string());
        let charts = crate::sandbox::repository().join("acceptance/charts");
        environment.insert("TF_VAR_charts".to_owned(), charts.display().to_string());
        environment.insert("TF_IN_AUTOMATION".to_owned(), "1".to_owned());
        environment.insert("CHECKPOINT_DISABLE".to_owned(), "1".to_owned());
        Ok(Self { core, folder: folder.to_owned(), environment, kept: None })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Sets one variable of the environment.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.environment.insert(name.to_owned(), value.into());
    }

    /// Takes one variable out of the environment.
    pub fn unset(&mut self, name: &str) {
        self.environment.remove(name);
    }

    /// The core that plans and applies.
    pub const fn core(&self) -> Core {
        self.core
    }

    /// Writes a file of the configuration.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn write(&self, name: &str, text: &str) -> Result<()> {
        std::fs::write(self.folder.join(name), text)
            .with_context(|| format!("failed to write {name}"))
    }

    /// Installs the provider.
    ///
    /// # Errors
    /// Where the command fails.
    pub async fn init(&self) -> Result<String> {
        self.run(&["init", "-input=false", "-no-color"]).await
    }

    /// Applies the configuration.
    ///
    /// # Errors
    /// Where the command fails; with what it said.
    pub async fn apply(&self, arguments: &[&str]) -> Result<String> {
        let mut all = vec!["apply", "-auto-approve", "-input=false", "-no-color"];
        all.extend(arguments);
        self.run(&all).await
    }

    /// Destroys what the configuration made.
    ///
    /// # Errors
    /// Where the command fails; with what it said.
    pub async fn destroy(&self, arguments: &[&str]) -> Result<String> {
        let mut all = vec!["destroy", "-auto-approve", "-input=false", "-no-color"];
        all.extend(arguments);
        self.run(&all).await
    }

    /// Plans, and sums up what the plan would do.
    ///
    /// # Errors
    /// Where the command fails; with what it said.
    pub async fn plan(&self, arguments: &[&str]) -> Result<PlanSummary> {
        let mut all = vec!["plan", "-input=false", "-no-color", "-out=test.tfplan"];
        all.extend(arguments);
        self.run(&all).await?;
        let json = self.run(&["show", "-json", "test.tfplan"]).await?;
        summarize(&serde_json::from_str(&json).context("failed to read the plan's JSON")?)
    }

    /// The attributes of a resource, as the state has them.
    ///
    /// # Errors
    /// Where the command fails, or the state has no such resource.
    pub async fn state_of(&self, address: &str) -> Result<Value> {
        let json = self.run(&["show", "-json"]).await?;
        let state: Value =
            serde_json::from_str(&json).context("failed to read the state's JSON")?;
        let resources = state["values"]["root_module"]["resources"].as_array();
        let found = resources
            .into_iter()
            .flatten()
            .find(|resource| resource["address"] == address)
            .with_context(|| format!("the state has no {address}"))?;
        Ok(found["values"].clone())
    }

    /// The outputs that are text, as the state has them.
    ///
    /// # Errors
    /// Where the command fails.
    pub async fn outputs(&self) -> Result<BTreeMap<String, String>> {
        let json = self.run(&["output", "-json"]).await?;
        let outputs: BTreeMap<String, Value> =
            serde_json::from_str(&json).context("failed to read the outputs' JSON")?;
        let texts = outputs
            .into_iter()
            .filter_map(|(name, output)| Some((name, output["value"].as_str()?.to_owned())));
        Ok(texts.collect())
    }

    /// Runs a command to its end, and returns what it printed.
    ///
    /// # Errors
    /// Where it fails; with what it said.
    pub async fn run(&self, arguments: &[&str]) -> Result<String> {
        let output = self.output(arguments).await?;
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            return Ok(printed);
        }
        bail!(
            "{} {} failed ({})\n{printed}\n{}",
            self.core.program(),
            arguments.join(" "),
            output.status,
            String::from_utf8_lossy(&output.stderr),
        );
    }

    /// Runs a command to its end, whatever that is.
    ///
    /// # Errors
    /// Where it cannot be started.
    pub async fn output(&self, arguments: &[&str]) -> Result<Output> {
        let output = self.command(arguments)?.output().await;
        output.with_context(|| format!("failed to run {}", self.core.program()))
    }

    /// Starts a command, to be watched or interrupted. It ends with the value at the latest.
    ///
    /// # Errors
    /// Where it cannot be started.
    pub fn start(&self, arguments: &[&str]) -> Result<Child> {
        let child = self.command(arguments)?.kill_on_drop(true).spawn();
        child.with_context(|| format!("failed to start {}", self.core.program()))
    }

    fn command(&self, arguments: &[&str]) -> Result<Command> {
        let program = self.core.program();
        let path = tools::find(program)
            .with_context(|| format!("{program} is not installed: run `make tools`"))?;
        let mut command = Command::new(path);
        command
            .args(arguments)
            .current_dir(&self.folder)
            .envs(&self.environment)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Ok(command)
    }
}

/// Sums up a plan as `show -json` prints it.
pub(crate) fn summarize(plan: &Value) -> Result<PlanSummary> {
    let mut summary = PlanSummary::default();
    for resource in plan["resource_changes"].as_array().into_iter().flatten() {
        let address = resource["address"].as_str().context("a change without an address")?;
        let actions: Vec<&str> = resource["change"]["actions"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        if actions == ["no-op"] || actions == ["read"] {
            continue;
        }
        if actions == ["update"] {
            let changed = changed_attributes(&resource["change"]);
            summary.changed_attributes.insert(address.to_owned(), changed);
        }
        summary.changes.insert(address.to_owned(), actions.join(" "));
    }
    Ok(summary)
}

fn changed_attributes(change: &Value) -> Vec<String> {
    let Some(before) = change["before"].as_object() else { return Vec::new() };
    before
        .iter()
        .filter(|(name, value)| {
            let unknown = &change["after_unknown"][name.as_str()];
            change["after"].get(name.as_str()) != Some(value) && *unknown != Value::Bool(true)
        })
        .map(|(name, _)| name.clone())
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sums_up_what_a_plan_would_do() {
        let plan = json!({ "resource_changes": [
            { "address": "a.same", "change": { "actions": ["no-op"] } },
            { "address": "a.new", "change": { "actions": ["create"] } },
            { "address": "a.changed", "change": {
                "actions": ["update"],
                "before": { "size": 1, "name": "x", "revision": 1 },
                "after": { "size": 2, "name": "x" },
                "after_unknown": { "revision": true },
            } },
            { "address": "a.other", "change": { "actions": ["delete", "create"] } },
        ] });
        let summary = summarize(&plan).unwrap();
        let changes: Vec<(&str, &str)> = summary
            .changes
            .iter()
            .map(|(address, actions)| (address.as_str(), actions.as_str()))
            .collect();
        let expected = [("a.changed", "update"), ("a.new", "create"), ("a.other", "delete create")];
        assert_eq!(changes, expected);
        assert_eq!(summary.changed_attributes["a.changed"], ["size"]);
    }
}
