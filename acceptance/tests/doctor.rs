//! `travel doctor`, against set-ups in which an apply would go well, and in which it would not.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use serde_json::Value as Json;
use tokio::process::Command;
use travel_acceptance::case::Case;
use travel_acceptance::conformance::inventory::Inventory;
use travel_acceptance::sandbox::{self, Sandbox, repository};
use travel_acceptance::stage;

/// The case whose cluster the test uses, so that an inventory looks into it.
const CASE: &str = "travel_helm_release";

/// The checks of `travel doctor --json`, as `result check subject: message`, and whether it ended in
/// success.
async fn doctor(
    sandbox: &Sandbox,
    more: &[(&str, &str)],
    arguments: &[&str],
) -> (BTreeSet<String>, bool) {
    let output = Command::new(sandbox::tools_folder().join("bin/travel"))
        .args(["doctor", "--json"])
        .args(arguments)
        .envs(sandbox.environment())
        .envs(more.iter().copied())
        .output()
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let report = serde_json::from_slice::<Json>(&output.stdout);
    assert!(report.is_ok(), "{said}");
    let report = report.unwrap();
    let checks = report["checks"].as_array().unwrap().iter().map(|check| {
        let text = |name: &str| check[name].as_str().unwrap().to_owned();
        let has_remedy = check["remedy"].is_string();
        assert_eq!(has_remedy, check["result"] != "ok", "{check}");
        format!("{} {} {}: {}", text("result"), text("check"), text("subject"), text("message"))
    });
    assert_eq!(report["ok"], output.status.success());
    (checks.collect(), output.status.success())
}

fn has(checks: &BTreeSet<String>, start: &str) -> bool {
    checks.iter().any(|check| check.starts_with(start))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_apply_needs_is_looked_at() {
    let case = Case::of(CASE).unwrap();
    let name = case.cluster().unwrap();
    if stage::left_out(case.cluster()) {
        return;
    }
    let sandbox = stage::start(case.cluster()).await.unwrap();
    let before = Inventory::take(&sandbox, &case).await.unwrap();

    let chart = repository().join("acceptance/charts/probe").display().to_string();
    let (checks, good) = doctor(&sandbox, &[], &["--cluster", name, "--chart", &chart]).await;
    assert!(good, "{checks:#?}");
    for start in [
        "ok credentials environment: ",
        "ok account 111122223333: ",
        "ok region 111122223333 eu-central-1: it is enabled",
        "ok quota 111122223333 eu-central-1 networks (VPCs): ",
        "ok cluster case: everything may be changed in it",
    ] {
        assert!(has(&checks, start), "{start} in {checks:#?}");
    }
    assert!(has(&checks, &format!("ok chart {chart}: the chart probe")), "{checks:#?}");

    for (arguments, start) in [
        (["--account", "999999999999"], "failed account 999999999999: "),
        (["--account", "nobody"], "failed account nobody: "),
        (["--region", "mars-north-1"], "failed region 111122223333 mars-north-1: "),
        (["--cluster", "nowhere"], "failed cluster nowhere: there is no such cluster"),
        (["--chart", "./nowhere"], "failed chart ./nowhere: "),
        (["--chart", "http://127.0.0.1:1/charts"], "failed chart http://127.0.0.1:1/charts: "),
    ] {
        let (checks, good) = doctor(&sandbox, &[], &arguments).await;
        assert!(!good && has(&checks, start), "{arguments:?}: {checks:#?}");
        assert!(has(&checks, "ok credentials "), "{arguments:?}: {checks:#?}");
    }
    let stranger = [("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")];
    let (checks, good) = doctor(&sandbox, &stranger, &[]).await;
    assert!(!good && has(&checks, "failed credentials environment: "), "{checks:#?}");
    before.compare(&Inventory::take(&sandbox, &case).await.unwrap()).unwrap();
}
