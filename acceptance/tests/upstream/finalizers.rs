//! Objects that a program has to let go of: none runs here, so that this does what it would do.

use std::time::Duration;

use anyhow::{Error, Result};
use travel_acceptance::cluster::kubectl;
use travel_acceptance::sandbox::client::Client;
use travel_helm::{Document, Rendering, Tree};

use super::play::{CLUSTER, NAMESPACE};

/// How long it is before objects are looked at again.
const PAUSE: Duration = Duration::from_secs(2);

/// Takes their finalizers off a chart's own objects as soon as they are being deleted. It ends only by an
/// error.
pub async fn take_off(rendering: &Rendering, client: &Client) -> Error {
    let held: Vec<[String; 4]> =
        rendering.manifests.iter().filter(has_finalizers).map(named).collect();
    loop {
        tokio::time::sleep(PAUSE).await;
        for object in &held {
            if let Err(error) = let_go(object, client).await {
                return error;
            }
        }
    }
}

fn has_finalizers(document: &&Document) -> bool {
    let tree = document.tree().unwrap_or_default();
    let finalizers = tree.path(&["metadata", "finalizers"]);
    finalizers.and_then(Tree::as_list).is_some_and(|list| !list.is_empty())
}

/// How kubectl calls it.
fn named(document: &Document) -> [String; 4] {
    let api_version = document.api_version();
    let kind = match api_version.split_once('/') {
        Some((group, version)) => format!("{}.{version}.{group}", document.kind()),
        None => document.kind().to_owned(),
    };
    let namespace = match document.namespace() {
        "" => NAMESPACE,
        namespace => namespace,
    };
    [kind, document.name().to_owned(), "--namespace".to_owned(), namespace.to_owned()]
}

async fn let_go(object: &[String; 4], client: &Client) -> Result<()> {
    let with = |verb: &str, rest: &[&str]| -> Vec<String> {
        let words = std::iter::once(verb.to_owned()).chain(object.iter().cloned());
        words.chain(rest.iter().map(|it| (*it).to_owned())).collect()
    };
    let since = "--output=jsonpath={.metadata.deletionTimestamp}";
    let look = with("get", &["--ignore-not-found", since]);
    if kubectl(client, CLUSTER, &look).await?.is_empty() {
        return Ok(());
    }
    let none = r#"{"metadata":{"finalizers":null}}"#;
    let patch = with("patch", &["--type=merge", "--patch", none]);
    match kubectl(client, CLUSTER, &patch).await {
        // It may have gone by itself meanwhile.
        Err(_) if kubectl(client, CLUSTER, &look).await?.is_empty() => Ok(()),
        patched => patched.map(drop),
    }
}
