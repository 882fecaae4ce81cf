//! How a release stands in the cluster: what its records say, and where the objects differ from
//! what was applied.

use std::collections::BTreeMap;

use travel_framework::{Diagnostic, Failure};
use travel_helm::lifecycle::{self, marks};
use travel_helm::release::{Release, Status};
use travel_kube::Document;
use travel_kube::drift::{self, DriftOptions, DriftState, Mode};
use travel_kube::scope::Scopes;

use super::documents::{self, is_definition};
use super::memory::ReleaseMemory;
use super::{Identity, Settings, planning};
use crate::documents::{Documents, fields, standing};
use crate::platform::Connected;
use crate::secrets::SecretKey;
use crate::{failure, ignored};

/// The name under which Helm applies.
const FIELD_MANAGER: &str = "helm";

/// Brings what is known of a release up to what the cluster has of it. `history` are its
/// revisions, oldest first. False where there is no such release, or no longer.
///
/// # Errors
/// Where the cluster cannot be asked.
pub async fn observe(
    connected: &Connected,
    identity: Identity<'_>,
    history: &[Release],
    settings: &mut Settings,
    memory: &mut ReleaseMemory,
    key: &SecretKey,
) -> Result<bool, Failure> {
    let Some(last) = history.last().filter(|last| last.info.status != Status::Uninstalled) else {
        return Ok(false);
    };
    let is_deployed = |release: &&Release| release.info.status == Status::Deployed;
    let standing = history.iter().rfind(is_deployed).unwrap_or(last);
    note_record(settings, last, standing, key);
    if memory.revision != standing.version {
        // Somebody else has made it, or nobody knows what it was made of.
        memory.revision = standing.version;
        memory.inputs.clear();
        settings.seen.chart_digest = None;
        settings.seen.chart_archive_digest = None;
        settings.seen.chart_manifest_digest = None;
    }
    learn_version(connected, memory).await?;
    let applied = applied(standing, identity, settings.skip_crds)?;
    let (seen, drifted) = compare(connected, identity, &applied, settings, key).await?;
    // A record does not hold the definitions of subcharts: of them nothing is seen.
    let unseen = settings.seen.documents.take().unwrap_or_default();
    let mut documents: Documents =
        unseen.into_iter().filter(|(name, _)| is_definition(name)).collect();
    documents.retain(|name, _| !drifted.contains_key(name));
    documents.extend(seen);
    settings.seen.documents = Some(documents);
    memory.drifted = drifted;
    Ok(true)
}

fn note_record(settings: &mut Settings, last: &Release, standing: &Release, key: &SecretKey) {
    let text = |value: &serde_json::Value| {
        value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
    };
    settings.seen.revision = i64::try_from(last.version).ok();
    settings.seen.release_status = Some(last.info.status.as_str().to_owned());
    settings.seen.first_deployed = last.info.first_deployed.clone();
    settings.seen.last_deployed = last.info.last_deployed.clone();
    settings.seen.chart_version = Some(standing.chart_version().to_owned());
    settings.seen.app_version = text(&standing.chart["metadata"]["appVersion"]);
    settings.seen.values_digest = Some(planning::code(key, &standing.values()));
}

/// Learns what the chart would be told of the cluster now, so that the next plan knows it.
async fn learn_version(connected: &Connected, memory: &mut ReleaseMemory) -> Result<(), Failure> {
    if memory.kube_version.is_empty() {
        let capabilities = capabilities(connected).await?;
        memory.kube_version = capabilities.kube_version.version;
        memory.api_versions = Some(capabilities.api_versions);
        return Ok(());
    }
    memory.kube_version = version(connected).await?;
    Ok(())
}

/// What the cluster can do, with the version that those know who run it.
///
/// # Errors
/// Where the cluster cannot be asked.
pub async fn capabilities(connected: &Connected) -> Result<travel_helm::Capabilities, Failure> {
    let found = lifecycle::capabilities(&connected.cluster).await;
    let mut found = found.map_err(|error| failure::of_call(&error))?;
    let root = travel_value::Path::root();
    found.kube_version =
        planning::kube_version(&version_of(connected, &found.kube_version.version), &root)?;
    Ok(found)
}

async fn version(connected: &Connected) -> Result<String, Failure> {
    let found = connected.cluster.version().await.map_err(|error| failure::of_call(&error))?;
    Ok(version_of(connected, &found.git_version))
}

/// The version that the cluster says it is, unless those who run it say that it is another.
fn version_of(connected: &Connected, said: &str) -> String {
    match &connected.version {
        Some(known) if !said.trim_start_matches('v').starts_with(&format!("{known}.")) => {
            format!("v{known}.0")
        }
        _ => said.to_owned(),
    }
}

/// The documents of a revision as they were applied.
fn applied(
    release: &Release,
    identity: Identity<'_>,
    skip_crds: bool,
) -> Result<Vec<Document>, Failure> {
    let unusable = |error: &(dyn std::error::Error + 'static)| {
        Diagnostic::error(
            format!("the record of the release {} is not usable", identity.name),
            format!("{}.", travel_kube::error::chain(error)),
        )
    };
    let mut objects = match skip_crds {
        true => Vec::new(),
        false => lifecycle::recorded_definitions(release).map_err(|error| unusable(&error))?,
    };
    let manifest = documents::recorded(&release.manifest, identity.namespace);
    objects.extend(manifest.map_err(|error| unusable(&error))?);
    Ok(objects)
}

/// The documents as the cluster has them, and those that differ as they were applied.
async fn compare(
    connected: &Connected,
    identity: Identity<'_>,
    applied: &[Document],
    settings: &Settings,
    key: &SecretKey,
) -> Result<(Documents, Documents), Failure> {
    let cluster = &connected.cluster;
    let discovery = cluster.discovery().await.map_err(|error| failure::of_call(&error))?;
    let scopes = Scopes::built_in().with_definitions(applied).with_discovery(&discovery);
    let mut placed = applied.to_vec();
    placed.iter_mut().for_each(|document| scopes.place(document, identity.namespace));
    let mut ignores = ignored::fields(settings.ignore.as_deref());
    ignores.extend(drift::autoscaled(&placed));
    let options = DriftOptions {
        field_manager: FIELD_MANAGER.to_owned(),
        ownership: Some(marks(identity.name, identity.namespace)),
        ignores,
        mode: Mode::Suspects,
    };
    let found = drift::drift(cluster, &placed, &options).await;
    let found = found.map_err(|error| failure::of_call(&error))?;
    let secrets = settings.secrets();
    let (mut seen, mut drifted) = (BTreeMap::new(), BTreeMap::new());
    for (document, found) in applied.iter().zip(found) {
        let name = document.key().to_string();
        let wanted = fields(document, key, &secrets);
        // A definition that another release brought first is that one's, and left alone.
        let is_left = matches!(found.state, DriftState::Foreign { .. }) && is_definition(&name);
        let live = match is_left {
            true => Some(wanted.clone()),
            false => standing(document, &found.state, key, &secrets),
        };
        if live.as_ref() != Some(&wanted) {
            drifted.insert(name.clone(), wanted);
        }
        seen.extend(live.map(|live| (name, live)));
    }
    Ok((seen, drifted))
}
