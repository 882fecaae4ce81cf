//! The log of a provider: it has a line for each call that the sandbox has recorded, the retried ones
//! included, and no other.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use travel_acceptance::case::Case;
use travel_acceptance::conformance::{Extent, Trial, Walk};
use travel_acceptance::sandbox::faults::{Action, Filter, Rule};
use travel_acceptance::sandbox::record::Query;
use travel_acceptance::sandbox::trouble::Trouble;
use travel_acceptance::stage;

/// How long the last lines of a process may take to be read.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a line or an entry of the record is of: service, operation, HTTP status.
type Call = (String, String, u64);

#[tokio::test(flavor = "multi_thread")]
async fn the_log_has_every_call_once() {
    if stage::left_out(None) {
        return;
    }
    // One with two regions, batches and tags; one with a cluster, which is called itself.
    check("travel_kms_key", "kms").await;
    if !stage::left_out(Some("case")) {
        check("travel_helm_release", "eks").await;
    }
}

async fn check(type_name: &str, throttled: &str) {
    let case = Case::of(type_name).unwrap();
    let sandbox = stage::start(case.cluster()).await.unwrap();
    let since = sandbox.last_call().await.unwrap();
    let mut trial = Trial::begin(&sandbox, &case).await.unwrap();
    trial.core.start.environment.insert("TF_LOG_PROVIDER".to_owned(), "DEBUG".to_owned());
    let throttle = Action::Trouble { trouble: Trouble::Throttled, code: None };
    let filter = Filter { user_agent: "travel/".into(), ..Filter::of(throttled, "") };
    let rule = Rule { skip: 2, times: Some(3), ..Rule::once(filter, throttle) };
    let fault = sandbox.add_fault(&rule).await.unwrap();
    trial.walk(&Walk::new(&[], Extent::Sample)).await.unwrap();
    assert_eq!(sandbox.fault(fault).await.unwrap().fired.len(), 3, "{type_name}");

    let query = Query { since, user_agent: "travel/".into(), ..Query::default() };
    let mut recorded = BTreeMap::<Call, usize>::new();
    for entry in sandbox.record(&query).await.unwrap() {
        let service = match entry.service.as_str() {
            "elb" | "elbv2" => "elasticloadbalancing",
            "resourcegroupstaggingapi" => "tag",
            other => other,
        };
        let call = (service.to_owned(), entry.operation, entry.status.into());
        *recorded.entry(call).or_default() += 1;
    }
    let mut lines = Vec::new();
    let mut logged = BTreeMap::<Call, usize>::new();
    let begun = Instant::now();
    while logged != recorded && begun.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(100)).await;
        for line in trial.core.start.log.take().lines() {
            let line: Json = serde_json::from_str(line).unwrap();
            if !line["duration_milliseconds"].is_null() && line["service"].is_string() {
                let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
                let status = line["status"].as_u64().unwrap_or_default();
                let call = (text("service"), text("operation"), status);
                *logged.entry(call).or_default() += 1;
                lines.push(line);
            }
        }
    }
    assert_eq!(logged, recorded, "{type_name}");
    check_lines(&lines);
}

/// Every line says where, how long and under which id; what was throttled is a warning, and the
/// retry says that it is one.
fn check_lines(lines: &[Json]) {
    for line in lines {
        assert!(line["request_id"].is_string(), "{line}");
        assert!(line["attempt"].is_u64(), "{line}");
        let is_of_aws = line["service"] != "kubernetes";
        assert!(line[if is_of_aws { "region" } else { "cluster" }].is_string(), "{line}");
        assert!(!is_of_aws || line["service"] == "sts" || line["account"].is_string(), "{line}");
        let expected = if line["status"] == 200 { "debug" } else { "" };
        assert!(expected.is_empty() || line["@level"] == expected, "{line}");
    }
    let throttled = |line: &&Json| line["error"].as_str().is_some_and(|it| it.contains("Throttl"));
    let throttled: Vec<&Json> = lines.iter().filter(throttled).collect();
    assert_eq!(throttled.len(), 3, "{throttled:?}");
    assert!(throttled.iter().all(|line| line["@level"] == "warn"), "{throttled:?}");
    assert!(lines.iter().any(|line| line["attempt"].as_u64() > Some(1)));
}
