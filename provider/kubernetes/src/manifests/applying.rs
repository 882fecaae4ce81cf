//! Bringing a set about: whose every object is, is checked before anything is changed; then the
//! parent says where members will be, and only then are there any.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;
use travel_framework::{Diagnostic, Failure};
use travel_kube::apply::{
    Adopt, ApplyError, ApplyFailure, ApplyOptions, Refusal, UnknownFields, apply,
};
use travel_kube::applyset::{Contents, strays};
use travel_kube::cluster::objects::Propagation;
use travel_kube::drift::differences;
use travel_kube::error::ErrorKind;
use travel_kube::ownership::Owner;
use travel_kube::poll::{Patience, Progress};
use travel_kube::prune::{PruneOptions, prune};
use travel_kube::ready::wait::{NotReady, wait_ready};
use travel_kube::{Document, DocumentKey};
use travel_value::Path;

use super::inventory::{FIELD_MANAGER, Inventory, Record, mark_on};
use super::memory::Memory;
use super::source::Source;
use super::{Call, Manifests, immutable, observing, planning, removing};
use crate::documents::{Documents, Fields, as_planned, fields};
use crate::failure;
use crate::platform::Connected;

/// Managers whose fields are taken over with what is adopted: else what a document no longer has
/// would stay as theirs.
const BEFORE: [&str; 3] = ["kubectl-client-side-apply", "kubectl-create", "HashiCorp"];

/// Brings a set about, from what it was. `state` follows: where that fails, it says how the set
/// stands then.
///
/// # Errors
/// Why it failed.
pub async fn bring(
    call: &Call,
    prior: &Manifests,
    plan: &Manifests,
    state: &mut Manifests,
) -> Result<(), Failure> {
    let connected = call.scope.cluster()?;
    let source = plan.source()?;
    let secrets = source.secrets();
    let mut memory = Memory::of(call)?;
    let key = memory.own_secret_key();
    memory.keep(call);
    let bringing = Bringing { call, connected, prior, plan, source: &source };
    let Err(failure) = bringing.run().await else {
        let actual: Documents = source
            .items
            .iter()
            .map(|item| (item.name(), fields(&item.document, &key, &item.hidden())))
            .collect();
        memory.inferred.clear();
        memory.keep(call);
        *state = Manifests {
            documents: Some(as_planned(plan.documents.as_ref(), actual)),
            ready: Some(true),
            applyset_id: Some(plan.inventory().id()),
            id: Some(plan.import_id()),
            ..plan.clone()
        };
        return Ok(());
    };
    let failure = secrets.hidden_from_failure(failure);
    // What is there now tells more than what was to be there.
    match observing::observe(call, connected, plan).await {
        Ok(Some(standing)) => {
            *state = Manifests { ready: Some(false), ..plan.standing(&standing) };
        }
        Ok(None) => *state = Manifests { documents: None, ready: None, id: None, ..plan.clone() },
        Err(error) => {
            let error = secrets.hidden_from_failure(error).into_diagnostic();
            tracing::warn!("cannot tell how the manifests {} stand: {error}", plan.name);
            // Something may be there.
            let id = Some(plan.import_id());
            *state = Manifests { ready: Some(false), id, ..state.clone() };
        }
    }
    Err(failure)
}

struct Bringing<'a> {
    call: &'a Call,
    connected: &'a Connected,
    prior: &'a Manifests,
    plan: &'a Manifests,
    source: &'a Source,
}

