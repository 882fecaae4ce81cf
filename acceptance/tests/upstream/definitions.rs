//! Definitions that one chart brings and another needs, and namespaces that charts have objects in beside
//! their own: a user would have made them before.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use travel_acceptance::cluster::kubectl;
use travel_acceptance::sandbox::client::Client;
use travel_helm::{Document, Rendering, Tree, TreeMap, yaml};

use super::change;
use super::play::{CLUSTER, NAMESPACE};

/// How often it is asked for the definitions to be established, a second apart.
const TRIES: u32 = 10;
const DEFINITION: &str = "CustomResourceDefinition";

/// What charts need of each other.
pub struct Definitions {
    /// What they define: by group and kind, as YAML.
    texts: BTreeMap<(String, String), String>,
    /// The namespaces that they name and do not bring.
    namespaces: BTreeSet<String>,
}

impl Definitions {
    /// Those of all charts.
    pub fn of<'a>(charts: impl IntoIterator<Item = &'a PathBuf>) -> Self {
        let all: Vec<Rendering> = charts.into_iter().filter_map(|chart| rendered(chart)).collect();
        let texts = all.iter().flat_map(defined).collect();
        Self { texts, namespaces: all.iter().flat_map(foreign_namespaces).collect() }
    }

    /// Makes the namespaces.
    ///
    /// # Errors
    /// Where the cluster refuses one.
    pub async fn make_namespaces(&self, client: &Client) -> Result<()> {
        let there = ["get", "namespaces", "--output=name"].map(str::to_owned);
        let there = kubectl(client, CLUSTER, &there).await?;
        let is_missing =
            |name: &&String| !there.lines().any(|it| it == format!("namespace/{name}"));
        for name in self.namespaces.iter().filter(is_missing) {
            kubectl(client, CLUSTER, &["create", "namespace", name].map(str::to_owned)).await?;
        }
        Ok(())
    }

    /// Makes those that a chart has objects of and does not define itself.
    ///
    /// # Errors
    /// Where the cluster refuses one.
    pub async fn make_for(&self, rendering: &Rendering, client: &Client) -> Result<()> {
        let own: BTreeSet<(String, String)> =
            defined(rendering).into_iter().map(|(kind, _)| kind).collect();
        let hooks = rendering.hooks.iter().map(|hook| &hook.document);
        let used: BTreeSet<(String, String)> = (rendering.manifests.iter().chain(hooks))
            .map(|document| {
                let version = document.api_version();
                let group = version.split_once('/').map_or("", |(group, _)| group);
                (group.to_owned(), document.kind().to_owned())
            })
            .collect();
        let texts: Vec<&str> = used
            .difference(&own)
            .filter_map(|kind| self.texts.get(kind))
            .map(String::as_str)
            .collect();
        if texts.is_empty() {
            return Ok(());
        }
        let file = tempfile::NamedTempFile::new()?;
        std::fs::write(file.path(), texts.join("\n---\n"))?;
        let path = file.path().display().to_string();
        let apply = ["apply", "--server-side", "--filename", &path].map(str::to_owned);
        kubectl(client, CLUSTER, &apply).await?;
        let wait = ["wait", "--for=condition=Established", "--timeout=6s", "--filename", &path];
        let wait = wait.map(str::to_owned);
        // Before a definition has any condition, kubectl does not wait but fails.
        for _ in 1..TRIES {
            if kubectl(client, CLUSTER, &wait).await.is_ok() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        kubectl(client, CLUSTER, &wait).await.map(drop)
    }
}

/// A chart as rendered with its definitions, which some charts bring only where they are told to.
fn rendered(chart: &Path) -> Option<Rendering> {
    let switch = |name: &str| Tree::from([(name, Tree::Bool(true))]);
    let with = TreeMap::from([
        ("crds".to_owned(), switch("enabled")),
        ("installCRDs".to_owned(), Tree::Bool(true)),
    ]);
    change::rendered(chart, &with)
        .or_else(|| {
            change::rendered(chart, &TreeMap::from([("crds".to_owned(), switch("enabled"))]))
        })
        .or_else(|| change::rendered(chart, &TreeMap::new()))
}

/// The namespaces that documents are in, but for the release's and those that the chart makes.
fn foreign_namespaces(rendering: &Rendering) -> BTreeSet<String> {
    let named = rendering.manifests.iter().map(Document::namespace);
    let is_namespace = |document: &&Document| document.kind() == "Namespace";
    let own: BTreeSet<&str> =
        rendering.manifests.iter().filter(is_namespace).map(Document::name).collect();
    let is_foreign = |it: &&str| !it.is_empty() && *it != NAMESPACE && !own.contains(it);
    named.filter(is_foreign).map(str::to_owned).collect()
}

/// The definitions of a rendering.
fn defined(rendering: &Rendering) -> Vec<((String, String), String)> {
    let mut found = Vec::new();
    let mut add = |tree: &Tree, text: &str| {
        let word = |path: &[&str]| tree.path(path).and_then(Tree::as_text).unwrap_or_default();
        if word(&["kind"]) == DEFINITION {
            let kind =
                (word(&["spec", "group"]).to_owned(), word(&["spec", "names", "kind"]).to_owned());
            found.push((kind, text.to_owned()));
        }
    };
    for (_, file) in rendering.custom_resource_definitions() {
        let text = String::from_utf8_lossy(&file.data).into_owned();
        for tree in yaml::read_documents(&text).unwrap_or_default() {
            add(&tree, &tree.to_json().to_string());
        }
    }
    for document in &rendering.manifests {
        add(&document.tree().unwrap_or_default(), &document.content);
    }
    found
}
