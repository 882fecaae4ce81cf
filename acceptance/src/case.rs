//! A resource's case: a folder of configurations that follow one another, each saying in its first
//! comments what its plan must be.
//!
//! `acceptance/cases/TYPE/01-create.tf` is applied from nothing; every further file takes its
//! place in turn. A file's directives:
//!
//! | directive | meaning |
//! |---|---|
//! | `# plan: ADDRESS ACTIONS` | the plan does this to ADDRESS (`create`, `update`, `delete create`, …) |
//! | `# plan: nothing` | the plan is empty |
//! | `# changes: ADDRESS ATTRIBUTE …` | the update of ADDRESS changes just these attributes |
//! | `# refused: TEXT` | the plan is refused, and what is said contains TEXT; nothing is applied |
//! | `# apply refused: TEXT` | the plan is as the other directives say, but its apply fails, and what is said contains TEXT |
//! | `# cluster: NAME` | in the first file: a cluster of this name, with nodes, is there before |
//! | `# outside: SERVICE …` | before the plan somebody else makes this call ([`Outside`]) |
//! | `# drift: ADDRESS …` | in `drift.tf`: somebody else changes this, and the plan is this ([`Drift`]) |
//! | `# no drift: ATTRIBUTE …` | in `drift.tf`: nobody can change these attributes from outside |
//! | `# no update: ATTRIBUTE …` | in `drift.tf`: no step and no drift has an update set these attributes |
//! | `# refresh: NUMBER` | a plan right after it makes at most that many calls to AWS and Kubernetes, not counting STS; counted by the conformance checks, and after the first file by the case's own test |
//! | `# import: ADDRESS ID ATTRIBUTE …` | after the apply ADDRESS is forgotten and brought in again by ID; the plan then sets just these attributes, which only the provider reads |
//! | `# import identity: ADDRESS NAME=VALUE … ATTRIBUTE …` | the same by identity, in a block; terraform 1.11, which knows none, skips it |
//! | `# as: FILE` | in `drift.tf`, instead of a configuration: that of this step |
//! | `# as before` | instead of a configuration: that of the last step before that was not refused |
//! | `# leaves: TEXT` | in the last file: a destroy leaves things of whose kind and name TEXT is a part, as the resource's page says |
//! | `# destroy refused: TEXT` | in the last file: the destroy is refused with TEXT |
//!
//! A call of `outside`, and the key of an import, may use outputs of what is applied, as in `${subnet}`;
//! a call, also texts that the call before it has answered, as in `${UpdateToken}`.
//!
//! Other comments there begin with a capital letter, in every line. What no `plan` directive names
//! must not change. A file without directives only creates. What
//! `setup.tf` says, if there is one, is there before the first step and stays: it is what the
//! resource stands on. `drift.tf` stands for itself: it is applied from nothing, and then each of its
//! drifts happens and is changed back. The variable `charts` is the folder of the charts that are for
//! tests alone.

mod drift;
mod import;
mod outside;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

pub use drift::{Drift, Planned};
pub use import::{Import, Key};
pub use outside::Outside;

use crate::sandbox::client::Client;
use crate::sandbox::repository;
use crate::terraform::{PlanSummary, Workspace};

/// The provider that every case's configuration is applied through.
pub const PROVIDER: &str = r#"
terraform {
  required_providers {
    travel = { source = "registry.terraform.io/travelsources/travel" }
  }
}

provider "travel" {
  deployment   = "acceptance"
  region       = "eu-central-1"
  default_tags = { environment = "acceptance" }
}
"#;

/// Hands the types of all resources to a macro, which makes a test of each.
#[macro_export]
macro_rules! for_every_resource {
    ($make:ident) => {
        $make![
            travel_access_analyzer,
            travel_account,
            travel_account_assignments,
            travel_account_contacts,
            travel_audit_trail,
            travel_bucket,
            travel_config_aggregator,
            travel_config_recorder,
            travel_config_rule,
            travel_delegated_administrator,
            travel_dr_snapshot_policy,
            travel_effective_policies,
            travel_eks_platform,
            travel_helm_release,
            travel_helm_stack,
            travel_identity_group,
            travel_identity_user,
            travel_inspection_routes,
            travel_kms_grant,
            travel_kms_key,
            travel_manifests,
            travel_network,
            travel_network_firewall,
            travel_oidc_provider,
            travel_organization,
            travel_organization_policy,
            travel_organizational_unit,
            travel_parameter,
            travel_permission_set,
            travel_policy,
            travel_role,
            travel_secret,
            travel_threat_detection,
        ];
    };
}

/// A resource's case.
#[derive(Debug)]
pub struct Case {
    /// The resource's type.
    pub type_name: String,
    /// What is there before the first step.
    pub setup: Option<Step>,
    /// Its steps, in order.
    pub steps: Vec<Step>,
    /// What others change of what it makes.
    pub drift: Option<Step>,
}