impl Bringing<'_> {
    async fn run(&self) -> Result<(), Failure> {
        let Self { call, connected, plan, .. } = self;
        let cluster = &connected.cluster;
        let inventory = plan.inventory();
        let documents = self.source.documents();
        let placed = observing::placed(connected, &documents, &plan.namespace).await?;
        let live = travel_kube::read::read(cluster, placed.iter().map(Document::key)).await;
        let live = live.map_err(|error| failure::of_call(&error))?;
        self.refuse_foreign(&inventory, &placed, &live)?;
        let parent = inventory.parent(cluster).await?;
        self.refuse_other_set(parent.as_ref())?;
        call.proceed()?;
        let own = self.record(&inventory, &placed);
        let mut record = own.clone();
        if let Some(parent) = &parent {
            record.extend(&Record::of(parent));
        }
        let progress = |it: &Progress| tell(&plan.name, it);
        let patience = || patience(call, &progress);
        inventory.record(cluster, &record, &call.claim, patience()).await?;
        self.make_way(&inventory, &placed, &live).await?;
        self.apply(&inventory, &placed).await?;
        call.proceed()?;
        let members = observing::members(connected, &inventory, &record.contents, &placed).await?;
        let strays = strays(&members, placed.iter().map(Document::key));
        let told =
            removing::remove(call, connected, &inventory, strays, plan.force_destroy).await?;
        told.into_iter().for_each(|warning| call.warn(warning));
        if plan.readiness.wait {
            let keys = placed.iter().map(Document::key);
            let ready = wait_ready(cluster, keys, &plan.readiness.rules(), patience()).await;
            ready.map_err(|error| not_ready(&plan.name, &error))?;
        }
        if record != own {
            inventory.record(cluster, &own, &call.claim, patience()).await?;
        }
        Ok(())
    }

    /// What the parent is to say in the end. Its own namespace is always one of those of its set.
    fn record(&self, inventory: &Inventory, placed: &[Document]) -> Record {
        let mut contents = Contents::of(placed.iter().map(Document::key));
        contents.namespaces.insert(inventory.set.namespace.clone());
        let hidden = self.source.items.iter().zip(placed).filter(|(item, _)| item.is_hidden);
        Record { contents, hidden: hidden.map(|(_, it)| it.key().to_string()).collect() }
    }

    /// Refuses objects that are somebody else's, or nobody's that the set has not had.
    fn refuse_foreign(
        &self,
        inventory: &Inventory,
        placed: &[Document],
        live: &BTreeMap<DocumentKey, Option<Document>>,
    ) -> Result<(), Failure> {
        let ownership = inventory.ownership();
        let mut refused: Vec<(Path, String)> = Vec::new();
        for (item, document) in self.source.items.iter().zip(placed) {
            let key = document.key();
            let Some(existing) = live.get(key).and_then(Option::as_ref) else { continue };
            let why = match ownership.owner(existing) {
                Owner::Ours => continue,
                Owner::Nobody if self.plan.adopt => continue,
                Owner::Nobody if self.prior.seen().contains_key(&item.name()) => continue,
                Owner::Nobody => "nothing marks it as made by this set".to_owned(),
                Owner::Other { mark, value } => format!("it bears {mark} = {value:?}"),
            };
            refused.push((item.path.clone(), format!("  - {key}: {why}\n")));
        }
        let Some((path, _)) = refused.first() else { return Ok(()) };
        let lines: String = refused.iter().map(|(_, line)| line.as_str()).collect();
        let error = Diagnostic::error(
            "objects of these names exist already",
            format!(
                "Nothing was changed. These objects were not made by this set:\n{lines}\
                 Set adopt = true to take over those that bear no mark, which then belong to the set \
                 and go with it; leave out what others keep.",
            ),
        );
        Err(error.at(path.clone()).into())
    }

    /// Refuses a set of this name that is somebody else's, unless the state has it: then it was
    /// brought in, and this claims it.
    fn refuse_other_set(&self, parent: Option<&Document>) -> Result<(), Failure> {
        let Some(parent) = parent.filter(|_| self.prior.id.is_none()) else { return Ok(()) };
        let mark = mark_on(parent);
        if mark.as_ref().is_some_and(|mark| self.call.claim.owns(mark)) {
            return Ok(());
        }
        Err(self.call.claim.refusal(&self.plan.import_id(), mark.as_ref()).into())
    }

    /// Deletes the objects that cannot be changed in place and may be made anew.
    async fn make_way(
        &self,
        inventory: &Inventory,
        placed: &[Document],
        live: &BTreeMap<DocumentKey, Option<Document>>,
    ) -> Result<(), Failure> {
        let is_in_the_way = |document: &&Document| {
            let existing = live.get(document.key()).and_then(Option::as_ref);
            planning::is_recreated(document.key(), &self.plan.recreate)
                && existing.is_some_and(|existing| is_fixed_otherwise(document, existing))
        };
        let keys: Vec<&DocumentKey> =
            placed.iter().filter(is_in_the_way).map(Document::key).collect();
        self.delete(inventory, &keys).await
    }

    async fn delete(&self, inventory: &Inventory, keys: &[&DocumentKey]) -> Result<(), Failure> {
        if keys.is_empty() {
            return Ok(());
        }
        let name = &self.plan.name;
        keys.iter().for_each(|key| tracing::info!("manifests {name}: {key} is made anew"));
        let options = PruneOptions {
            ownership: Some(inventory.ownership()),
            unmarked: true,
            propagation: Propagation::Foreground,
            ..PruneOptions::default()
        };
        let progress = |it: &Progress| tell(name, it);
        let patience = patience(self.call, &progress);
        let pruned = prune(&self.connected.cluster, keys.iter().copied(), &options, patience).await;
        pruned.map(drop).map_err(|error| removing::failed(&error))
    }

    async fn apply(&self, inventory: &Inventory, placed: &[Document]) -> Result<(), Failure> {
        let Self { call, connected, plan, .. } = self;
        let before = BEFORE.iter().filter(|_| plan.adopt);
        let options = ApplyOptions {
            force: plan.force_conflicts,
            ownership: Some(inventory.ownership()),
            // Whose they are was checked before anything was changed.
            adopt: Adopt::Unmarked,
            claim_from: before.map(|&name| name.to_owned()).collect(),
            unknown_fields: UnknownFields::Refuse,
            ..ApplyOptions::new(FIELD_MANAGER)
        };
        let progress = |it: &Progress| tell(&plan.name, it);
        let applied = apply(&connected.cluster, placed, &options, patience(call, &progress)).await;
        let Err(error) = applied else { return Ok(()) };
        // What only the cluster knows to be fixed, such as by a rule of a definition.
        let fixed: Vec<&DocumentKey> = error
            .failures
            .iter()
            .filter(|it| is_immutable(it) && planning::is_recreated(&it.key, &plan.recreate))
            .map(|it| &it.key)
            .collect();
        if fixed.is_empty() {
            return Err(failed(&error, &|key| self.path_of(placed, key)));
        }
        self.delete(inventory, &fixed).await?;
        let applied = apply(&connected.cluster, placed, &options, patience(call, &progress)).await;
        applied.map(drop).map_err(|error| failed(&error, &|key| self.path_of(placed, key)))
    }

    fn path_of(&self, placed: &[Document], key: &DocumentKey) -> Option<Path> {
        let place = placed.iter().position(|document| document.key() == key)?;
        Some(self.source.items.get(place)?.path.clone())
    }
}

