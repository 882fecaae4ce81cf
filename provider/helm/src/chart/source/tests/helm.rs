//! The real Helm, where it is installed (`make test-tools`).

use std::path::{Path, PathBuf};

/// The program; where it is not there, this says that something is left out.
pub fn program() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let program = root.join(".tools/bin/helm");
    if program.exists() {
        return Some(program);
    }
    eprintln!("left out: .tools/bin/helm is not there");
    None
}

/// Runs it with a home of its own. What it has said, as an error where it fails.
pub async fn run(program: &Path, home: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = tokio::process::Command::new(program)
        .args(arguments)
        .env_clear()
        .env("HOME", home)
        .current_dir(home)
        .output()
        .await
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
    if output.status.success() { Ok(said) } else { Err(format!("{arguments:?}: {said}")) }
}
