//! Everything that can be said of a revision before anything is changed: rendered, read, and held against what exists.

use std::collections::{BTreeMap, BTreeSet};

use travel_kube::apply::Adopt;
use travel_kube::ownership::Owner;
use travel_kube::read::read;
use travel_kube::scope::Scopes;
use travel_kube::{Document, DocumentKey};

use super::capabilities::{ClusterLookup, capabilities};
use super::definitions::definitions;
use super::hooks;
use super::objects::{Identity, by_identity, identity, marks, objects_of, objects_of_manifest};
use super::run::Run;
use super::standing::Standing;
use super::{Definitions, ForeignObject, Obstacle, Wanted};
use crate::capabilities::defined_api_versions;
use crate::engine::{ReleaseContext, RenderOptions, Rendering, render};
use crate::release::{HookRecord, Info, Release, SYSTEM_LABELS, Status, chart_record, now};
use crate::tree::Tree;

/// A revision that can be brought about.
pub(super) struct Prepared {
    /// Its record, still pending.
    pub(super) release: Release,
    /// Its objects but for hooks and definitions.
    pub(super) objects: Vec<Document>,
    /// The documents of crds/ that are to be brought.
    pub(super) definitions: Vec<Document>,
    /// Objects of earlier revisions that it does not have.
    pub(super) unwanted: Vec<Document>,
}

/// Prepares the next revision. Changes nothing.
pub(super) async fn prepare(
    run: &Run<'_>,
    wanted: &Wanted<'_>,
    standing: &Standing,
) -> Result<Prepared, Obstacle> {
    if let Some(label) = wanted.labels.keys().find(|label| SYSTEM_LABELS.contains(&label.as_str()))
    {
        return Err(Obstacle::SystemLabel(label.clone()));
    }
    let namespace = run.target.namespace;
    if !wanted.create_namespace {
        check_namespace(run).await?;
    }
    let definitions = definitions(wanted.chart, Some(wanted.values), namespace)?;
    let brought = match wanted.definitions {
        Definitions::Skip => Vec::new(),
        Definitions::Upgrade => definitions.clone(),
    };
    let rendering = rendered(run, wanted, standing, &brought).await?;
    let release = pending(run, wanted, standing, &rendering);
    // A record that does not fit is to be found out before anything is changed.
    release.to_secret("createdAt", 0)?;
    let scopes = run.scopes().await?.with_definitions(&definitions);
    let objects = objects_of(&rendering.manifests, namespace, &scopes)?;
    let defined = brought.iter().chain(&objects).flat_map(Document::defined_kinds);
    check_kinds(run, &objects, &defined.collect()).await?;
    for hook in &release.hooks {
        hooks::objects(run, hook).await?;
    }
    let former = former(standing, namespace, &scopes)?;
    check_owners(run, &objects, &former, wanted.adopt).await?;
    // A definition that moved into crds/ is still wanted; without it all objects of its kind would go.
    let present: BTreeSet<Identity> = objects.iter().chain(&definitions).map(identity).collect();
    let unwanted = former.into_iter().filter(|(identity, _)| !present.contains(identity));
    let unwanted = unwanted.map(|(_, object)| object).collect();
    Ok(Prepared { release, objects, definitions: brought, unwanted })
}

async fn rendered(
    run: &Run<'_>,
    wanted: &Wanted<'_>,
    standing: &Standing,
    definitions: &[Document],
) -> Result<Rendering, Obstacle> {
    run.check()?;
    let cluster = run.target.cluster;
    let mut capabilities = match &wanted.capabilities {
        Some(capabilities) => capabilities.clone(),
        None => capabilities(cluster).await?,
    };
    // Templates see the cluster as it is once the definitions are there.
    capabilities.add(defined_api_versions(definitions));
    let release = ReleaseContext {
        name: run.target.name.to_owned(),
        namespace: run.target.namespace.to_owned(),
        revision: standing.next_revision(),
        is_upgrade: standing.has_stood(),
    };
    let (chart, values) = (wanted.chart.clone(), wanted.values.clone());
    let lookup = ClusterLookup::new(cluster);
    let rendering = tokio::task::spawn_blocking(move || {
        let lookup = Some(&lookup as &dyn crate::Lookup);
        let options = RenderOptions {
            release,
            capabilities,
            lookup,
            planning: false,
            skip_schema_validation: false,
        };
        render(chart, &values, &options)
    });
    tokio::select! {
        rendering = rendering => Ok(rendering??),
        () = run.target.cancel.cancelled() => Err(Obstacle::Cancelled),
    }
}