/// Whether an object differs from its document in what cannot be changed.
fn is_fixed_otherwise(document: &Document, existing: &Document) -> bool {
    let found = differences(document, existing, FIELD_MANAGER, &[]);
    let text = |value: &Option<serde_json::Value>| value.as_ref().map(ToString::to_string);
    let before: Fields = found
        .iter()
        .filter_map(|it| Some((it.path.to_string(), text(&it.found)?)))
        .chain(sealed(existing))
        .collect();
    let after: Vec<(String, Option<String>)> = found
        .iter()
        .filter_map(|it| Some((it.path.to_string(), Some(text(&it.wanted)?))))
        .chain(sealed(existing).map(|(path, value)| (path, Some(value))))
        .collect();
    !immutable::changed(document.key(), &before, &after).is_empty()
}

/// The fields that say what of an object is fixed.
fn sealed(existing: &Document) -> impl Iterator<Item = (String, String)> {
    let value = existing.value();
    let said = [("immutable", &value["immutable"]), ("spec.suspend", &value["spec"]["suspend"])];
    let said = said.map(|(path, value)| (path.to_owned(), value.to_string()));
    said.into_iter().filter(|(_, value)| value == "true")
}

fn is_immutable(failure: &ApplyFailure) -> bool {
    let Refusal::Call(error) = &failure.reason else { return false };
    let says_so = matches!(
        &error.kind,
        ErrorKind::Invalid { message, .. } if message.contains("immutable")
    );
    says_so || !error.immutable_fields().is_empty()
}

