//! `travel orphans`, as people use it: what an apply has made, and its state has lost, is listed and
//! destroyed; what stands in a state is neither.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Output;

use http::Method;
use serde_json::Value as Json;
use tokio::process::Command;
use travel_acceptance::case::Case;
use travel_acceptance::conformance::inventory::Inventory;
use travel_acceptance::sandbox::faults::{Filter, Moment};
use travel_acceptance::sandbox::{self, Sandbox};
use travel_acceptance::stage;
use travel_acceptance::terraform::{Core, Workspace};

/// The case whose cluster the test uses, so that an inventory looks into it.
const CASE: &str = "travel_helm_release";
const REGIONS: [&str; 4] = ["--region", "eu-central-1", "--region", "eu-west-1"];

fn provider(deployment: &str) -> String {
    format!(
        r#"
terraform {{
  required_providers {{
    travel = {{ source = "registry.terraform.io/travelsources/travel" }}
  }}
}}

provider "travel" {{
  deployment = "{deployment}"
  region     = "eu-central-1"
}}

variable "charts" {{ type = string }}
"#
    )
}

fn release(name: &str) -> String {
    format!(
        r#"
resource "travel_helm_release" "{name}" {{
  name          = "{name}"
  namespace     = "default"
  chart         = "${{var.charts}}/probe"
  cluster       = {{ name = "case" }}
  values        = {{ greeting = "hello" }}
  secret_values = {{ password = "of the test" }}
}}
"#
    )
}

fn parameter(name: &str) -> String {
    format!(
        "resource \"travel_parameter\" \"{name}\" {{\n  name  = \"/{name}/url\"\n  value = \"x\"\n}}\n"
    )
}

fn network(name: &str, cidr: &str) -> String {
    format!(
        r#"
resource "travel_network" "{name}" {{
  name      = "{name}"
  cidr      = "{cidr}"
  zones     = ["eu-central-1a", "eu-central-1b"]
  flow_logs = {{}}
}}
"#
    )
}

/// Two releases, the second of which comes after the first.
fn stack(name: &str) -> String {
    format!(
        r#"
resource "travel_helm_stack" "{name}" {{
  name    = "{name}"
  cluster = {{ name = "case" }}

  release "{name}-base" {{
    chart     = "${{var.charts}}/probe"
    namespace = "default"
  }}

  release "{name}-shop" {{
    chart     = "${{var.charts}}/probe"
    namespace = "default"
    after     = ["{name}-base"]
  }}
}}
"#
    )
}

/// A set of a namespace with a document in it.
fn manifests(name: &str) -> String {
    format!(
        r#"
resource "travel_manifests" "{name}" {{
  name      = "{name}"
  namespace = "{name}"
  cluster   = {{ name = "case" }}

  objects = [
    {{ apiVersion = "v1", kind = "Namespace", metadata = {{ name = "{name}" }} }},
    {{ apiVersion = "v1", kind = "ConfigMap", metadata = {{ name = "greeting" }}, data = {{ a = "b" }} }},
  ]
}}
"#
    )
}

/// A cluster in the network of the same name.
fn cluster(name: &str) -> String {
    format!(
        r#"
resource "travel_eks_platform" "{name}" {{
  name       = "{name}"
  version    = "1.35"
  subnet_ids = travel_network.{name}.subnet_ids["private"]

  node_groups = {{
    general = {{ instance_types = ["m7i.large"], min_size = 1, max_size = 2 }}
  }}
}}
"#
    )
}

fn snapshot_policy(name: &str) -> String {
    format!(
        r#"
resource "travel_dr_snapshot_policy" "{name}" {{
  name        = "{name}"
  target_tags = {{ backup = ["{name}"] }}
  schedules   = {{ daily = {{ interval_hours = 24, retain = {{ count = 3 }} }} }}
}}
"#
    )
}

fn key(name: &str) -> String {
    format!(
        r#"
resource "travel_kms_key" "{name}" {{
  name         = "{name}"
  multi_region = true
  replicas     = {{ eu-west-1 = {{}} }}
}}
"#
    )
}

/// A workspace with a configuration in it, initialised.
async fn workspace(sandbox: &Sandbox, deployment: &str, text: &str) -> Workspace {
    let workspace = Workspace::new(Core::installed()[0], sandbox.environment()).unwrap();
    workspace.write("provider.tf", &provider(deployment)).unwrap();
    workspace.write("main.tf", text).unwrap();
    workspace.init().await.unwrap();
    workspace
}

