//! What stands in a cluster, and what of it a release has left behind.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Result;
use travel_acceptance::cluster::kubectl;
use travel_acceptance::sandbox::client::Client;
use travel_helm::{Document, HookDeletePolicy, Rendering};

use super::play::{CLUSTER, NAMESPACE};

/// What comes and goes by itself, as resources.
const FLEETING: [&str; 6] = [
    "componentstatuses",
    "endpoints",
    "endpointslices.discovery.k8s.io",
    "events",
    "events.events.k8s.io",
    "leases.coordination.k8s.io",
];
/// What a namespace has of itself, and what stays after an uninstall as Helm leaves it: definitions, with
/// what the API server makes for their groups, and the claims of a StatefulSet with the volumes made for them.
const STAYS: [&str; 7] = [
    "APIService v",
    "ConfigMap kube-root-ca.crt",
    "CustomResourceDefinition",
    "Namespace upstream",
    "PersistentVolume pvc-",
    "PersistentVolumeClaim",
    "ServiceAccount default",
];
const COLUMNS: &str = "custom-columns=KIND:.kind,NAME:.metadata.name";
/// How often everything is asked for until there is an answer, a second apart.
const TRIES: u32 = 10;
/// How often it is looked whether something goes on its own, a second apart.
const LOOKS: u32 = 60;

async fn run(client: &Client, arguments: &[&str]) -> Result<String> {
    let arguments: Vec<String> = arguments.iter().map(|it| (*it).to_owned()).collect();
    kubectl(client, CLUSTER, &arguments).await
}

/// Everything in the cluster, as kind and name.
pub async fn objects(client: &Client) -> Result<BTreeSet<String>> {
    let mut tries = 1;
    loop {
        match listed(client).await {
            // A kind that has just gone is still named for a moment.
            Err(_) if tries < TRIES => tokio::time::sleep(Duration::from_secs(1)).await,
            found => return found,
        }
        tries += 1;
    }
}

async fn listed(client: &Client) -> Result<BTreeSet<String>> {
    let types = run(client, &["api-resources", "--verbs=list,delete", "--output=name"]).await?;
    let types: Vec<&str> = types.lines().filter(|it| !FLEETING.contains(it)).collect();
    let found = ["get", &types.join(","), "--all-namespaces", "--output", COLUMNS, "--no-headers"];
    let found = run(client, &found).await?;
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    Ok(found.lines().map(words).collect())
}

/// What is there beyond what was before, and is not there to stay, once nothing more of it goes.
pub async fn left(
    client: &Client,
    before: &BTreeSet<String>,
    rendering: Option<&Rendering>,
) -> Result<Vec<String>> {
    let kept: BTreeSet<String> = rendering.map(kept).unwrap_or_default();
    let mut left = Vec::new();
    for _ in 0..LOOKS {
        let beyond = objects(client).await?;
        let stays = |it: &String| {
            before.contains(it)
                || kept.contains(it)
                || STAYS.iter().any(|name| it.starts_with(name))
        };
        left = beyond.into_iter().filter(|it| !stays(it)).collect();
        if left.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    Ok(left)
}

/// What the chart does not want deleted: by its policy, or as an object of a hook.
fn kept(rendering: &Rendering) -> BTreeSet<String> {
    let is_kept = |policies: &[String]| {
        let succeeded = Some(HookDeletePolicy::Succeeded);
        !policies.iter().any(|it| HookDeletePolicy::parse(it) == succeeded)
    };
    let hooks = rendering.hooks.iter().filter(|hook| is_kept(&hook.delete_policies));
    let hooks = hooks.map(|hook| &hook.document);
    let has_policy = |it: &&Document| it.annotation("helm.sh/resource-policy") == Some("keep");
    let kept = hooks.chain(rendering.manifests.iter().filter(has_policy));
    kept.map(|document| format!("{} {}", document.kind(), document.name())).collect()
}

/// Removes what an uninstall leaves, so that the next chart finds the cluster as it was.
pub async fn sweep(client: &Client, before: &BTreeSet<String>) -> Result<()> {
    let namespace = ["delete", "namespace", NAMESPACE, "--ignore-not-found", "--timeout=120s"];
    run(client, &namespace).await?;
    let now = objects(client).await?;
    for object in now.difference(before) {
        let Some((kind, name)) = object.split_once(' ') else { continue };
        // What others have removed meanwhile is no loss, and what cannot be removed shows in the next look.
        if kind == "CustomResourceDefinition" || kind.contains("Webhook") || kind.contains("Role") {
            run(client, &["delete", kind, name, "--ignore-not-found", "--timeout=60s"]).await?;
        }
    }
    Ok(())
}
