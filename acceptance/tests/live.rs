//! The live tree from nothing, with the real Terragrunt, terraform and OpenTofu, on the sandbox.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use travel_acceptance::live::{Line, Live, UnitPlan};
use travel_acceptance::sandbox::client::Client;
use travel_acceptance::sandbox::{self, Options, Sandbox};
use travel_acceptance::terraform::Core;
use travel_acceptance::tools;

/// A sandbox takes over a gigabyte, so tests take turns.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

const ORGANIZATION: &str = "organization/global/organization";

/// Whether this machine has what the tests need; says what is left out where it has not.
fn is_equipped() -> bool {
    if tools::find("terragrunt").is_none() {
        eprintln!("left out: no terragrunt: run `make tools`");
        return false;
    }
    !sandbox::left_out()
}

/// A sandbox with nothing in it, and a copy of the tree.
struct World {
    sandbox: Sandbox,
    live: Live,
    _folder: tempfile::TempDir,
}

impl World {
    async fn new(core: Core) -> Self {
        let sandbox = Sandbox::start(Options::default()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let live = Live::copy(folder.path(), core, sandbox.environment()).await.unwrap();
        Self { sandbox, live, _folder: folder }
    }

    /// Applies all units of some folders, and expects that to work.
    async fn apply(&self, folders: &[&str]) {
        let units: BTreeSet<String> = self.live.units(folders).unwrap().into_iter().collect();
        let command = ["apply", "-input=false"];
        let run = self.live.run_all("apply", folders, &command, |_| {}).await.unwrap();
        assert_eq!(run.trouble(), None);
        let ran: BTreeSet<String> = run.units.keys().cloned().collect();
        assert_eq!(ran, units);
    }

    /// Plans all units of some folders, and expects that to work.
    async fn plan(&self, folders: &[&str]) -> BTreeMap<String, UnitPlan> {
        let (run, plans) = self.live.plan_all("plan", folders, |_| {}).await.unwrap();
        assert_eq!(run.trouble(), None);
        assert_eq!(plans.len(), self.live.units(folders).unwrap().len());
        plans
    }

    /// Writes other text into a file of the copy.
    fn change(&self, file: &str, from: &str, to: &str) {
        let path = self.live.root().join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.matches(from).count(), 1, "{file} has {from:?} once");
        std::fs::write(path, text.replace(from, to)).unwrap();
    }

    /// A client in an account by its name in the organization.
    async fn account(&self, name: &str) -> Client {
        let listed = self.sandbox.client().json("organizations", "ListAccounts", &json!({})).await;
        let listed = listed.unwrap();
        let accounts = listed["Accounts"].as_array().unwrap();
        let account = accounts.iter().find(|account| account["Name"] == name).unwrap();
        self.sandbox.client_in(account["Id"].as_str().unwrap()).await.unwrap()
    }

    /// The keys of the objects in the bucket that holds the state.
    async fn states(&self) -> BTreeSet<String> {
        let client = self.sandbox.client();
        let path = "/travelsources-com-terraform-state?list-type=2";
        let answer = client.rest("s3", http::Method::GET, path, Vec::new()).await.unwrap();
        let text = String::from_utf8(answer.body.to_vec()).unwrap();
        let listed = sandbox::xml::Element::parse(&text).unwrap();
        let objects = listed.children.iter().filter(|item| item.name == "Contents");
        objects.map(|item| item.text_at("Key").to_owned()).collect()
    }
}

fn settled(plans: &BTreeMap<String, UnitPlan>) {
    for (unit, plan) in plans {
        assert!(plan.is_empty() && !plan.mocked, "{unit}: {:?}", plan.lines());
        assert!(plan.resources > 0, "{unit} has nothing");
    }
}

/// The path of the roles that services make for themselves.
const SERVICE_ROLES: &str = "/aws-service-role/";

