//! A chart's definitions of custom resources in crds/: which they are, and how they are made and, beyond what Helm does,
//! upgraded.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use travel_kube::apply::{Adopt, ApplyOptions, apply};
use travel_kube::ownership::{Owner, Ownership};
use travel_kube::read::read;
use travel_kube::scope::Scopes;
use travel_kube::{Document, DocumentKey};

use super::Obstacle;
use super::objects::{FIELD_MANAGER, documents_of_text, marks, placed};
use super::run::Run;
use crate::bounds;
use crate::chart::dependencies::{self, Notes};
use crate::chart::values::ValuesError;
use crate::chart::{Chart, is_definitions_file};
use crate::engine::RenderError;
use crate::release::{RecordError, Release};
use crate::tree::TreeMap;

/// The documents in crds/ of a chart and of those of its subcharts that these values choose, each once: of two with
/// one key the last counts, as with Helm, which applies one after the other.
///
/// Where values are not known, or none of them is, so that it is not known which subcharts are chosen, they are those
/// of the chart alone: these come in any case.
///
/// # Errors
/// [`Obstacle::Render`] where the subcharts cannot be given their values; [`Obstacle::Object`] where a document is no
/// object.
pub fn definitions(
    chart: &Chart,
    values: Option<&TreeMap>,
    namespace: &str,
) -> Result<Vec<Document>, Obstacle> {
    let mut chart = chart.clone();
    let mut notes = Notes::default();
    let processed = values
        .map(|values| bounds::limited(|| dependencies::process(&mut chart, values, &mut notes)));
    let is_known = match processed {
        None | Some(Err(ValuesError::Unknown(_))) => false,
        Some(Err(error)) => return Err(RenderError::Dependencies(error).into()),
        Some(Ok(())) => notes.unknown.is_empty(),
    };
    if !is_known {
        chart.dependencies.clear();
    }
    let mut found: BTreeMap<DocumentKey, Document> = BTreeMap::new();
    for (path, file) in chart.custom_resource_definitions() {
        let documents = documents_of_text(&String::from_utf8_lossy(&file.data), &path)?;
        found.extend(documents.into_iter().map(|document| (document.key().clone(), document)));
    }
    Ok(placed(found.into_values().collect(), namespace, &Scopes::built_in()))
}

/// The documents in the crds/ of a recorded revision. Those of subcharts are in no record.
///
/// # Errors
/// [`Obstacle::Record`] or [`Obstacle::Object`] where they cannot be read.
pub fn recorded_definitions(release: &Release) -> Result<Vec<Document>, Obstacle> {
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
    Ok(placed(found, &release.namespace, &Scopes::built_in()))
}

/// Those of a recorded revision's definitions that are in the cluster.
pub(super) async fn standing(
    run: &Run<'_>,
    release: &Release,
) -> Result<Vec<DocumentKey>, Obstacle> {
    let recorded = recorded_definitions(release)?;
    let definitions = recorded.iter().map(Document::key).filter(|key| key.is_definition());
    let live = read(run.target.cluster, definitions).await?;
    Ok(live.into_iter().filter_map(|(key, object)| object.map(|_| key)).collect())
}

/// Marks that tell whose a definition is. Those of crds/ bear none by themselves, and labels of many kinds.
fn ours(run: &Run<'_>) -> Ownership {
    Ownership { labels: Default::default(), ..marks(run.target.name, run.target.namespace) }
}

/// Applies definitions and waits until what they define is served.
pub(super) async fn bring(run: &Run<'_>, definitions: &[Document]) -> Result<(), Obstacle> {
    if definitions.is_empty() {
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

#[cfg(test)]
mod tests {
    use crate::chart::{Dependency, File};
    use crate::read_values;

    use super::*;

    fn definition(group: &str) -> String {
        format!(
            "{{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {{name: {group}}}, \
             spec: {{group: {group}}}}}"
        )
    }

    /// A chart of this name with definitions in files.
    fn chart(name: &str, files: &[(&str, &str)]) -> Chart {
        let mut chart = Chart::default();
        chart.metadata.name = name.to_owned();
        chart.metadata.version = "1.0.0".to_owned();
        let file = |(name, text): &(&str, &str)| File {
            name: (*name).to_owned(),
            data: (*text).to_owned().into(),
        };
        chart.files = files.iter().map(file).collect();
        chart
    }

    #[test]
    fn definitions_are_those_of_the_chosen_subcharts_each_once() {
        let (a, b, c) = (definition("a"), definition("b"), definition("c"));
        let copy_of_a = a.replace("spec: {group: a}", "spec: {group: copy}");
        let mut parent = chart("parent", &[("crds/a.yaml", &a), ("crds/no.txt", "no")]);
        parent
            .dependencies
            .push(chart("one", &[("crds/x.yaml", &format!("{copy_of_a}\n---\n{b}"))]));
        parent.dependencies.push(chart("two", &[("crds/c.yaml", &c)]));
        for (name, condition) in [("one", "one.enabled"), ("two", "")] {
            let dependency = Dependency {
                name: name.to_owned(),
                version: "1.0.0".to_owned(),
                condition: condition.to_owned(),
                ..Dependency::default()
            };
            parent.metadata.dependencies.push(dependency);
        }
        let check = |values: Option<TreeMap>, expected: &[&str]| {
            let found = definitions(&parent, values.as_ref(), "shop").unwrap();
            let groups = found.iter().map(|it| it.value()["spec"]["group"].as_str().unwrap());
            assert_eq!(groups.collect::<Vec<_>>(), expected, "{values:?}");
        };
        check(Some(TreeMap::new()), &["copy", "b", "c"]);
        check(Some(read_values("one: {enabled: false}").unwrap()), &["a", "c"]);
        let unknown = TreeMap::from([("one".to_owned(), crate::Tree::Unknown)]);
        check(Some(unknown), &["a"]);
        check(None, &["a"]);
    }

    #[test]
    fn recorded_definitions_come_from_the_recorded_chart() {
        let file = |name: &str, text: &str| serde_json::json!({"name": name, "data": STANDARD.encode(text)});
        let check = |name: &str, text: &str, expected: Result<usize, ()>| {
            let chart = serde_json::json!({"files": [file("README.md", "no"), file(name, text)]});
            let release = Release { chart, ..Release::default() };
            let found = recorded_definitions(&release);
            assert_eq!(found.map(|found| found.len()).map_err(drop), expected, "{name}");
        };
        check("crds/a.yaml", &definition("a"), Ok(1));
        check("crds/a.JSON", &definition("a"), Ok(1));
        check("crds/notes.txt", "no", Ok(0));
        check("crds/a.yaml", "a: [", Err(()));
    }
}