/// The record of a revision on its way.
fn pending(
    run: &Run<'_>,
    wanted: &Wanted<'_>,
    standing: &Standing,
    rendering: &Rendering,
) -> Release {
    let (status, description) = match standing.has_stood() {
        false => (Status::PendingInstall, "Initial install underway"),
        true => (Status::PendingUpgrade, "Preparing upgrade"),
    };
    let time = now();
    let last = standing.present().last();
    let first_deployed = last.and_then(|release| release.info.first_deployed.clone());
    let mut labels = last.map(|release| release.labels.clone()).unwrap_or_default();
    labels.extend(wanted.labels.clone());
    Release {
        name: run.target.name.to_owned(),
        info: Info {
            first_deployed: Some(first_deployed.unwrap_or_else(|| time.clone())),
            last_deployed: Some(time),
            description: description.to_owned(),
            status,
            notes: rendering.notes.clone(),
            ..Info::default()
        },
        chart: chart_record(&rendering.chart),
        config: Tree::Map(wanted.values.clone()).to_json(),
        manifest: rendering.manifest(false),
        hooks: rendering.hooks.iter().map(HookRecord::new).collect(),
        version: standing.next_revision(),
        namespace: run.target.namespace.to_owned(),
        apply_method: Some("ssa".to_owned()),
        labels,
        ..Release::default()
    }
}

/// The objects that earlier revisions may have left in the cluster.
pub(super) fn former(
    standing: &Standing,
    namespace: &str,
    scopes: &Scopes,
) -> Result<BTreeMap<Identity, Document>, Obstacle> {
    let mut objects = Vec::new();
    for release in standing.effective() {
        objects.extend(objects_of_manifest(&release.manifest, namespace, scopes)?);
    }
    Ok(by_identity(objects))
}

/// Refuses to go on without the release's namespace, which holds the record.
async fn check_namespace(run: &Run<'_>) -> Result<(), Obstacle> {
    let name = run.target.namespace;
    match run.target.cluster.get(&namespace_key(name)).await {
        Ok(Some(_)) => Ok(()),
        Ok(None) => Err(Obstacle::NoNamespace(name.to_owned())),
        // Who may only see what is in the namespace finds out when the record is written.
        Err(error) if error.is_forbidden() => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The key of a namespace.
pub(super) fn namespace_key(name: &str) -> DocumentKey {
    DocumentKey {
        api_version: "v1".to_owned(),
        kind: "Namespace".to_owned(),
        namespace: None,
        name: name.to_owned(),
    }
}

/// Refuses kinds that are neither served nor about to be defined.
async fn check_kinds(
    run: &Run<'_>,
    objects: &[Document],
    defined: &BTreeSet<(String, String)>,
) -> Result<(), Obstacle> {
    let kind = |object: &Document| (object.api_version().to_owned(), object.kind().to_owned());
    let kinds: BTreeSet<(String, String)> = objects.iter().map(kind).collect();
    for (api_version, kind) in kinds.difference(defined) {
        run.target.cluster.resource(api_version, kind).await?;
    }
    Ok(())
}

/// Refuses objects that exist and are not the release's. What an earlier revision had is the release's unless another
/// has marked it since.
async fn check_owners(
    run: &Run<'_>,
    objects: &[Document],
    former: &BTreeMap<Identity, Document>,
    adopt: Adopt,
) -> Result<(), Obstacle> {
    let (name, namespace) = (run.target.name, run.target.namespace);
    let ours = marks(name, namespace);
    let live = read(run.target.cluster, objects.iter().map(Document::key)).await?;
    let mut foreign = Vec::new();
    for (key, object) in &live {
        let Some(object) = object else { continue };
        let bears = match ours.owner(object) {
            Owner::Ours => continue,
            _ if adopt == Adopt::Any => continue,
            Owner::Nobody if adopt == Adopt::Unmarked => continue,
            Owner::Nobody if former.contains_key(&identity(object)) => continue,
            Owner::Nobody => "it bears no mark of the release".to_owned(),
            Owner::Other { mark, value } => format!("it bears {mark} = {value:?}"),
        };
        let remedy = format!(
            "to have the release take it, allow adopting it, or set its label app.kubernetes.io/managed-by to Helm and its \
             annotations meta.helm.sh/release-name to {name} and meta.helm.sh/release-namespace to {namespace}"
        );
        foreign.push(ForeignObject { key: key.clone(), bears, remedy });
    }
    if foreign.is_empty() { Ok(()) } else { Err(Obstacle::Foreign(foreign)) }
}