/// What an account holds that somebody has made, by kind. Keys that wait for their deletion do not
/// count, nor does what every new account has.
async fn contents(client: &Client, regions: &[&str]) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for region in regions {
        let client = client.clone().in_region(region);
        for (operation, items) in [
            ("DescribeVpcs", "vpcSet"),
            ("DescribeSubnets", "subnetSet"),
            ("DescribeInternetGateways", "internetGatewaySet"),
            ("DescribeRouteTables", "routeTableSet"),
            ("DescribeVpcEndpoints", "vpcEndpointSet"),
            ("DescribeSecurityGroups", "securityGroupInfo"),
            ("DescribeAddresses", "addressesSet"),
            ("DescribeFlowLogs", "flowLogSet"),
            ("DescribeNetworkInterfaces", "networkInterfaceSet"),
            ("DescribeVolumes", "volumeSet"),
        ] {
            let answer = client.query("ec2", operation, &[]).await.unwrap();
            let count = answer.items(items).len();
            found.insert(format!("{region} {operation}"), count);
        }
        let gateways = client.query("ec2", "DescribeNatGateways", &[]).await.unwrap();
        let alive = gateways
            .items("natGatewaySet")
            .iter()
            .filter(|gateway| gateway.text_at("state") != "deleted")
            .count();
        found.insert(format!("{region} DescribeNatGateways"), alive);
        let groups = client.json("logs", "DescribeLogGroups", &json!({})).await.unwrap();
        let groups = groups["logGroups"].as_array().map_or(0, Vec::len);
        found.insert(format!("{region} DescribeLogGroups"), groups);
        found.insert(format!("{region} keys"), keys(&client, "Enabled").await.len());
    }
    let roles = client.query("iam", "ListRoles", &[]).await.unwrap();
    // A service's own role stays for whatever the account has of the service next.
    let is_made = |role: &&sandbox::xml::Element| !role.text_at("Path").starts_with(SERVICE_ROLES);
    let roles = roles.items("ListRolesResult/Roles").iter().filter(is_made).count();
    found.insert("roles".to_owned(), roles);
    found
}

/// The descriptions of an account's own keys in a state.
async fn keys(client: &Client, state: &str) -> BTreeSet<String> {
    let listed = client.json("kms", "ListKeys", &json!({})).await.unwrap();
    let mut found = BTreeSet::new();
    for key in listed["Keys"].as_array().into_iter().flatten() {
        let input = json!({ "KeyId": key["KeyId"] });
        let described = client.json("kms", "DescribeKey", &input).await.unwrap();
        let metadata: &Value = &described["KeyMetadata"];
        if metadata["KeyState"] == state && metadata["KeyManager"] != "AWS" {
            found.insert(metadata["Description"].as_str().unwrap_or_default().to_owned());
        }
    }
    found
}

const REGIONS: [&str; 2] = ["eu-central-1", "eu-west-1"];