/// One configuration of a case.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// The file's name.
    pub name: String,
    /// The configuration.
    pub text: String,
    /// What the plan does, by address; none where it only creates.
    pub plan: Option<BTreeMap<String, String>>,
    /// The attributes that each update changes.
    pub changes: BTreeMap<String, Vec<String>>,
    /// What a refused plan says.
    pub refused: Option<String>,
    /// What an apply says that fails.
    pub apply_refused: Option<String>,
    /// What somebody else does before the plan.
    pub outside: Vec<Outside>,
    /// What somebody else changes, one after the other, and how the plan shows it.
    pub drifts: Vec<Drift>,
    /// The attributes that nobody can change from outside.
    pub undrifted: Vec<String>,
    /// The attributes that no update of the case sets.
    pub not_updated: Vec<String>,
    /// What is forgotten and brought in again after the apply.
    pub imports: Vec<Import>,
    /// What a destroy leaves, each by a part of what it is called.
    pub leaves: Vec<String>,
    /// How many calls to AWS and Kubernetes a plan right after it may make.
    pub refresh: Option<u64>,
    /// What a refused destroy says.
    pub destroy_refused: Option<String>,
    /// The cluster that must be there before.
    pub cluster: Option<String>,
    /// Whether its configuration is that of the step before.
    pub as_before: bool,
    /// The step whose configuration it has instead of its own.
    pub as_step: Option<String>,
}

/// The file with what is there before the first step.
const SETUP: &str = "setup.tf";
/// The file with what others change.
const DRIFT: &str = "drift.tf";

impl Case {
    /// All cases, by the folders they stand in.
    ///
    /// # Errors
    /// Where a folder or file cannot be read, or a directive not be understood.
    pub fn all() -> Result<Vec<Self>> {
        let folder = repository().join("acceptance/cases");
        let mut cases = Vec::new();
        for path in sorted_entries(&folder)? {
            let type_name = file_name(&path)?;
            let mut case = Self { type_name, setup: None, steps: Vec::new(), drift: None };
            for file in sorted_entries(&path)? {
                let step = Step::read(&file)?;
                match step.name.as_str() {
                    SETUP => case.setup = Some(step),
                    DRIFT => case.drift = Some(step),
                    _ => case.steps.push(step),
                }
            }
            repeat(&mut case.steps)
                .with_context(|| format!("failed to understand {}", path.display()))?;
            if let Some(drift) = &mut case.drift
                && let Some(name) = &drift.as_step
            {
                let step = case.steps.iter().find(|step| step.name == *name);
                let step = step.with_context(|| format!("{} has no {name}", path.display()))?;
                drift.text.clone_from(&step.text);
            }
            cases.push(case);
        }
        Ok(cases)
    }

    /// The case of a resource.
    ///
    /// # Errors
    /// Where there is none.
    pub fn of(type_name: &str) -> Result<Self> {
        let mut cases = Self::all()?.into_iter();
        cases
            .find(|case| case.type_name == type_name)
            .with_context(|| format!("acceptance/cases has no folder {type_name}"))
    }

    /// The cluster that must be there before the first step.
    pub fn cluster(&self) -> Option<&str> {
        self.steps.first().and_then(|step| step.cluster.as_deref())
    }

    /// Whether what its steps make cannot be removed by itself, for it stands on nothing else and its
    /// own destroy is refused.
    pub(crate) fn cannot_be_destroyed(&self) -> bool {
        let is_refused = self.steps.last().is_some_and(|step| step.destroy_refused.is_some());
        self.setup.is_none() && is_refused
    }

    /// What a destroy leaves, each by a part of what it is called.
    pub(crate) fn leaves(&self) -> &[String] {
        self.steps.last().map_or(&[], |step| &step.leaves)
    }

    /// Goes through all steps, and destroys what the last one left.
    ///
    /// # Errors
    /// Where a step does not go as it says.
    pub async fn run(&self, workspace: &Workspace, client: &Client) -> Result<()> {
        self.prepare(workspace).await?;
        self.set_up(workspace, client).await?;
        let mut applied = "";
        for step in &self.steps {
            let name = format!("{}/{}", self.type_name, step.name);
            tracing::info!("{name}");
            step.run(workspace, client).await.with_context(|| format!("failed in {name}"))?;
            if !step.is_refused() {
                applied = &step.text;
            }
        }
        // A destroy plans too, and what was refused would be refused again.
        workspace.write("main.tf", applied)?;
        self.destroy(workspace).await.with_context(|| format!("failed to end {}", self.type_name))
    }

