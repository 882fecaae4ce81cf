//! `travel doctor`: whether an apply can go well, looked at before it. Nothing is changed.

use std::process::ExitCode;

use anyhow::{Context, Result};
use serde::Serialize;
use travel_framework::finding::{Finding, Verdict};

use super::table::table;
use super::{Place, Session};

/// The version of the JSON's shape; it changes only where something is taken away.
const FORMAT: u32 = 1;

/// Checks, before an apply, whether it can go well
#[derive(Clone, Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    place: Place,
    /// Where charts come from: the folder or archive of one, or a mirror of them (a folder or URL
    /// with an index.yaml)
    #[arg(long = "chart", value_name = "SOURCE")]
    charts: Vec<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Report<'a> {
    format: u32,
    ok: bool,
    checks: Vec<Check<'a>>,
}

#[derive(Serialize)]
struct Check<'a> {
    check: &'static str,
    subject: &'a str,
    result: &'static str,
    message: &'a str,
    remedy: Option<&'a str>,
}

/// Carries it out. It ends in success unless something failed.
///
/// # Errors
/// Where the report cannot be written.
pub async fn run(session: &Session, arguments: &Arguments) -> Result<ExitCode> {
    let kubernetes = &session.platforms.kubernetes;
    let mut findings = session.platforms.aws.check_up(&arguments.place.area()).await;
    for (name, wanted) in arguments.place.wanted_clusters() {
        findings.extend(kubernetes.check_cluster(&name, &wanted).await);
    }
    let charts = arguments.charts.iter().cloned().chain(kubernetes.mirror());
    for place in charts {
        findings.push(kubernetes.check_chart(&place).await);
    }
    let good = findings.iter().all(|finding| finding.verdict != Verdict::Failed);
    if arguments.json {
        let report = report(&findings, good);
        println!("{}", serde_json::to_string_pretty(&report).context("failed to write JSON")?);
    } else {
        print!("{}", text(&findings));
    }
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn report(findings: &[Finding], ok: bool) -> Report<'_> {
    let checks = findings.iter().map(|it| Check {
        check: it.check,
        subject: &it.subject,
        result: it.verdict.as_str(),
        message: &it.message,
        remedy: Some(it.remedy.as_str()).filter(|remedy| !remedy.is_empty()),
    });
    Report { format: FORMAT, ok, checks: checks.collect() }
}

fn text(findings: &[Finding]) -> String {
    let rows = findings.iter().map(|it| {
        let message = match it.remedy.as_str() {
            "" => it.message.clone(),
            remedy => format!("{}. {remedy}", it.message.trim_end_matches('.')),
        };
        [it.verdict.as_str().to_owned(), it.check.to_owned(), it.subject.clone(), message]
    });
    table(["RESULT", "CHECK", "SUBJECT", "MESSAGE"], rows)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn people_and_programs_learn_the_same() {
        let findings = [
            Finding::ok("region", "dev eu-west-1", "it is enabled"),
            Finding::failed("chart", "x", "there is none.", "Name another."),
        ];
        let expected = "\
            RESULT  CHECK   SUBJECT        MESSAGE\n\
            ok      region  dev eu-west-1  it is enabled\n\
            failed  chart   x              there is none. Name another.\n";
        assert_eq!(text(&findings), expected);
        let expected = json!({
            "format": 1,
            "ok": false,
            "checks": [
                {
                    "check": "region", "subject": "dev eu-west-1", "result": "ok",
                    "message": "it is enabled", "remedy": null,
                },
                {
                    "check": "chart", "subject": "x", "result": "failed",
                    "message": "there is none.", "remedy": "Name another.",
                },
            ],
        });
        assert_eq!(serde_json::to_value(report(&findings, false)).unwrap(), expected);
    }
}
