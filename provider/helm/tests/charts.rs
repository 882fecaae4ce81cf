//! Renders the repository's own charts and compares with what the real Helm printed, to the byte; and asks the real
//! Helm again where it is installed (`make test-tools`).
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../examples/template/command.rs"]
#[allow(dead_code, reason = "only the example runs the command as a program")]
mod template;

use std::path::{Path, PathBuf};
use std::process::Command;

/// The charts with the cases of each: `charts/tests/CHART-CASE.values.yaml`, and beside it what comes of it.
const CASES: [(&str, &[&str]); 2] =
    [("namespaces", &["services", "variants"]), ("service", &["deployment", "rollout", "scaled"])];

/// Values that a chart refuses, and with which words.
const REFUSED: [(&str, &str, &str); 6] = [
    (
        "namespaces",
        "namespaces: { a: { podSecurity: { enforce: strict } } }",
        "/namespaces/a/podSecurity/enforce",
    ),
    ("namespaces", "namespaces: { Orders: {} }", "Orders"),
    ("service", "image: { repository: a }", "/image"),
    ("service", "image: { repository: a, tag: 1 }", "/image/tag"),
    (
        "service",
        "{ image: { repository: a, tag: b }, autoscaling: { maxReplicas: 1 } }",
        "maxReplicas is 1",
    ),
    (
        "service",
        "{ image: { repository: a, tag: b }, autoscaling: { cpuUtilization: 0 } }",
        "autoscaling needs",
    ),
];

fn charts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../charts").canonicalize().unwrap()
}

/// The arguments after `template`, which our example and the real Helm understand alike.
fn arguments(chart: &str, values: &Path) -> Vec<String> {
    let (chart, values) = (charts().join(chart), values.display().to_string());
    let chart = chart.display().to_string();
    ["shop", &chart, "--namespace", "shop", "--kube-version", "1.35.0", "--values", &values]
        .map(str::to_owned)
        .to_vec()
}

/// What the real Helm prints or says; nothing where it is not installed.
fn helm(arguments: &[String]) -> Option<Result<String, String>> {
    let program = charts().parent()?.join(".tools/bin/helm");
    if !program.exists() {
        return None;
    }
    let output = Command::new(program).arg("template").args(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Some(if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) })
}

#[test]
fn own_charts_are_rendered_as_helm_renders_them() {
    for (chart, cases) in CASES {
        for case in cases {
            let name = format!("{chart}-{case}");
            let arguments = arguments(chart, &charts().join(format!("tests/{name}.values.yaml")));
            let expected = charts().join(format!("tests/{name}.yaml"));
            let expected = std::fs::read_to_string(expected).unwrap();
            if let Some(real) = helm(&arguments) {
                assert_eq!(real.as_ref(), Ok(&expected), "{name}: Helm prints something else");
            }
            assert_eq!(template::run(&arguments), Ok(expected), "{name}");
        }
    }
}

#[test]
fn own_charts_refuse_values_that_make_no_sense() {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("refused.values.yaml");
    for (chart, values, words) in REFUSED {
        std::fs::write(&file, values).unwrap();
        let arguments = arguments(chart, &file);
        let message = template::run(&arguments).unwrap_err();
        assert!(message.contains(words), "{values}: {message}");
        if let Some(real) = helm(&arguments) {
            assert_eq!(real, Err(message), "{values}");
        }
    }
}