    /// Writes the provider's configuration and installs the provider.
    ///
    /// # Errors
    /// Where that fails.
    pub async fn prepare(&self, workspace: &Workspace) -> Result<()> {
        workspace.write("provider.tf", PROVIDER)?;
        workspace.init().await?;
        Ok(())
    }

    /// Makes what is to be there before the first step. `client` is somebody else in the same
    /// account.
    ///
    /// # Errors
    /// Where that fails.
    pub async fn set_up(&self, workspace: &Workspace, client: &Client) -> Result<()> {
        let Some(setup) = &self.setup else { return Ok(()) };
        setup.happen_outside(workspace, client).await?;
        workspace.write(SETUP, &setup.text)?;
        workspace.apply(&[]).await.map(drop)
    }

    /// Destroys what the case made, if it says that this goes.
    ///
    /// # Errors
    /// Where that goes otherwise than the last step says.
    pub async fn destroy(&self, workspace: &Workspace) -> Result<()> {
        let refused = self.steps.last().and_then(|step| step.destroy_refused.as_deref());
        expect(workspace.destroy(&[]).await, refused)
    }
}

impl Step {
    fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("failed to read {}", path.display()))?;
        Self::parse(&file_name(path)?, text)
            .with_context(|| format!("failed to understand {}", path.display()))
    }

    /// Whether its configuration is not what is there after it.
    pub(crate) const fn is_refused(&self) -> bool {
        self.refused.is_some() || self.apply_refused.is_some()
    }

    fn parse(name: &str, text: String) -> Result<Self> {
        let mut step = Self { name: name.to_owned(), ..Self::default() };
        for line in text.lines().take_while(|line| line.starts_with('#')) {
            let line = line.trim_start_matches('#').trim();
            if !line.starts_with(char::is_lowercase) {
                continue;
            }
            let (directive, rest) = line.split_once(':').unwrap_or((line, ""));
            let rest = rest.trim();
            if directive == "as before" {
                step.as_before = true;
                continue;
            }
            ensure!(!rest.is_empty(), "`{directive}` says nothing");
            let addressed = || {
                let mut words = rest.split_whitespace();
                let address = words.next().context("a directive names no address")?;
                anyhow::Ok((address.to_owned(), words.map(str::to_owned).collect::<Vec<_>>()))
            };
            match directive {
                "plan" if rest == "nothing" => {
                    step.plan.get_or_insert_default();
                }
                "plan" => {
                    let (address, actions) = addressed()?;
                    step.plan.get_or_insert_default().insert(address, actions.join(" "));
                }
                "changes" => {
                    let (address, mut attributes) = addressed()?;
                    attributes.sort();
                    step.changes.insert(address, attributes);
                }
                "refused" => step.refused = Some(rest.to_owned()),
                "apply refused" => step.apply_refused = Some(rest.to_owned()),
                "cluster" => step.cluster = Some(rest.to_owned()),
                "outside" => step.outside.push(Outside::parse(rest)?),
                "drift" => step.drifts.push(Drift::parse(rest)?),
                "no drift" => {
                    step.undrifted.extend(rest.split_whitespace().map(str::to_owned));
                }
                "no update" => {
                    step.not_updated.extend(rest.split_whitespace().map(str::to_owned));
                }
                "as" => step.as_step = Some(rest.to_owned()),
                "import" => step.imports.push(Import::by_id(rest)?),
                "import identity" => step.imports.push(Import::by_identity(rest)?),
                "refresh" => {
                    step.refresh = Some(rest.parse().context("`refresh` takes a number")?);
                }
                "leaves" => step.leaves.push(rest.to_owned()),
                "destroy refused" => step.destroy_refused = Some(rest.to_owned()),
                _ => bail!("there is no directive `{directive}`"),
            }
        }
        let mut own = text.lines().skip_while(|line| line.starts_with('#'));
        ensure!(
            !(step.as_before || step.as_step.is_some()) || own.all(|line| line.trim().is_empty()),
            "what is as another step has no configuration of its own"
        );
        step.text = text;
        Ok(step)
    }

    /// Plans and applies the step, and plans again.
    ///
    /// # Errors
    /// Where the first plan is not what the step says, or the second is not empty.
    pub async fn run(&self, workspace: &Workspace, client: &Client) -> Result<()> {
        self.happen_outside(workspace, client).await?;
        workspace.write("main.tf", &self.text)?;
        if self.refused.is_some() {
            return expect(workspace.plan(&[]).await.map(drop), self.refused.as_deref());
        }
        self.check(&workspace.plan(&[]).await?)?;
        if self.apply_refused.is_some() {
            let applied = workspace.apply(&[]).await.map(drop);
            return expect(applied, self.apply_refused.as_deref());
        }
        workspace.apply(&[]).await?;
        let second = workspace.plan(&[]).await?;
        ensure!(second.is_empty(), "the second plan is not empty: {second:?}");
        if self.imports.is_empty() {
            return Ok(());
        }
        let outputs = workspace.outputs().await?;
        for import in &self.imports {
            import.with(&outputs)?.run(workspace).await?;
        }
        Ok(())
    }

    async fn happen_outside(&self, workspace: &Workspace, client: &Client) -> Result<()> {
        if self.outside.is_empty() {
            return Ok(());
        }
        let mut outputs = workspace.outputs().await?;
        for outside in &self.outside {
            outputs.extend(outside.with(&outputs)?.happen(client).await?);
        }
        Ok(())
    }

    /// Checks a plan against what the step says.
    pub(crate) fn check(&self, plan: &PlanSummary) -> Result<()> {
        let Some(expected) = &self.plan else {
            let others = plan.changes.iter().find(|(_, actions)| *actions != "create");
            ensure!(!plan.is_empty(), "the plan is empty");
            ensure!(others.is_none(), "the plan does more than create: {plan:?}");
            return Ok(());
        };
        ensure!(plan.changes == *expected, "planned {:?}, not {expected:?}", plan.changes);
        for (address, attributes) in &self.changes {
            let planned = plan.changed_attributes.get(address);
            ensure!(
                planned == Some(attributes),
                "the update of {address} changes {planned:?}, not {attributes:?}",
            );
        }
        Ok(())
    }
}

