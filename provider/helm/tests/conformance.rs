//! Renders the conformance charts and compares with what the real Helm printed, to the byte.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../examples/template/command.rs"]
#[allow(dead_code, reason = "only the example runs the command as a program")]
mod template;

use std::io::Read as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// The folder with the cases, if it is there.
fn cases_folder() -> Option<PathBuf> {
    let folder = match std::env::var_os("TRAVEL_CONFORMANCE_DIR") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance/helm"),
    };
    let present = folder.join("cases.json").is_file();
    if !present {
        println!("left out: there are no conformance cases at {}", folder.display());
    }
    present.then_some(folder)
}

fn text<'c>(case: &'c Value, key: &str) -> &'c str {
    case[key].as_str().unwrap_or_default()
}

fn run(folder: &Path, case: &Value) -> Result<String, String> {
    let path = |key: &str| folder.join(text(case, key)).display().to_string();
    // What is not there is named as the case names it, for the message holds the name.
    let chart = if Path::new(&path("chart")).exists() {
        path("chart")
    } else {
        text(case, "chart").to_owned()
    };
    let mut arguments = vec![text(case, "release").to_owned(), chart];
    for (flag, value) in
        [("--namespace", text(case, "namespace")), ("--kube-version", text(case, "kubeVersion"))]
    {
        arguments.extend([flag.to_owned(), value.to_owned()]);
    }
    arguments.push("--include-crds".to_owned());
    if !case["values"].is_null() {
        arguments.extend(["--values".to_owned(), path("values")]);
    }
    let prefix = format!("{}/", folder.display());
    template::run(&arguments).map_err(|message| message.replace(&prefix, ""))
}

/// Runs all cases of a list and returns what is wrong with each that fails.
fn check(list: &str, judge: impl Fn(&Path, &Value, Result<String, String>) -> Result<(), String>) {
    let Some(folder) = cases_folder() else { return };
    let cases = std::fs::read_to_string(folder.join(list)).unwrap();
    let cases: Vec<Value> = serde_json::from_str(&cases).unwrap();
    let mut failed = Vec::new();
    for case in &cases {
        if let Err(difference) = judge(&folder, case, run(&folder, case)) {
            failed.push(format!("{}: {difference}", text(case, "id")));
        }
    }
    println!("{}: {} of {} cases are identical", list, cases.len() - failed.len(), cases.len());
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}

fn first_difference(found: &str, expected: &str) -> String {
    let place = found.lines().zip(expected.lines()).position(|(found, expected)| found != expected);
    let line = place.unwrap_or_else(|| found.lines().count().min(expected.lines().count()));
    let show = |text: &str| {
        text.lines().nth(line).map_or("nothing".to_owned(), |line| format!("{line:?}"))
    };
    format!("line {}: {} instead of {}", line + 1, show(found), show(expected))
}

#[test]
fn output_is_that_of_helm() {
    check("cases.json", |folder, case, output| {
        let file = std::fs::File::open(folder.join(text(case, "expected"))).unwrap();
        let mut expected = String::new();
        flate2::read::GzDecoder::new(file).read_to_string(&mut expected).unwrap();
        let output = output?;
        let masked: usize = case["maskedLines"].as_u64().unwrap_or_default().try_into().unwrap();
        let output = if masked == 0 { output } else { mask(&output, &expected) };
        if output == expected { Ok(()) } else { Err(first_difference(&output, &expected)) }
    });
}

/// Takes the lines that differ from one run to the next from the expected text.
fn mask(output: &str, expected: &str) -> String {
    let lines = output.split('\n').zip(expected.split('\n'));
    let lines = lines
        .map(|(found, expected)| if expected.contains("@@RANDOM@@") { expected } else { found });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn refusals_are_those_of_helm() {
    check("error-cases.json", |folder, case, output| {
        let expected = std::fs::read_to_string(folder.join(text(case, "expectedStderr"))).unwrap();
        let Err(message) = output else { return Err("was not refused".to_owned()) };
        let arranged = |text: &str| {
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            if case["unordered"] == Value::Bool(true) {
                lines.sort();
            }
            lines
        };
        if arranged(&message) == arranged(&expected) && message.len() == expected.len() {
            return Ok(());
        }
        Err(format!("{message:?} instead of {expected:?}"))
    });
}
