//! The providers that do the same with a resource for each object: measured in the same cluster where they are there,
//! else by what was measured elsewhere.

use std::path::Path;

use anyhow::{Context, Result};

use super::applying::{self, CLUSTER, Phase, Phases};
use super::figures::{Figures, in_megabytes};
use super::{Arguments, mirror, text, workspace};
use crate::cluster;
use crate::sandbox::Sandbox;
use crate::terraform::Workspace;

/// A provider of others.
pub(super) struct Peer {
    /// As rows call it.
    pub(super) title: &'static str,
    /// Its name, below `hashicorp`.
    pub(super) name: &'static str,
    /// How many seconds an apply, an empty plan and a destroy took elsewhere, as far as it is known.
    pub(super) elsewhere: [Option<f64>; 3],
}

/// What rows compare with.
pub(super) struct Rival {
    title: &'static str,
    is_here: bool,
    seconds: [Option<f64>; 3],
}

impl Peer {
    /// Measures the peer where its program is there, and gives what ours is compared with.
    pub(super) async fn measure(
        &self,
        what: &str,
        program: Option<&Path>,
        configuration: impl FnOnce(&str) -> String,
        arguments: &Arguments,
        sandbox: &Sandbox,
        figures: &mut Figures,
    ) -> Result<Rival> {
        let Some(program) = program else {
            return Ok(Rival { title: self.title, is_here: false, seconds: self.elsewhere });
        };
        let folder = tempfile::tempdir().context("failed to make a folder")?;
        let mut workspace = workspace(arguments, [])?;
        let published = mirror::publish(program, "hashicorp", self.name, folder.path())?;
        workspace.set("TF_CLI_CONFIG_FILE", text(&published)?);
        let access = cluster::kubeconfig(&sandbox.client(), CLUSTER).await?.to_string();
        workspace.write("kubeconfig.json", &access)?;
        let body = configuration(r#"config_path = "${path.module}/kubeconfig.json""#);
        workspace
            .write("main.tf", &format!("{}{body}", mirror::requirement("hashicorp", self.name)))?;
        eprintln!("bench: {what} with {}", self.title);
        let phases = applying::measure(sandbox, &workspace).await?;
        add(&format!("{what} with {}", self.title), &phases, None, figures);
        Ok(Rival {
            title: self.title,
            is_here: true,
            seconds: each(&phases).map(|phase| Some(phase.seconds)),
        })
    }
}

impl Rival {
    /// Measures ours, and says how it stands to the peer's.
    pub(super) async fn meet(
        &self,
        what: &str,
        workspace: &Workspace,
        sandbox: &Sandbox,
        figures: &mut Figures,
    ) -> Result<()> {
        eprintln!("bench: {what}");
        let phases = applying::measure(sandbox, workspace).await?;
        add(what, &phases, Some(self), figures);
        Ok(())
    }

    /// How so many seconds stand to the peer's of the same phase.
    fn compared(&self, phase: usize, seconds: f64) -> Option<String> {
        let theirs = self.seconds[phase]?;
        let share = seconds / theirs;
        let elsewhere = if self.is_here { "" } else { " elsewhere" };
        Some(format!("{share:.2} of the {theirs:.2} s that {} takes{elsewhere}; ", self.title))
    }
}

fn each(phases: &Phases) -> [Phase; 3] {
    [phases.apply, phases.plan, phases.destroy]
}

fn add(what: &str, phases: &Phases, rival: Option<&Rival>, figures: &mut Figures) {
    for (index, (name, phase)) in
        ["apply", "empty plan", "destroy"].into_iter().zip(each(phases)).enumerate()
    {
        let compared = rival.and_then(|rival| rival.compared(index, phase.seconds));
        figures.add(
            format!("{what}: {name}"),
            format!("{:.2} s", phase.seconds),
            format!(
                "{}{} calls, {} of memory",
                compared.unwrap_or_default(),
                phase.calls,
                in_megabytes(phase.peak_bytes),
            ),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_measured_elsewhere_is_called_so() {
        let mut rival =
            Rival { title: "it", is_here: false, seconds: [Some(3.7), None, Some(1.0)] };
        let said = "0.50 of the 3.70 s that it takes elsewhere; ";
        assert_eq!(rival.compared(0, 1.85).as_deref(), Some(said));
        assert_eq!(rival.compared(1, 1.0), None);
        rival.is_here = true;
        assert_eq!(rival.compared(2, 2.0).as_deref(), Some("2.00 of the 1.00 s that it takes; "));
    }
}
