//! Snapshot policies at work: what they take, copy, share and leave behind, on the sandbox, whose DLM does all of it
//! when its clock is moved.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::{Value, json};
use travel_acceptance::case::Case;
use travel_acceptance::sandbox::client::Client;
use travel_acceptance::sandbox::xml::Element;
use travel_acceptance::sandbox::{self, Options, Sandbox};
use travel_acceptance::terraform::{Core, Workspace};

const TYPE: &str = "travel_dr_snapshot_policy";
const ADDRESS: &str = "travel_dr_snapshot_policy.this";
const HOUR_SECONDS: u32 = 3600;
/// The claim that a volume belongs to, as the CSI driver tags it.
const CLAIM: (&str, &str) = ("kubernetes.io/created-for/pvc/name", "data-0");

/// A volume of a claim, encrypted with a key.
async fn volume(client: &Client, key: &str) -> String {
    let parameters = [
        ("AvailabilityZone", "eu-central-1a"),
        ("Size", "1"),
        ("Encrypted", "true"),
        ("KmsKeyId", key),
        ("TagSpecification.1.ResourceType", "volume"),
        ("TagSpecification.1.Tag.1.Key", "backup"),
        ("TagSpecification.1.Tag.1.Value", "hourly"),
        ("TagSpecification.1.Tag.2.Key", CLAIM.0),
        ("TagSpecification.1.Tag.2.Value", CLAIM.1),
    ];
    let made = client.query("ec2", "CreateVolume", &parameters).await.unwrap();
    made.text_at("volumeId").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn snapshots_reach_region_and_account_and_outlive_their_policy() {
    if sandbox::left_out() {
        return;
    }
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let workspace = Workspace::new(Core::installed()[0], sandbox.environment()).unwrap();
    let (client, case) = (sandbox.client(), Case::of(TYPE).unwrap());
    case.prepare(&workspace).await.unwrap();
    case.set_up(&workspace, &client).await.unwrap();
    let key = workspace.state_of("travel_kms_key.volumes").await.unwrap()["arn"].clone();
    let key = key.as_str().unwrap().to_owned();
    let volume = volume(&client, &key).await;
    // With two volumes for the policy, what the case expects of one does not hold.
    let text = case.steps[0].text.split("\noutput ").next().unwrap().to_owned();
    workspace.write("main.tf", &text).unwrap();
    workspace.apply(&[]).await.unwrap();

    let state = workspace.state_of(ADDRESS).await.unwrap();
    assert!(state["volume_ids"].as_array().unwrap().contains(&json!(volume)), "{state}");
    assert_eq!(state["uncovered_volume_ids"].as_array().unwrap().len(), 1, "{state}");

    let done = sandbox.run_dlm(HOUR_SECONDS).await.unwrap();
    let of_claim = |items: Vec<Element>| -> Vec<Element> {
        items.into_iter().filter(|item| item.tag(CLAIM.0) == Some(CLAIM.1)).collect()
    };
    let taken = of_claim(client.dlm_snapshots().await.unwrap());
    assert_eq!(taken.len(), 1, "{done:?}");
    assert_eq!(taken[0].text_at("volumeId"), volume);

    let west = client.clone().in_region("eu-west-1");
    let copied = of_claim(west.dlm_snapshots().await.unwrap());
    assert_eq!(copied.len(), 1, "{done:?}");
    let recovery = workspace.state_of("travel_kms_key.recovery").await.unwrap()["arn"].clone();
    assert_eq!(copied[0].text_at("kmsKeyId"), recovery);

    // AWS shares no tags: a copy in the backup account names its snapshot.
    let account = workspace.state_of("travel_account.backup").await.unwrap()["id"].clone();
    let vault = sandbox.client_in(account.as_str().unwrap()).await.unwrap();
    let vault = vault.in_region("eu-west-1");
    let source = taken[0].text_at("snapshotId");
    let kept = vault.dlm_snapshots().await.unwrap();
    let kept: Vec<&Element> =
        kept.iter().filter(|item| item.text_at("description").contains(source)).collect();
    assert_eq!(kept.len(), 1, "{done:?}");
    let backup = workspace.state_of("travel_kms_key.backup").await.unwrap()["arn"].clone();
    assert_eq!(kept[0].text_at("kmsKeyId"), backup);

    // Without the policy nothing is taken, and nothing is deleted.
    workspace.write("main.tf", "").unwrap();
    workspace.apply(&[]).await.unwrap();
    let before =
        (client.dlm_snapshots().await.unwrap().len(), west.dlm_snapshots().await.unwrap().len());
    assert!(before.0 > 0 && before.1 > 0);
    sandbox.run_dlm(30 * 24 * HOUR_SECONDS).await.unwrap();
    assert_eq!(
        (client.dlm_snapshots().await.unwrap().len(), west.dlm_snapshots().await.unwrap().len()),
        before
    );
    assert!(!vault.dlm_snapshots().await.unwrap().is_empty());
    let grants = client.json("kms", "ListGrants", &json!({"KeyId": key})).await.unwrap();
    assert_eq!(grants["Grants"], json!([]));
}

/// How the rules of a region hold back what is deleted: their days and whether they are locked.
async fn rules(client: &Client) -> Vec<(u64, String)> {
    let query = json!({"ResourceType": "EBS_SNAPSHOT"});
    let path = "/list-rules";
    let listed = client.rest_json("rbin", http::Method::POST, path, Some(&query)).await.unwrap();
    let rule = |rule: &Value| {
        let days = rule["RetentionPeriod"]["RetentionPeriodValue"].as_u64().unwrap();
        (days, rule["LockState"].as_str().unwrap_or("never locked").to_owned())
    };
    listed["Rules"].as_array().unwrap().iter().map(rule).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_holds_until_its_delay_is_over() {
    if sandbox::left_out() {
        return;
    }
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let workspace = Workspace::new(Core::installed()[0], sandbox.environment()).unwrap();
    let (client, case) = (sandbox.client(), Case::of(TYPE).unwrap());
    case.prepare(&workspace).await.unwrap();
    case.set_up(&workspace, &client).await.unwrap();
    let west = client.clone().in_region("eu-west-1");
    // Days go by, in which it is to take no snapshots.
    let step = case.steps[0].text.split("\noutput ").next().unwrap();
    let step = step.replace("  name  ", "  state               = \"DISABLED\"\n  name  ");
    let with = |lock: &str| {
        let (before, rest) = step.split_once("  lock  ").unwrap();
        let (_, after) = rest.split_once('\n').unwrap();
        workspace.write("main.tf", &format!("{before}{lock}\n{after}")).unwrap();
    };
    with("lock = { retain_days = 14, unlock_delay_days = 7 }");
    workspace.apply(&[]).await.unwrap();
    for client in [&client, &west] {
        assert_eq!(rules(client).await, [(14, "locked".to_owned())]);
    }
    with("");
    let refused = workspace.plan(&[]).await.unwrap_err().to_string();
    assert!(refused.contains("7 days later"), "{refused}");

    with("lock = { retain_days = 14, unlock_delay_days = 7, unlocked = true }");
    workspace.apply(&[]).await.unwrap();
    assert_eq!(rules(&client).await, [(14, "pending_unlock".to_owned())]);
    let with_more_days = || with("lock = { retain_days = 30, unlock_delay_days = 9 }");
    with_more_days();
    let refused = workspace.plan(&[]).await.unwrap_err().to_string();
    assert!(refused.contains("Until then leave it as it is"), "{refused}");

    sandbox.advance_clock(8 * 24 * HOUR_SECONDS).await.unwrap();
    workspace.apply(&[]).await.unwrap();
    for client in [&client, &west] {
        assert_eq!(rules(client).await, [(30, "locked".to_owned())]);
    }
    assert!(workspace.plan(&[]).await.unwrap().is_empty());

    // What is locked stays when its policy goes, and the next policy of this name takes it over.
    workspace.write("main.tf", "").unwrap();
    let said = workspace.apply(&[]).await.unwrap();
    assert_eq!(said.matches("of the Recycle Bin stays").count(), 3, "{said}");
    with_more_days();
    workspace.apply(&[]).await.unwrap();
    assert_eq!(rules(&client).await, [(30, "locked".to_owned())]);
    assert!(workspace.plan(&[]).await.unwrap().is_empty());
}
