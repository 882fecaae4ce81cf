//! Renders small charts, each about one thing in which charts of the field differ, and compares with what the real Helm
//! printed, to the byte; and asks the real Helm again where it is installed (`make test-tools`).
//!
//! A case is a chart in `cases/` with `rendered.txt`, what comes of its defaults, and `refused.txt`, what is said of
//! `refused.values.yaml`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../examples/template/command.rs"]
#[allow(dead_code, reason = "only the example runs the command as a program")]
mod template;

use std::path::Path;
use std::process::Command;

/// What the real Helm prints or says; nothing where it is not installed.
fn helm(arguments: &[String]) -> Option<Result<String, String>> {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.tools/bin/helm");
    if !program.exists() {
        return None;
    }
    let output = Command::new(program).arg("template").args(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Some(if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) })
}

fn check(chart: &Path, values: Option<&str>, expected: &Result<String, String>) {
    let path = chart.display().to_string();
    let mut arguments = ["release", &path, "--namespace", "namespace", "--kube-version", "1.33.0"]
        .map(str::to_owned)
        .to_vec();
    if let Some(values) = values {
        arguments.extend(["--values".to_owned(), chart.join(values).display().to_string()]);
    }
    assert_eq!(template::run(&arguments), *expected, "{path}");
    if let Some(real) = helm(&arguments) {
        assert_eq!(real, *expected, "{path}: Helm prints something else");
    }
}

#[test]
fn cases_are_rendered_as_helm_renders_them() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut cases = 0;
    for chart in std::fs::read_dir(folder).unwrap() {
        let chart = chart.unwrap().path();
        let text = |name: &str| std::fs::read_to_string(chart.join(name)).unwrap();
        check(&chart, None, &Ok(text("rendered.txt")));
        check(&chart, Some("refused.values.yaml"), &Err(text("refused.txt")));
        cases += 1;
    }
    assert!(cases > 0);
}
