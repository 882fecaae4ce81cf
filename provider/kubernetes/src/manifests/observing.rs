//! How a set stands in its cluster: what of it is there, where it differs from its documents, and what
//! is there beyond them. Members are listed by their label, so that the number of calls is that of
//! their kinds.

use std::collections::BTreeMap;

use travel_framework::Failure;
use travel_framework::model::Model;
use travel_kube::applyset::{Contents, MEMBER_LABEL, strays};
use travel_kube::drift::{self, Drift, DriftOptions, DriftState, Mode};
use travel_kube::managed::applied_part;
use travel_kube::ready::State;
use travel_kube::scope::Scopes;
use travel_kube::{Document, DocumentKey};

use super::inventory::{FIELD_MANAGER, Inventory, Record, kinds};
use super::memory::Memory;
use super::source::Source;
use super::{Call, Manifests, planning};
use crate::documents::{Documents, Fields, fields, standing};
use crate::platform::Connected;
use crate::secrets::{SecretKey, Secrets};
use crate::{failure, ignored};

/// A set as it stands.
pub struct Standing {
    /// Its documents, as plans show them.
    pub documents: Documents,
    /// Whether nothing is left to wait for.
    pub is_ready: bool,
    /// Whether an object stands for every document.
    pub is_complete: bool,
    /// The parent.
    pub parent: Document,
}

/// Looks at a set; none where there is none of the name.
///
/// # Errors
/// Where the cluster cannot be asked.
pub async fn observe(
    call: &Call,
    connected: &Connected,
    set: &Manifests,
) -> Result<Option<Standing>, Failure> {
    let mut memory = Memory::of(call)?;
    let key = memory.own_secret_key();
    let inventory = set.inventory();
    let Some(parent) = inventory.parent(&connected.cluster).await? else { return Ok(None) };
    let record = Record::of(&parent);
    let source = set.source()?;
    let placed = placed(connected, &source.documents(), &set.namespace).await?;
    let members = members(connected, &inventory, &record.contents, &placed).await?;
    let found = compare(connected, set, &inventory, &placed, &members).await?;
    let mut documents = Documents::new();
    for (item, found) in source.items.iter().zip(&found) {
        let live = standing(&item.document, &found.state, &key, &item.hidden());
        documents.extend(live.map(|live| (item.name(), live)));
    }
    memory.inferred.clear();
    for stray in strays(&members, placed.iter().map(Document::key)) {
        let name = stray.key().to_string();
        let is_hidden = record.hidden.contains(&name);
        documents.insert(name.clone(), applied_fields(stray, &key, is_hidden));
        memory.inferred.insert(name);
    }
    memory.kube_version = version(connected).await?;
    memory.keep(call);
    let is_complete = found.iter().all(|it| it.state != DriftState::Absent);
    let is_ready = set.ready != Some(false) || set.is_ready(&found);
    Ok(Some(Standing { documents, is_ready, is_complete, parent }))
}

impl Manifests {
    /// The documents that are written here.
    ///
    /// # Errors
    /// What is none.
    pub fn source(&self) -> Result<Source, Failure> {
        let source = Source::of(&<Self as Model>::to_value(self));
        source.map_err(|errors| match errors.into_iter().next() {
            Some(error) => error.into(),
            None => Failure::Interrupted,
        })
    }

    fn is_ready(&self, found: &[Drift]) -> bool {
        let rules = self.readiness.rules();
        let status = |it: &Drift| rules.status(&it.key, it.live.as_ref());
        !self.readiness.wait || found.iter().all(|it| status(it).state == State::Ready)
    }
}

/// Documents in their namespaces, as far as the cluster and the documents themselves tell which kinds
/// have one.
///
/// # Errors
/// Where the cluster cannot be asked.
pub async fn placed(
    connected: &Connected,
    documents: &[Document],
    namespace: &str,
) -> Result<Vec<Document>, Failure> {
    let discovery = connected.cluster.discovery().await;
    let discovery = discovery.map_err(|error| failure::of_call(&error))?;
    let scopes = Scopes::built_in().with_definitions(documents).with_discovery(&discovery);
    let mut placed = documents.to_vec();
    placed.iter_mut().for_each(|document| scopes.place(document, namespace));
    Ok(placed)
}

/// The members of a set, wherever its parent says that there are any.
///
/// # Errors
/// Where the cluster cannot be asked.
pub async fn members(
    connected: &Connected,
    inventory: &Inventory,
    contents: &Contents,
    placed: &[Document],
) -> Result<Vec<Document>, Failure> {
    let mut contents = contents.clone();
    contents.extend(&Contents::of(placed.iter().map(Document::key)));
    let members = inventory.set.members(&connected.cluster, &contents, &kinds(placed)).await;
    members.map_err(|error| failure::of_call(&error))
}

/// Compares documents with their objects: those among the members, and others of the same names.
async fn compare(
    connected: &Connected,
    set: &Manifests,
    inventory: &Inventory,
    placed: &[Document],
    members: &[Document],
) -> Result<Vec<Drift>, Failure> {
    let mut live: BTreeMap<DocumentKey, Option<Document>> =
        members.iter().map(|member| (member.key().clone(), Some(member.clone()))).collect();
    let missing = placed.iter().map(Document::key).filter(|key| !live.contains_key(*key));
    let missing: Vec<&DocumentKey> = missing.collect();
    let others = travel_kube::read::read(&connected.cluster, missing).await;
    live.extend(others.map_err(|error| failure::of_call(&error))?);
    let mut ignores = ignored::fields(set.ignore.as_deref());
    ignores.extend(drift::autoscaled(placed));
    let options = DriftOptions {
        field_manager: FIELD_MANAGER.to_owned(),
        ownership: Some(inventory.ownership()),
        ignores,
        mode: Mode::Suspects,
    };
    let found = drift::drift_from(&connected.cluster, placed, &live, &options).await;
    found.map_err(|error| failure::of_call(&error))
}

/// The fields of a member as they were applied, as far as the cluster knows.
fn applied_fields(member: &Document, key: &SecretKey, is_hidden: bool) -> Fields {
    let Some(part) = applied_part(member, FIELD_MANAGER) else { return Fields::new() };
    let mut value = part.into_value();
    if let Some(labels) = value["metadata"]["labels"].as_object_mut() {
        labels.remove(MEMBER_LABEL);
        if labels.is_empty() {
            value["metadata"]["labels"].take();
        }
    }
    let secrets = if is_hidden { Secrets::everything() } else { Secrets::default() };
    // It was a document before the label went.
    Document::new(value).map(|part| fields(&part, key, &secrets)).unwrap_or_default()
}

/// The version of Kubernetes, by those who run the cluster or else by itself.
async fn version(connected: &Connected) -> Result<String, Failure> {
    if let Some(known) = &connected.version {
        return Ok(planning::readable_version(known));
    }
    let said = connected.cluster.version().await.map_err(|error| failure::of_call(&error))?;
    Ok(planning::readable_version(&said.git_version))
}
