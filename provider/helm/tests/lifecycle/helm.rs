//! The real Helm.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

/// The program with a home of its own.
pub struct Helm {
    program: PathBuf,
    home: TempDir,
}

impl Helm {
    pub fn new(programs: &Path, kubeconfig: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("kubeconfig"), kubeconfig).unwrap();
        Helm { program: programs.join("helm"), home }
    }

    /// Runs it in a namespace; panics where it fails.
    pub fn run(&self, namespace: &str, arguments: &[&str]) -> String {
        let mut command = Command::new(&self.program);
        command.args(arguments).args(["--namespace", namespace]);
        for variable in ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"] {
            command.env(variable, self.home.path());
        }
        command.env("KUBECONFIG", self.home.path().join("kubeconfig"));
        let output = command.output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "helm {arguments:?}: {error}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// What it says of each revision: number, status and description.
    pub fn history(&self, namespace: &str, name: &str) -> Vec<(u64, String, String)> {
        let text = self.run(namespace, &["history", name, "--output", "json"]);
        let revisions: Vec<Value> = serde_json::from_str(&text).unwrap();
        let field = |revision: &Value, field: &str| revision[field].as_str().unwrap().to_owned();
        revisions
            .iter()
            .map(|revision| {
                let number = revision["revision"].as_u64().unwrap();
                (number, field(revision, "status"), field(revision, "description"))
            })
            .collect()
    }

    /// The names of the releases in a namespace, with their statuses.
    pub fn list(&self, namespace: &str) -> Vec<(String, String)> {
        let text = self.run(namespace, &["list", "--output", "json"]);
        let releases: Vec<Value> = serde_json::from_str(&text).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        releases.iter().map(|release| (text(&release["name"]), text(&release["status"]))).collect()
    }
}