/// Runs `travel` as it is installed.
async fn travel(sandbox: &Sandbox, folder: &Path, arguments: &[&str]) -> Output {
    Command::new(sandbox::tools_folder().join("bin/travel"))
        .args(arguments)
        .envs(sandbox.environment())
        .current_dir(folder)
        .stdin(std::process::Stdio::null())
        .output()
        .await
        .unwrap()
}

/// The report of `travel orphans --json`, and whether it ended in success.
async fn report(sandbox: &Sandbox, folder: &Path, arguments: &[&str]) -> (Json, bool) {
    let all: Vec<&str> = ["orphans", "--json"].iter().chain(arguments).copied().collect();
    let output = travel(sandbox, folder, &all).await;
    let (printed, said) = (output.stdout, String::from_utf8_lossy(&output.stderr).into_owned());
    let report = serde_json::from_slice(&printed);
    assert!(report.is_ok(), "{}{said}", String::from_utf8_lossy(&printed));
    let report = report.unwrap();
    (report, output.status.success())
}

/// The orphans of a report, each with what became of it.
fn orphans(report: &Json) -> BTreeMap<String, String> {
    let orphans = report["orphans"].as_array().unwrap().iter();
    let named = orphans.map(|orphan| {
        let text = |name: &str| orphan[name].as_str().unwrap_or_default().to_owned();
        (text("resource"), format!("{} {}", text("outcome"), text("reason")).trim().to_owned())
    });
    named.collect()
}

/// What has lost its state.
const LOST: [&str; 12] = [
    "travel_dr_snapshot_policy/lost",
    "travel_eks_platform/lost",
    "travel_helm_release/case//default/lost",
    "travel_helm_stack/case//lost",
    "travel_kms_key/lost",
    "travel_manifests/case//lost",
    "travel_network/early",
    "travel_network/killed",
    "travel_network/lost",
    "travel_organizational_unit/inner",
    "travel_organizational_unit/outer",
    "travel_parameter//lost/url",
];