/// How long an operation may still take, with word of its progress.
pub fn patience<'a>(
    call: &'a Call,
    progress: &'a (dyn Fn(&Progress) + Send + Sync),
) -> Patience<'a> {
    let left = call.deadline.saturating_duration_since(Instant::now());
    Patience { timeout: left.max(Duration::from_secs(1)), cancel: &call.cancel, progress }
}

/// Tells what is waited for.
pub fn tell(name: &str, progress: &Progress) {
    let waiting: Vec<String> = progress.waiting.iter().take(5).map(ToString::to_string).collect();
    let seconds = progress.elapsed.as_secs();
    let (left, total) = (progress.waiting.len(), progress.total);
    tracing::info!(
        seconds,
        "manifests {name}: waiting for {left} of {total}: {}",
        waiting.join("; "),
    );
}

/// Documents that were not applied, as a person is told: at the place of the first of them.
pub fn failed(error: &ApplyError, path_of: &dyn Fn(&DocumentKey) -> Option<Path>) -> Failure {
    let is_cancelled = |it: &ApplyFailure| match &it.reason {
        Refusal::Cancelled => true,
        Refusal::Call(error) => error.is_cancelled(),
        Refusal::NotReady(reason) => matches!(reason, NotReady::Cancelled { .. }),
        _ => false,
    };
    let told: Vec<&ApplyFailure> = error.failures.iter().filter(|it| !is_cancelled(it)).collect();
    let Some(first) = told.first() else { return Failure::Interrupted };
    let summary = match told.len() {
        1 => format!("failed to apply {}", first.key),
        number => format!("failed to apply {number} documents"),
    };
    let lines: String = told.iter().map(|it| format!("  - {}: {}\n", it.key, it.reason)).collect();
    let mut remedies: Vec<&str> = told.iter().filter_map(|it| remedy(it)).collect();
    remedies.sort_unstable();
    remedies.dedup();
    let detail = format!(
        "{lines}{} documents were applied; the next apply goes on from there. {}",
        error.applied.len(),
        remedies.join(" "),
    );
    let diagnostic = Diagnostic::error(summary, detail.trim_end());
    match path_of(&first.key) {
        Some(path) => diagnostic.at(path).into(),
        None => diagnostic.into(),
    }
}

fn remedy(failed: &ApplyFailure) -> Option<&'static str> {
    if is_immutable(failed) {
        return Some(
            "What cannot be changed in place is made anew where its kind stands in recreate; or give \
             the object another name.",
        );
    }
    let Refusal::Call(error) = &failed.reason else { return None };
    match &error.kind {
        ErrorKind::FieldConflict(_) => Some(
            "Leave those fields out of the documents where others are to set them, or take them with \
             force_conflicts = true.",
        ),
        ErrorKind::UnknownKind { .. } => Some(
            "Install the definition of the kind first, in this set or in what this depends on; or \
             correct apiVersion and kind.",
        ),
        kind => Some(failure::remedy_of_call(kind)).filter(|remedy| !remedy.is_empty()),
    }
}

fn not_ready(name: &str, error: &NotReady) -> Failure {
    let remedy = match error {
        NotReady::Cancelled { .. } => return Failure::Interrupted,
        NotReady::Call(error) => return failure::of_call(error),
        NotReady::Timeout { .. } => {
            "If it only needs longer, raise the limit in the timeouts block; the next apply waits again."
        }
        NotReady::Failed { .. } => "Mend what keeps it from becoming ready, and apply again.",
    };
    Diagnostic::error(
        format!("the manifests {name} did not become ready"),
        format!("All documents were applied, but {error}\n{remedy}"),
    )
    .into()
}
