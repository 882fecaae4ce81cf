//! Many of a kind in one resource.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use travel_acceptance::case::PROVIDER;
use travel_acceptance::cluster::kubectl;
use travel_acceptance::sandbox::Sandbox;
use travel_acceptance::stage;
use travel_acceptance::terraform::{Core, Workspace};

const CLUSTER: &str = "scale";
const DOCUMENTS: usize = 200;

/// A set of documents, in the first of which stands a word.
fn set(word: &str) -> String {
    format!(
        r#"
resource "travel_manifests" "many" {{
  name    = "many"
  cluster = {{ name = "{CLUSTER}" }}

  objects = [
    for index in range({DOCUMENTS}) : {{
      apiVersion = "v1"
      kind       = "ConfigMap"
      metadata   = {{ name = "many-${{index}}" }}
      data       = {{ word = index == 0 ? "{word}" : "same" }}
    }}
  ]
}}
"#
    )
}

/// The words in the documents of the set, as the cluster has them.
async fn words(sandbox: &Sandbox) -> Vec<String> {
    let get = [
        "get",
        "configmaps",
        "--selector=applyset.kubernetes.io/part-of",
        "--output=custom-columns=WORD:.data.word",
        "--no-headers",
    ];
    let found = kubectl(&sandbox.client(), CLUSTER, &get.map(str::to_owned)).await.unwrap();
    found.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_documents_are_one_set() {
    if stage::left_out(Some(CLUSTER)) {
        return;
    }
    let sandbox = stage::start(Some(CLUSTER)).await.unwrap();
    let workspace = Workspace::new(Core::installed()[0], sandbox.environment()).unwrap();
    workspace.write("provider.tf", PROVIDER).unwrap();
    workspace.write("main.tf", &set("one")).unwrap();
    workspace.init().await.unwrap();
    workspace.apply(&[]).await.unwrap();
    assert_eq!(words(&sandbox).await.len(), DOCUMENTS);
    let second = workspace.plan(&[]).await.unwrap();
    assert!(second.is_empty(), "{second:?}");
    workspace.write("main.tf", &set("other")).unwrap();
    workspace.apply(&[]).await.unwrap();
    let found = words(&sandbox).await;
    assert_eq!(found.len(), DOCUMENTS);
    assert_eq!(found.iter().filter(|word| *word == "other").count(), 1);
    workspace.destroy(&[]).await.unwrap();
    assert_eq!(words(&sandbox).await.len(), 0);
}
