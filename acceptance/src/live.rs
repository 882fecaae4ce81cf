//! The live tree as a person runs it: Terragrunt over many units at once, and what its runs and plans say.

mod output;
mod plans;
pub mod shell;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWriteExt, BufReader};
use tokio::process::Command;

pub use output::Line;
pub use plans::UnitPlan;

use crate::group::Group;
use crate::sandbox::{repository, tools_folder};
use crate::terraform::Core;
use crate::tools;

/// What of the surroundings Terragrunt and Terraform see. Whatever else a person has set for them, or for AWS, could
/// lead them out of the sandbox.
const INHERITED: [&str; 8] =
    ["HOME", "USER", "LANG", "LC_ALL", "TERM", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR"];

/// What a live tree is made of, beside the provider.
const TREE: [&str; 4] = ["terragrunt.hcl", "live", "modules", "charts"];

/// A live tree, and the environment that Terragrunt works on it in.
#[derive(Clone, Debug)]
pub struct Live {
    root: PathBuf,
    work: PathBuf,
    core: Core,
    environment: BTreeMap<String, String>,
}

/// What came of a run over many units.
#[derive(Debug)]
pub struct Run {
    /// Whether all units succeeded.
    pub succeeded: bool,
    /// The units that ran, by name.
    pub units: BTreeMap<String, UnitRun>,
    /// How long all of it took.
    pub seconds: f64,
    /// The file with everything that was printed.
    pub log: PathBuf,
    /// What was printed as errors.
    pub errors: Vec<String>,
}

/// What came of a run of one unit.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitRun {
    /// `succeeded`, `failed`, `early exit` or `excluded`.
    pub result: String,
    /// How long it took.
    pub seconds: f64,
}