#[tokio::test(flavor = "multi_thread")]
async fn what_has_lost_its_state_is_listed_and_destroyed() {
    let case = Case::of(CASE).unwrap();
    if stage::left_out(case.cluster()) {
        return;
    }
    let sandbox = stage::start(case.cluster()).await.unwrap();
    let organization = "resource \"travel_organization\" \"this\" {\n  name = \"kept\"\n}\n\n\
                        output \"root\" { value = travel_organization.this.root_id }\n";
    let text = [
        organization,
        &parameter("kept"),
        &key("kept"),
        &network("kept", "10.1.0.0/16"),
        &release("kept"),
        &stack("kept"),
        &manifests("kept"),
    ];
    let kept = workspace(&sandbox, "test/kept", &text.concat()).await;
    kept.apply(&[]).await.unwrap();
    let root = kept.outputs().await.unwrap()["root"].clone();
    let before = Inventory::take(&sandbox, &case).await.unwrap();

    let units = format!(
        "resource \"travel_organizational_unit\" \"outer\" {{\n  name = \"outer\"\n  parent_id = \
         {root:?}\n}}\n\nresource \"travel_organizational_unit\" \"inner\" {{\n  name = \
         \"inner\"\n  parent_id = travel_organizational_unit.outer.id\n}}\n"
    );
    let text = [
        units.as_str(),
        &parameter("lost"),
        &key("lost"),
        &network("lost", "10.2.0.0/16"),
        &cluster("lost"),
        &snapshot_policy("lost"),
        &release("lost"),
        &stack("lost"),
        &manifests("lost"),
    ];
    let lost = workspace(&sandbox, "test/lost", &text.concat()).await;
    lost.apply(&[]).await.unwrap();
    std::fs::remove_file(lost.folder().join("terraform.tfstate")).unwrap();
    let killed = workspace(&sandbox, "test/killed", &network("killed", "10.3.0.0/16")).await;
    let filter = Filter::of("ec2", "CreateRouteTable");
    sandbox.kill_at(filter, 1, Moment::After).await.unwrap();
    killed.apply(&[]).await.unwrap_err();
    sandbox.clear_faults().await.unwrap();
    // What stands in no VPC may come before it.
    let early = workspace(&sandbox, "test/early", &network("early", "10.4.0.0/16")).await;
    let filter = Filter::of("iam", "CreateRole");
    sandbox.kill_at(filter, 1, Moment::After).await.unwrap();
    early.apply(&[]).await.unwrap_err();
    sandbox.clear_faults().await.unwrap();

    let bucket = in_bucket(&sandbox, &kept).await;
    let [lost, killed, early] =
        [&lost, &killed, &early].map(|it| it.folder().display().to_string());
    let folders = [bucket, lost, killed, early];
    let states = folders.iter().flat_map(|folder| ["--state", folder.as_str()]);
    let mut arguments: Vec<&str> = states.collect();
    arguments.extend(REGIONS);
    arguments.extend(["--cluster", case.cluster().unwrap()]);
    let (listed, good) = report(&sandbox, kept.folder(), &arguments).await;
    let expected: BTreeSet<String> = LOST.iter().map(|it| (*it).to_owned()).collect();
    let found: BTreeSet<String> = orphans(&listed).into_keys().collect();
    assert_eq!(found, expected, "{listed:#}");
    assert!(good && listed["complete"] == true, "{listed:#}");
    assert_eq!(listed["duplicates"], serde_json::json!([]));

    check_duplicates(&sandbox, &kept, &arguments).await;
    let nobody = travel(&sandbox, kept.folder(), &["orphans", "--destroy"]).await;
    assert!(!nobody.status.success());
    assert!(String::from_utf8_lossy(&nobody.stderr).contains("--yes"));

    arguments.extend(["--destroy", "--yes"]);
    let (destroyed, good) = report(&sandbox, kept.folder(), &arguments).await;
    let expected = LOST.iter().map(|it| ((*it).to_owned(), "destroyed".to_owned())).collect();
    assert_eq!(orphans(&destroyed), expected, "{destroyed:#}");
    assert!(good);
    // A key is there until its deletion window is over; definitions of a chart stay.
    let stays = ["travel_kms_key/lost", "CustomResourceDefinition"].map(str::to_owned);
    let after = Inventory::take(&sandbox, &case).await.unwrap().without(&stays);
    before.without(&stays).compare(&after).unwrap();
    let (again, good) = report(&sandbox, kept.folder(), &arguments).await;
    assert!(good && orphans(&again).is_empty(), "{again:#}");
    let plan = kept.plan(&[]).await.unwrap();
    assert!(plan.is_empty(), "{plan:?}");
}

/// The place of a bucket in which the state of a workspace stands, with a lock beside it.
async fn in_bucket(sandbox: &Sandbox, workspace: &Workspace) -> String {
    let client = sandbox.client();
    let put = async |path: &str, body: Vec<u8>| {
        client.rest("s3", Method::PUT, path, body).await.unwrap();
    };
    let place = "<CreateBucketConfiguration><LocationConstraint>eu-central-1</LocationConstraint>\
                 </CreateBucketConfiguration>";
    put("/states", place.into()).await;
    let state = std::fs::read(workspace.folder().join("terraform.tfstate")).unwrap();
    put("/states/kept/terraform.tfstate", state).await;
    put("/states/kept/terraform.tfstate.tflock", b"{}".to_vec()).await;
    put("/states/other/no-state.txt", b"none".to_vec()).await;
    "s3://states/kept/".to_owned()
}

/// One object in two states is told of.
async fn check_duplicates(sandbox: &Sandbox, kept: &Workspace, arguments: &[&str]) {
    let copy = tempfile::tempdir().unwrap();
    let state = kept.folder().join("terraform.tfstate");
    std::fs::copy(&state, copy.path().join("copy.tfstate")).unwrap();
    let folder = copy.path().display().to_string();
    let all: Vec<&str> = arguments.iter().copied().chain(["--state", &folder]).collect();
    let (twice, _) = report(sandbox, kept.folder(), &all).await;
    let found = twice["duplicates"].as_array().unwrap().iter();
    let found: BTreeSet<&str> = found.map(|it| it["resource"].as_str().unwrap()).collect();
    assert!(found.contains("travel_network/kept") && found.contains("travel_parameter//kept/url"));
    std::fs::write(copy.path().join("copy.tfstate"), "{\"encrypted_data\": \"\"}").unwrap();
    let refused = travel(sandbox, kept.folder(), &["orphans", "--state", &folder]).await;
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("it is encrypted"));
}
