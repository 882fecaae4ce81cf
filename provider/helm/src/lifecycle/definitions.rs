//! A chart's definitions of custom resources in crds/: made and, beyond what Helm does, upgraded.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use travel_kube::apply::{Adopt, ApplyOptions, apply};
use travel_kube::cluster::objects::Selection;
use travel_kube::ownership::{Owner, Ownership};
use travel_kube::prune::{PruneOptions, prune};
use travel_kube::read::read;
use travel_kube::scope::Scopes;
use travel_kube::{Document, DocumentKey};

use super::objects::{FIELD_MANAGER, ObjectError, documents_of_text, marks, placed};
use super::run::Run;
use super::{Definitions, Obstacle};
use crate::chart::{Chart, is_definitions_file};
use crate::release::{RecordError, Release};

const KIND: &str = "CustomResourceDefinition";

/// The documents of a chart's and its subcharts' crds/, each once.
pub(super) fn of_chart(chart: &Chart, namespace: &str) -> Result<Vec<Document>, ObjectError> {
    let mut found: BTreeMap<DocumentKey, Document> = BTreeMap::new();
    for (path, file) in chart.custom_resource_definitions() {
        for document in documents_of_text(&String::from_utf8_lossy(&file.data), &path)? {
            // A subchart's copy of its parent's definition counts for nothing.
            found.entry(document.key().clone()).or_insert(document);
        }
    }
    Ok(placed(found.into_values().collect(), namespace, &Scopes::built_in()))
}

/// The definitions of a recorded revision's own crds/. Those of subcharts are in no record.
pub(super) fn of_release(release: &Release) -> Result<Vec<Document>, Obstacle> {
    let mut found = Vec::new();
    for file in release.chart["files"].as_array().into_iter().flatten() {
        let name = file["name"].as_str().unwrap_or_default();
        let Some(data) = file["data"].as_str().filter(|_| is_definitions_file(name)) else {
            continue;
        };
        let data = STANDARD.decode(data).map_err(|error| RecordError::Unreadable {
            secret: release.secret_name(),
            problem: error.to_string(),
        })?;
        found.extend(documents_of_text(&String::from_utf8_lossy(&data), name)?);
    }
    found.retain(|document| document.kind() == KIND);
    Ok(found)
}

/// Removes definitions of whose kinds no object is left, as far as that is asked for. Gives those that stay.
pub(super) async fn retire(
    run: &Run<'_>,
    release: &Release,
    is_asked_for: bool,
) -> Result<Vec<DocumentKey>, Obstacle> {
    let cluster = run.target.cluster;
    let definitions = of_release(release)?;
    let live = read(cluster, definitions.iter().map(Document::key)).await?;
    let discovery = cluster.discovery().await?;
    let ours = ours(run);
    let mut staying = Vec::new();
    let mut going = Vec::new();
    for definition in live.into_values().flatten() {
        let mut is_used = !is_asked_for || matches!(ours.owner(&definition), Owner::Other { .. });
        for (api_version, kind) in kinds(std::slice::from_ref(&definition)) {
            if let Some(resource) = discovery.resource(&api_version, &kind).filter(|_| !is_used) {
                is_used = !cluster.list(resource, &Selection::default()).await?.is_empty();
            }
        }
        if is_used { &mut staying } else { &mut going }.push(definition.key().clone());
    }
    if !going.is_empty() {
        run.say(&format!("removing {} definitions", going.len()));
        let options = PruneOptions::default();
        prune(cluster, &going, &options, run.patience()).await.map_err(Box::new)?;
    }
    Ok(staying)
}

/// Marks that tell whose a definition is. Those of crds/ bear none by themselves, and labels of many kinds.
fn ours(run: &Run<'_>) -> Ownership {
    Ownership { labels: BTreeMap::new(), ..marks(run.target.name, run.target.namespace) }
}

/// The kinds that definitions bring: API version and kind.
pub(super) fn kinds(definitions: &[Document]) -> Vec<(String, String)> {
    let mut kinds = Vec::new();
    for definition in definitions.iter().filter(|document| document.kind() == KIND) {
        let spec = &definition.value()["spec"];
        let (Some(group), Some(kind)) = (spec["group"].as_str(), spec["names"]["kind"].as_str())
        else {
            continue;
        };
        let versions = spec["versions"].as_array().into_iter().flatten();
        let served = versions.filter(|version| version["served"] == true);
        let names = served.filter_map(|version| version["name"].as_str());
        kinds.extend(names.map(|version| (format!("{group}/{version}"), kind.to_owned())));
    }
    kinds
}

/// Applies definitions and waits until what they define is served.
pub(super) async fn bring(
    run: &Run<'_>,
    definitions: &[Document],
    policy: Definitions,
) -> Result<(), Obstacle> {
    if definitions.is_empty() || policy == Definitions::Skip {
        return Ok(());
    }
    run.check()?;
    let cluster = run.target.cluster;
    let live = read(cluster, definitions.iter().map(Document::key)).await?;
    let ours = ours(run);
    let mut wanted = Vec::new();
    for definition in definitions {
        let existing = live.get(definition.key()).and_then(Option::as_ref);
        match existing.map(|existing| ours.owner(existing)) {
            Some(Owner::Other { mark, value }) => run.say(&format!(
                "leaving {} as it is, since it belongs to another: it bears {mark} = {value:?}",
                definition.key()
            )),
            Some(_) if policy == Definitions::Install => {}
            _ => wanted.push(definition.clone()),
        }
    }
    run.say(&format!("applying {} of {} definitions", wanted.len(), definitions.len()));
    let options = ApplyOptions {
        force: true,
        adopt: Adopt::Any,
        claim_from: vec![FIELD_MANAGER.to_owned()],
        ..ApplyOptions::new(FIELD_MANAGER)
    };
    apply(cluster, &wanted, &options, run.patience()).await?;
    Ok(())
}