async fn demo_path(core: Core) {
    let world = World::new(core).await;
    world.apply(&["organization"]).await;
    let dev = world.account("dev").await;
    let before = contents(&dev, &REGIONS).await;
    let in_management = contents(&world.sandbox.client(), &REGIONS).await;

    let both = ["organization", "dev"];
    world.apply(&both).await;
    settled(&world.plan(&both).await);
    let raised = contents(&dev, &REGIONS).await;
    assert_ne!(raised, before);
    // Whatever dev's units make stands in dev's account.
    assert_eq!(contents(&world.sandbox.client(), &REGIONS).await, in_management);
    let units = world.live.units(&both).unwrap();
    let states: BTreeSet<String> =
        units.iter().map(|unit| format!("{unit}/terraform.tfstate")).collect();
    assert_eq!(world.states().await, states);

    let file = "live/_units/encryption.hcl";
    world.change(file, r#""Volumes and their snapshots""#, r#""Volumes""#);
    let plans = world.plan(&both).await;
    for (unit, plan) in plans {
        if unit.ends_with("/encryption") {
            let address = r#"travel_kms_key.this["volumes"]"#;
            assert_eq!(plan.lines(), [format!("update {address} (description)")], "{unit}");
        } else {
            assert!(plan.is_empty(), "{unit}: {:?}", plan.lines());
        }
    }
    world.change(file, r#""Volumes""#, r#""Volumes and their snapshots""#);

    // What one core has written, the other goes on with, in the right account.
    let other = Core::installed().into_iter().find(|other| *other != core);
    if let Some(other) = other {
        let environment = world.sandbox.environment();
        let live = Live::new(world.live.root(), world.live.work(), other, environment).unwrap();
        live.forget().unwrap();
        world.change(file, "      parameters = {", "      unused = {");
        let run = live.run_all("other", &["dev"], &["apply", "-input=false"], |_| {}).await;
        assert_eq!(run.unwrap().trouble(), None);
        assert!(keys(&dev, "PendingDeletion").await.contains("Parameters"));
        assert!(keys(&world.sandbox.client(), "PendingDeletion").await.is_empty());
        live.forget().unwrap();
    }

    let run = world.live.run_all("destroy", &["dev"], &["destroy", "-input=false"], |_| {}).await;
    assert_eq!(run.unwrap().trouble(), None);
    assert_eq!(contents(&dev, &REGIONS).await, before);
    let kept = keys(&dev, "PendingDeletion").await;
    assert!(kept.contains("Volumes and their snapshots"), "{kept:?}");
    // The organization is as it was.
    settled(&world.plan(&["organization"]).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn terraform_raises_dev_and_takes_it_away() {
    if is_equipped() && Core::installed().contains(&Core::Terraform) {
        let _turn = TURN.lock().await;
        demo_path(Core::Terraform).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn opentofu_raises_dev_and_takes_it_away() {
    if is_equipped() && Core::installed().contains(&Core::OpenTofu) {
        let _turn = TURN.lock().await;
        demo_path(Core::OpenTofu).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn environments_are_planned_before_anything_is_applied() {
    if !is_equipped() {
        return;
    }
    let _turn = TURN.lock().await;
    let world = World::new(Core::installed()[0]).await;
    world.apply(&["organization"]).await;

    // Before anything else, each plan that stands on made-up outputs says so.
    let (mut warned, mut first) = (BTreeSet::new(), BTreeMap::new());
    let told = |line: &Line| {
        if let Some((unit, _)) =
            line.text.strip_prefix("MOCKS in ").and_then(|it| it.split_once(':'))
        {
            warned.insert(unit.to_owned());
        } else if line.level == "STDOUT" && !line.text.is_empty() {
            first.entry(line.unit.clone()).or_insert_with(|| warned.contains(&line.unit));
        }
    };
    let folders = ["stg", "prod"];
    let (run, plans) = world.live.plan_all("plan", &folders, told).await.unwrap();
    assert_eq!(run.trouble(), None);
    assert_eq!(plans.len(), world.live.units(&folders).unwrap().len());
    for (unit, plan) in &plans {
        assert!(plan.summary.changes.values().all(|actions| actions == "create"), "{unit}");
        assert!(!plan.summary.is_empty() && plan.resources == 0, "{unit}");
        // Keys stand on nothing, and roles and recorders on the organization, which is there.
        let stands =
            ["/encryption", "/identity", "/recording"].iter().any(|name| unit.ends_with(name));
        assert_eq!(plan.mocked, !stands, "{unit}");
        assert_eq!(first[unit], plan.mocked, "{unit}");
    }
    assert!(contents(&world.account("stg").await, &REGIONS).await["eu-west-1 keys"] == 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_on_made_up_outputs_is_never_applied() {
    if !is_equipped() {
        return;
    }
    let _turn = TURN.lock().await;
    for core in Core::installed() {
        let world = World::new(core).await;
        world.apply(&["organization"]).await;
        let network = "dev/eu-central-1/network";
        let file = world.live.work().join("mocked.tfplan");
        let saved = file.display().to_string();
        let planned = world.live.run_unit(network, &["plan", &format!("-out={saved}")]).await;
        assert!(planned.unwrap().status.success());

        // Neither at once, where outputs are still missing, nor when there are real ones.
        let before = contents(&world.account("dev").await, &["eu-central-1"]).await;
        let early = world.live.run_unit(network, &["apply", &saved]).await.unwrap();
        assert!(!early.status.success());
        let encryption = "dev/eu-central-1/encryption";
        let applied = world.live.run_unit(encryption, &["apply", "-auto-approve"]).await;
        assert!(applied.unwrap().status.success());
        let late = world.live.run_unit(network, &["apply", &saved]).await.unwrap();
        assert!(!late.status.success());
        let said = format!(
            "{}{}",
            String::from_utf8_lossy(&late.stdout),
            String::from_utf8_lossy(&late.stderr)
        );
        assert!(said.contains("plan_with_mocks_cannot_be_applied"), "{said}");
        let after = contents(&world.account("dev").await, &["eu-central-1"]).await;
        let name = "eu-central-1 DescribeVpcs";
        assert_eq!(after[name], before[name]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_protected_is_not_destroyed() {
    if !is_equipped() {
        return;
    }
    let _turn = TURN.lock().await;
    let world = World::new(Core::installed()[0]).await;
    world.apply(&["organization"]).await;
    let run = world.live.run_all("destroy", &["organization"], &["destroy"], |_| {}).await.unwrap();
    assert_eq!(run.units[ORGANIZATION].result, "excluded");
    for command in [&["destroy", "-auto-approve"][..], &["apply", "-destroy", "-auto-approve"]] {
        let output = world.live.run_unit(ORGANIZATION, command).await.unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("due to exclude block"), "{command:?}: {said}");
    }
    settled(&world.plan(&["organization"]).await);
}
