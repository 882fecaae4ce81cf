//! What stands beside resources: ephemeral resources, data sources and functions by their examples, with
//! the real terraform and OpenTofu; lists and actions, which neither calls yet, with a core of our own.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};
use travel_acceptance::case::{Case, PROVIDER};
use travel_acceptance::cluster;
use travel_acceptance::conformance::provider_start;
use travel_acceptance::core::{self, Configuration, Listed, Provider};
use travel_acceptance::sandbox::{self, Sandbox, repository};
use travel_acceptance::stage;
use travel_acceptance::terraform::{Core, Workspace};
use travel_value::Value;

/// A sandbox takes over a gigabyte, so tests take turns.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

const CLUSTER: &str = "dev";

/// The examples of a kind, each by its name.
fn examples(kind: &str, file: &str) -> BTreeMap<String, String> {
    let folders = std::fs::read_dir(repository().join("examples").join(kind)).unwrap();
    let folders: Vec<PathBuf> = folders.map(|entry| entry.unwrap().path()).collect();
    let name = |folder: &Path| folder.file_name().unwrap().to_str().unwrap().to_owned();
    let read = |folder: &PathBuf| std::fs::read_to_string(folder.join(file)).unwrap();
    folders.iter().map(|folder| (name(folder), read(folder))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn ephemeral_resources_are_as_their_examples_say() {
    if stage::left_out(Some(CLUSTER)) {
        return;
    }
    let _turn = TURN.lock().await;
    let sandbox = stage::start(Some(CLUSTER)).await.unwrap();
    let examples = examples("ephemeral-resources", "ephemeral-resource.tf");
    assert!(!examples.is_empty());
    for core in Core::installed() {
        for (name, text) in &examples {
            let mut workspace = Workspace::new(core, sandbox.environment()).unwrap();
            // The examples use kubectl as everybody has it.
            let tools = sandbox::tools_folder().join("bin").display().to_string();
            let path = std::env::var("PATH").unwrap();
            workspace.set("PATH", format!("{path}:{tools}"));
            workspace.set("TF_LOG_PROVIDER", "trace");
            workspace.set("TF_LOG_PATH", workspace.folder().join("log").display().to_string());
            workspace.write("provider.tf", PROVIDER).unwrap();
            workspace.write("main.tf", text).unwrap();
            workspace.init().await.unwrap();
            workspace.apply(&[]).await.unwrap();
            let second = workspace.plan(&[]).await.unwrap();
            assert!(second.is_empty(), "{core:?} {name}: {second:?}");
            // A plan is an archive, which is opened by its own command.
            let plan = workspace.run(&["show", "-json", "test.tfplan"]).await.unwrap();
            assert!(!plan.contains("k8s-aws-v1."), "{core:?} {name}: a token in the plan");
            for file in ["terraform.tfstate", "log"] {
                let text = std::fs::read_to_string(workspace.folder().join(file)).unwrap();
                assert!(!text.contains("k8s-aws-v1."), "{core:?} {name}: a token in the {file}");
            }
            workspace.destroy(&[]).await.unwrap();
            let nowhere = text.replace("name = \"dev\"", "name = \"nowhere\"");
            workspace.write("main.tf", &nowhere).unwrap();
            let error = workspace.plan(&[]).await.unwrap_err().to_string();
            assert!(error.contains("no such cluster"), "{core:?} {name}: {error}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn data_sources_and_functions_are_as_their_examples_say() {
    if stage::left_out(None) {
        return;
    }
    let _turn = TURN.lock().await;
    let sandbox = stage::start(None).await.unwrap();
    // An example of a function says itself which provider it is of.
    let mut all: Vec<(String, String, &str)> = Vec::new();
    for (kind, file, start) in
        [("data-sources", "data-source.tf", PROVIDER), ("functions", "function.tf", "")]
    {
        let found = examples(kind, file);
        assert!(!found.is_empty(), "{kind}");
        all.extend(found.into_iter().map(|(name, text)| (name, text, start)));
    }
    for core in Core::installed() {
        for (name, text, start) in &all {
            let workspace = Workspace::new(core, sandbox.environment()).unwrap();
            let charts = workspace.folder().join("charts");
            std::os::unix::fs::symlink(repository().join("charts"), charts).unwrap();
            workspace.write("provider.tf", start).unwrap();
            workspace.write("main.tf", text).unwrap();
            workspace.init().await.unwrap();
            let said = workspace.apply(&[]).await.unwrap();
            assert!(!said.contains("Warning"), "{core:?} {name}: {said}");
            let outputs = workspace.run(&["output", "-json"]).await.unwrap();
            let outputs: BTreeMap<String, Json> = serde_json::from_str(&outputs).unwrap();
            assert!(!outputs.is_empty(), "{core:?} {name}");
            assert!(outputs.values().all(|it| !it["value"].is_null()), "{core:?} {name}");
            let second = workspace.plan(&[]).await.unwrap();
            assert!(second.is_empty(), "{core:?} {name}: {second:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_chart_renders_to_is_read_with_its_secrets_apart() {
    const SECRET: &str = "of the test";
    if stage::left_out(None) {
        return;
    }
    let _turn = TURN.lock().await;
    let sandbox = stage::start(None).await.unwrap();
    let workspace = Workspace::new(Core::installed()[0], sandbox.environment()).unwrap();
    let good = format!(
        r#"
variable "charts" {{ type = string }}

data "travel_helm_template" "probe" {{
  name          = "probe"
  chart         = "${{var.charts}}/probe"
  values        = {{ greeting = "hello" }}
  secret_values = {{ password = "{SECRET}" }}
}}

output "greets" {{
  value = tostring(strcontains(join("", values(data.travel_helm_template.probe.manifests)), "hello"))
}}

output "tells" {{
  value = tostring(strcontains(join("", values(data.travel_helm_template.probe.manifests)), "{SECRET}"))
}}

output "has_secrets" {{
  value = tostring(nonsensitive(length(data.travel_helm_template.probe.secret_manifests)) > 0)
}}
"#
    );
    workspace.write("provider.tf", PROVIDER).unwrap();
    workspace.write("main.tf", &good).unwrap();
    workspace.init().await.unwrap();
    workspace.apply(&[]).await.unwrap();
    let outputs = workspace.outputs().await.unwrap();
    let said = ["greets", "tells", "has_secrets"].map(|name| outputs[name].as_str());
    assert_eq!(said, ["true", "false", "true"]);
    for (right, wrong, expected) in [
        ("\"probe\"\n  chart", "\"Probe\"\n  chart", "invalid name"),
        ("  values ", "  kube_version = \"2\"\n  values ", "a version such as 1.35"),
        ("  values ", "  repository_username = \"me\"\n  values ", "chart_registries"),
        ("  values ", "  values_yaml = [\"- a\"]\n  values ", "values_yaml is not usable"),
        ("{var.charts}/probe", "{var.charts}/nowhere", "nowhere"),
    ] {
        assert!(good.contains(right), "{right}");
        workspace.write("main.tf", &good.replacen(right, wrong, 1)).unwrap();
        let error = workspace.plan(&[]).await.unwrap_err().to_string();
        // Terraform breaks lines, and draws a frame around them.
        let error = error.replace(['\n', '\u{2502}'], " ");
        let error = error.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(error.contains(expected), "{expected}: {error}");
        assert!(!error.contains(SECRET), "{expected}: {error}");
    }
}

/// A provider of our own core, configured as in a case.
async fn provider(sandbox: &Sandbox) -> Provider {
    let start = provider_start(sandbox.environment()).unwrap();
    let configuration = Configuration::read(PROVIDER, BTreeMap::new()).unwrap();
    core::Core::new(start).configured(&configuration).await.unwrap()
}

async fn kubectl(sandbox: &Sandbox, arguments: &str) -> Json {
    let arguments: Vec<String> = arguments.split(' ').map(str::to_owned).collect();
    let printed = cluster::kubectl(&sandbox.client(), CLUSTER, &arguments).await.unwrap();
    serde_json::from_str(&printed).unwrap_or(Json::Null)
}

const WORKLOADS: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart, namespace: default}
spec:
  replicas: 2
  selector: {matchLabels: {app: cart}}
  template:
    metadata: {labels: {app: cart}}
    spec: {containers: [{name: cart, image: cart}]}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent, namespace: default}
spec:
  updateStrategy: {type: OnDelete}
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent}}
    spec: {containers: [{name: agent, image: agent}]}
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_workload_is_restarted_and_awaited() {
    if stage::left_out(Some(CLUSTER)) {
        return;
    }
    let _turn = TURN.lock().await;
    let sandbox = stage::start(Some(CLUSTER)).await.unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), WORKLOADS).unwrap();
    kubectl(&sandbox, &format!("apply -f {}", file.path().display())).await;
    kubectl(&sandbox, "rollout status deployment/cart").await;
    let pods = || async {
        let pods = kubectl(&sandbox, "get pods -l app=cart -o json").await;
        let names = pods["items"].as_array().unwrap().iter();
        let alive = names.filter(|pod| pod["metadata"]["deletionTimestamp"].is_null());
        alive.map(|pod| pod["metadata"]["name"].to_string()).collect::<BTreeSet<String>>()
    };
    let before = pods().await;
    assert_eq!(before.len(), 2);
    let config = |kind: &str, name: &str| {
        [
            ("cluster", Value::object([("name", CLUSTER.into())])),
            ("kind", kind.into()),
            ("name", name.into()),
        ]
    };
    let provider = provider(&sandbox).await;
    let action = "travel_restart_workload";
    let told = core::invoke(&provider, action, &config("Deployment", "cart")).await.unwrap();
    assert!(told.first().unwrap().contains("cart") && told.last().unwrap().ends_with("is ready"));
    let after = pods().await;
    assert_eq!((after.len(), before.intersection(&after).count()), (2, 0), "{before:?} {after:?}");
    for (kind, name, expected) in [
        ("DaemonSet", "agent", "does not restart by itself"),
        ("StatefulSet", "cart", "there is no "),
        ("Job", "cart", "kind must be one of"),
    ] {
        let error = core::invoke(&provider, action, &config(kind, name)).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{kind} {name}: {error}");
    }
}

/// Applies the first step of a case with our own core, and lists its type.
async fn listed(type_name: &str) -> Option<(Sandbox, Vec<Listed>, Vec<Value>)> {
    let sandbox = stage::start(None).await.unwrap();
    let case = Case::of(type_name).unwrap();
    let setup = case.setup.as_ref().map_or("", |setup| &setup.text);
    let text = format!("{PROVIDER}\n{setup}\n{}", case.steps[0].text);
    let configuration = Configuration::read(&text, BTreeMap::new()).unwrap();
    let core = core::Core::new(provider_start(sandbox.environment()).unwrap());
    let mut state = core::State::default();
    core.apply(&configuration, &mut state).await.unwrap();
    let provider = core.configured(&configuration).await.unwrap();
    let brief = core::list(&provider, type_name, &[], false).await.unwrap();
    let whole = core::list(&provider, type_name, &[], true).await.unwrap();
    let identities =
        |listed: &[Listed]| listed.iter().map(|it| it.identity.clone()).collect::<Vec<_>>();
    assert_eq!(identities(&brief), identities(&whole), "{type_name}");
    for found in &whole {
        assert!(!found.name.is_empty());
        // What is listed is what an import brings in.
        let mut imported = core::State::default();
        let address = format!("{type_name}.found");
        let import = core.import(&configuration, &mut imported, &address, "", &found.identity);
        import.await.unwrap();
        assert_eq!(Some(&imported.objects[&address].value), found.object.as_ref());
    }
    for found in whole.iter().filter_map(|it| it.object.as_ref()) {
        check_move(&provider, type_name, found).await;
    }
    let made = state.objects.into_values().filter(|object| object.type_name == type_name);
    let made = made.map(|object| object.identity).collect();
    Some((sandbox, whole, made))
}

/// What the AWS provider has of an object becomes what an import of it is.
async fn check_move(provider: &Provider, type_name: &str, found: &Value) {
    let (source_type, attribute) = match type_name {
        "travel_kms_key" => ("aws_kms_key", "arn"),
        "travel_organizational_unit" => ("aws_organizations_organizational_unit", "id"),
        "travel_account" => ("aws_organizations_account", "id"),
        "travel_organization_policy" => ("aws_organizations_policy", "id"),
        _ => return,
    };
    let source = ("registry.terraform.io/hashicorp/aws", source_type);
    let state = json!({ attribute: found.get(attribute).as_str(), "tags_all": {} });
    let moved = core::moved(provider, source, &state, type_name).await.unwrap();
    assert_eq!(&moved, found, "{type_name}");
    let foreign = ("registry.terraform.io/hashicorp/aws", "aws_s3_bucket");
    let error = core::moved(provider, foreign, &state, type_name).await.unwrap_err().to_string();
    assert!(error.contains("import block"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_made_is_listed() {
    if sandbox::left_out() {
        return;
    }
    let _turn = TURN.lock().await;
    for type_name in
        ["travel_kms_key", "travel_organizational_unit", "travel_account", "travel_network"]
    {
        let (_sandbox, found, made) = listed(type_name).await.unwrap();
        assert!(!made.is_empty(), "{type_name}");
        let found: Vec<Value> = found.into_iter().map(|it| it.identity).collect();
        for identity in made {
            assert!(found.contains(&identity), "{type_name}: {identity:?} is not in {found:?}");
        }
    }
}

#[test]
fn every_list_and_action_has_an_example_that_can_be_read() {
    for (kind, file, block) in [
        ("list-resources", "list-resource.tfquery.hcl", "list"),
        ("actions", "action.tf", "action"),
    ] {
        let examples = examples(kind, file);
        assert!(!examples.is_empty());
        for (name, text) in examples {
            let body = hcl::parse(&text).unwrap();
            let found = body.blocks().any(|it| {
                it.identifier() == block
                    && it.labels().first().is_some_and(|it| it.as_str() == name)
            });
            assert!(found, "{kind}/{name} has no {block} of its name");
        }
    }
}