impl Live {
    /// The tree of a repository. Files of runs go to the folder `work`, none to the tree. `environment` is that of the
    /// sandbox.
    ///
    /// # Errors
    /// Where a program or the provider is not installed, or the folder cannot be made.
    pub fn new(
        root: &Path,
        work: &Path,
        core: Core,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self> {
        std::fs::create_dir_all(work)
            .with_context(|| format!("failed to make the folder {}", work.display()))?;
        let mut all = basic_environment(work, core)?;
        all.extend(environment);
        let (root, work) = (root.canonicalize()?, work.canonicalize()?);
        Ok(Self { root, work, core, environment: all })
    }

    /// The tree of a copy of this repository below the folder `work`, for tests that change it.
    ///
    /// # Errors
    /// As [`Live::new`], and where the copy cannot be made.
    pub async fn copy(
        work: &Path,
        core: Core,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self> {
        let tree = work.join("tree");
        std::fs::create_dir_all(&tree)
            .with_context(|| format!("failed to make {}", tree.display()))?;
        for name in TREE {
            let from = repository().join(name);
            if from.exists() {
                copy_folder(&from, &tree.join(name))?;
            }
        }
        // Terragrunt asks git for the root.
        let made = Command::new("git").args(["init", "-q"]).current_dir(&tree).status().await;
        ensure!(made.context("failed to run git")?.success(), "git init failed");
        Self::new(&tree, work, core, environment)
    }

    /// The root of the repository that the tree is in.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of the runs' files.
    pub fn work(&self) -> &Path {
        &self.work
    }

    /// The whole environment of Terragrunt and all it starts.
    pub const fn environment(&self) -> &BTreeMap<String, String> {
        &self.environment
    }

    /// The names of all units of the tree below some of its folders.
    ///
    /// # Errors
    /// Where the tree cannot be read.
    pub fn units(&self, folders: &[&str]) -> Result<Vec<String>> {
        let live = self.root.join("live");
        let mut units = Vec::new();
        for folder in folders {
            find_units(&live, &live.join(folder), &mut units)?;
        }
        units.sort();
        Ok(units)
    }

    /// Forgets what earlier runs have initialised, as a provider that was built anew demands.
    ///
    /// # Errors
    /// Where it cannot be removed.
    pub fn forget(&self) -> Result<()> {
        let cache = self.work.join("cache");
        if cache.exists() {
            std::fs::remove_dir_all(&cache)
                .with_context(|| format!("failed to remove {}", cache.display()))?;
        }
        Ok(())
    }

    /// Runs a Terraform command over all units below some folders of live/, each after those it depends on. `told` is
    /// given every line that is printed. `name` is that of the log and the report.
    ///
    /// # Errors
    /// Where Terragrunt does not run or leaves no report. That units fail is no error.
    pub async fn run_all(
        &self,
        name: &str,
        folders: &[&str],
        command: &[&str],
        told: impl FnMut(&Line),
    ) -> Result<Run> {
        self.run(name, folders, &[], command, told).await
    }

    /// Plans all units below some folders of live/.
    ///
    /// # Errors
    /// As [`Live::run_all`], and where a plan cannot be understood.
    pub async fn plan_all(
        &self,
        name: &str,
        folders: &[&str],
        told: impl FnMut(&Line),
    ) -> Result<(Run, BTreeMap<String, UnitPlan>)> {
        let plans = self.work.join(format!("{name}.plans"));
        if plans.exists() {
            std::fs::remove_dir_all(&plans)?;
        }
        let option = format!("--json-out-dir={}", plans.display());
        let run = self.run(name, folders, &[&option], &["plan", "-input=false"], told).await?;
        let mut found = BTreeMap::new();
        for (unit, of_unit) in &run.units {
            let file = plans.join(unit).join("tfplan.json");
            if of_unit.result == "succeeded" {
                found.insert(unit.clone(), UnitPlan::read(&file)?);
            }
        }
        Ok((run, found))
    }

    async fn run(
        &self,
        name: &str,
        folders: &[&str],
        options: &[&str],
        command: &[&str],
        mut told: impl FnMut(&Line),
    ) -> Result<Run> {
        let began = Instant::now();
        let report = self.work.join(format!("{name}.json"));
        if report.exists() {
            std::fs::remove_file(&report)?;
        }
        let mut terragrunt = self.terragrunt(&self.root.join("live"))?;
        terragrunt.args(["run", "--all", "--summary-disable"]);
        terragrunt.args(folders.iter().map(|folder| format!("--filter=./{folder}/**")));
        terragrunt.arg(format!("--report-file={}", report.display())).args(options);
        terragrunt.arg("--").args(command);
        let log = self.work.join(format!("{name}.log"));
        let mut file = tokio::fs::File::create(&log).await?;
        let mut group = Group::spawn(&mut terragrunt, &self.work).context("terragrunt")?;
        let mut lines = read_lines(&mut group)?;
        let (mut reader, mut errors) = (output::Reader::default(), Vec::new());
        let status = loop {
            tokio::select! {
                Some(text) = lines.recv() => {
                    file.write_all(format!("{text}\n").as_bytes()).await?;
                    let line = reader.read(&text);
                    if line.is_error() {
                        errors.push(line.to_string());
                    }
                    told(&line);
                }
                // Only where all pipes are closed.
                else => break group.wait().await?,
            }
        };
        file.flush().await?;
        let seconds = began.elapsed().as_secs_f64();
        let units = match std::fs::read_to_string(&report) {
            Ok(text) => read_report(&text)?,
            Err(_) if errors.is_empty() => {
                bail!("terragrunt left no report: see {}", log.display())
            }
            Err(_) => bail!("terragrunt left no report:\n{}", errors.join("\n")),
        };
        Ok(Run { succeeded: status.success(), units, seconds, log, errors })
    }

    /// Runs Terragrunt in the folder of one unit, and returns its exit and what it printed.
    ///
    /// # Errors
    /// Where it does not run.
    pub async fn run_unit(&self, unit: &str, arguments: &[&str]) -> Result<std::process::Output> {
        let mut command = self.terragrunt(&self.root.join("live").join(unit))?;
        command.args(arguments).kill_on_drop(true);
        command.output().await.context("failed to run terragrunt")
    }

    fn terragrunt(&self, folder: &Path) -> Result<Command> {
        let program =
            tools::find("terragrunt").context("terragrunt is not installed: run `make tools`")?;
        let mut command = Command::new(program);
        command
            .current_dir(folder)
            .env_clear()
            .envs(&self.environment)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Ok(command)
    }

    /// The core that plans and applies.
    pub const fn core(&self) -> Core {
        self.core
    }
}

impl Run {
    /// What failed, in a few lines; nothing where all succeeded.
    pub fn trouble(&self) -> Option<String> {
        if self.succeeded {
            return None;
        }
        let failed: Vec<&str> = self
            .units
            .iter()
            .filter(|(_, unit)| unit.result == "failed")
            .map(|(name, _)| name.as_str())
            .collect();
        let errors = self.errors.join("\n");
        Some(format!("failed: {}\n{errors}\nSee {}", failed.join(", "), self.log.display()))
    }
}

/// The environment without the sandbox's part.
fn basic_environment(work: &Path, core: Core) -> Result<BTreeMap<String, String>> {
    let program = core.program();
    let core = tools::find(program)
        .with_context(|| format!("{program} is not installed: run `make tools`"))?;
    let configuration = tools_folder().join("terraform.rc");
    ensure!(configuration.exists(), "{} is missing: run `make install`", configuration.display());
    let inherited =
        INHERITED.into_iter().filter_map(|name| Some((name, std::env::var(name).ok()?)));
    let mut all: BTreeMap<String, String> =
        inherited.map(|(name, value)| (name.to_owned(), value)).collect();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(tools_folder().join("bin")).chain(std::env::split_paths(&path));
    let set = [
        ("PATH", std::env::join_paths(folders)?.to_string_lossy().into_owned()),
        ("TF_CLI_CONFIG_FILE", configuration.display().to_string()),
        ("TF_IN_AUTOMATION", "1".to_owned()),
        ("CHECKPOINT_DISABLE", "1".to_owned()),
        ("TG_TF_PATH", core.display().to_string()),
        ("TG_DOWNLOAD_DIR", work.join("cache").display().to_string()),
        ("TG_NON_INTERACTIVE", "true".to_owned()),
        ("TG_NO_COLOR", "true".to_owned()),
        ("TG_NO_TIPS", "true".to_owned()),
        ("TG_BACKEND_BOOTSTRAP", "true".to_owned()),
        // The provider comes from a mirror on this machine, as a link: a cache could only be stale.
        ("TG_NO_AUTO_PROVIDER_CACHE_DIR", "true".to_owned()),
        ("TG_DESTROY_DEPENDENCIES_CHECK", "true".to_owned()),
        ("AWS_CONFIG_FILE", "/dev/null".to_owned()),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null".to_owned()),
    ];
    all.extend(set.map(|(name, value)| (name.to_owned(), value)));
    Ok(all)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Reported {
    name: String,
    started: DateTime<Utc>,
    ended: DateTime<Utc>,
    result: String,
}

fn read_report(text: &str) -> Result<BTreeMap<String, UnitRun>> {
    let reported: Vec<Reported> =
        serde_json::from_str(text).context("failed to understand terragrunt's report")?;
    let unit = |reported: Reported| {
        let took = (reported.ended - reported.started).to_std().unwrap_or_default();
        (reported.name, UnitRun { result: reported.result, seconds: took.as_secs_f64() })
    };
    Ok(reported.into_iter().map(unit).collect())
}

/// The lines of both outputs of a group, as they come.
fn read_lines(group: &mut Group) -> Result<tokio::sync::mpsc::Receiver<String>> {
    let (sender, receiver) = tokio::sync::mpsc::channel(64);
    let (stdout, stderr) = group.outputs().context("terragrunt has no output")?;
    tokio::spawn(pass_lines(stdout, sender.clone()));
    tokio::spawn(pass_lines(stderr, sender));
    Ok(receiver)
}

async fn pass_lines(pipe: impl AsyncRead + Unpin, sender: tokio::sync::mpsc::Sender<String>) {
    let mut lines = BufReader::new(pipe).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if sender.send(line).await.is_err() {
            return;
        }
    }
}

fn find_units(live: &Path, folder: &Path, units: &mut Vec<String>) -> Result<()> {
    let entries = std::fs::read_dir(folder)
        .with_context(|| format!("failed to read {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            find_units(live, &path, units)?;
        } else if path.file_name().is_some_and(|name| name == "terragrunt.hcl") {
            units.push(folder.strip_prefix(live)?.to_string_lossy().into_owned());
        }
    }
    Ok(())
}

/// Copies a file or a folder, without what begins with a dot in it.
///
/// # Errors
/// Where something cannot be read or written.
pub fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    if from.is_dir() {
        std::fs::create_dir_all(to)?;
        for entry in std::fs::read_dir(from)? {
            let name = entry?.file_name();
            if !name.to_string_lossy().starts_with('.') {
                copy_folder(&from.join(&name), &to.join(&name))?;
            }
        }
    } else {
        std::fs::copy(from, to).with_context(|| format!("failed to copy {}", from.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_report() {
        let text = r#"[{
            "Started": "2026-11-21T08:44:58.250Z", "Ended": "2026-11-21T08:45:04.500Z",
            "Name": "organization/global/organization", "Result": "succeeded", "Cmd": "apply"
        }]"#;
        let units = read_report(text).unwrap();
        let expected = UnitRun { result: "succeeded".to_owned(), seconds: 6.25 };
        assert_eq!(units["organization/global/organization"], expected);
        assert!(read_report("{}").is_err());
    }
}