/// Gives each step that is as before its configuration.
fn repeat(steps: &mut [Step]) -> Result<()> {
    let mut applied = None;
    for step in steps {
        if step.as_before {
            let before = applied.clone();
            step.text = before.with_context(|| format!("nothing is before {}", step.name))?;
        } else if !step.is_refused() {
            applied = Some(step.text.clone());
        }
    }
    Ok(())
}

/// Succeeds where a command did what was expected of it: to end well, or to be refused with words.
pub(crate) fn expect<T>(result: Result<T>, refused: Option<&str>) -> Result<()> {
    match (result, refused) {
        (Ok(_), None) => Ok(()),
        (Err(error), None) => Err(error),
        (Ok(_), Some(words)) => bail!("this was to be refused with {words:?}, but went well"),
        (Err(error), Some(words)) => {
            // Terraform breaks lines where it likes.
            let said = format!("{error:#}").replace(['│', '\n'], " ");
            let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
            ensure!(said.contains(words), "refused, but without the words {words:?}: {error:#}");
            Ok(())
        }
    }
}

fn sorted_entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder)
        .with_context(|| format!("failed to read {}", folder.display()))?;
    let mut paths = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<Vec<PathBuf>>>()
        .with_context(|| format!("failed to read {}", folder.display()))?;
    paths.sort();
    Ok(paths)
}

fn file_name(path: &Path) -> Result<String> {
    let name = path.file_name().and_then(|name| name.to_str());
    name.map(str::to_owned).with_context(|| format!("{} has no name", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn understands_directives() {
        let text = "# About.\n# plan: a.b update\n# changes: a.b size name\n# plan: a.c delete create\n\nresource {}\n# plan: x y\n";
        let step = Step::parse("02.tf", text.to_owned()).unwrap();
        let plan = step.plan.unwrap();
        assert_eq!(plan.len(), 2);
        assert_eq!(plan["a.c"], "delete create");
        assert_eq!(step.changes["a.b"], ["name", "size"]);
        assert_eq!(step.refused, None);
    }

    #[test]
    fn refuses_what_it_does_not_understand() {
        for (text, part) in [
            ("# planned: nothing\n", "no directive `planned`"),
            ("# About this\n# and that.\n", "`and that.` says nothing"),
            ("# refused:\n", "`refused` says nothing"),
            ("# refresh: few\n", "takes a number"),
            ("# plan: nothing\n# as before\n\nresource {}\n", "no configuration of its own"),
            ("# as: 01-create.tf\n\nresource {}\n", "no configuration of its own"),
        ] {
            let error = Step::parse("02.tf", text.to_owned()).unwrap_err();
            assert!(error.to_string().contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn what_is_as_before_is_as_what_was_applied() {
        let step = |text: &str| Step::parse("02.tf", text.to_owned()).unwrap();
        let mut steps = [step("a {}"), step("# refused: no\nb {}"), step("# as before\n")];
        repeat(&mut steps).unwrap();
        assert_eq!(steps[2].text, "a {}");
        assert!(repeat(&mut steps[2..]).is_err());
    }

    #[test]
    fn words_are_found_across_broken_lines() {
        let error = || anyhow::anyhow!("Error: no\n│ such   thing");
        assert!(expect::<()>(Err(error()), Some("no such thing")).is_ok());
        assert!(expect::<()>(Err(error()), Some("another")).is_err());
        assert!(expect(Ok(()), Some("no")).is_err());
    }
}
