//! Removing members of a set: in reverse order, each gone before what it needs goes, and nothing that
//! others have made with them.

use travel_framework::{Diagnostic, Failure};
use travel_kube::applyset::{Contents, MEMBER_LABEL};
use travel_kube::gone::Stays;
use travel_kube::poll::Progress;
use travel_kube::prune::{PruneError, PruneObstacle, PruneOptions, prune};
use travel_kube::{Document, DocumentKey};

use super::applying::{patience, tell};
use super::containers::{self, Held};
use super::inventory::{FIELD_MANAGER, Inventory};
use super::{Call, Manifests, observing};
use crate::failure;
use crate::platform::Connected;

/// Removes a set with all its members. That there is none is no error.
///
/// # Errors
/// Why it failed.
pub async fn remove_all(
    call: &Call,
    connected: &Connected,
    prior: &Manifests,
) -> Result<(), Failure> {
    let inventory = prior.inventory();
    let parent = inventory.parent(&connected.cluster).await?;
    let mut contents = parent.as_ref().map(Contents::of_parent).unwrap_or_default();
    // Where the parent is gone, the state still knows.
    let known: Vec<DocumentKey> =
        prior.seen().keys().filter_map(|name| name.parse().ok()).collect();
    contents.extend(&Contents::of(&known));
    contents.namespaces.insert(prior.namespace.clone());
    let members = observing::members(connected, &inventory, &contents, &[]).await?;
    let members: Vec<&Document> = members.iter().collect();
    let told = remove(call, connected, &inventory, members, prior.force_destroy).await?;
    told.into_iter().for_each(|warning| call.warn(warning));
    inventory.forget(&connected.cluster).await
}

/// Removes members of a set, and waits until they are gone. Gives what is to be told.
///
/// # Errors
/// Why it failed.
pub async fn remove(
    call: &Call,
    connected: &Connected,
    inventory: &Inventory,
    members: Vec<&Document>,
    force: bool,
) -> Result<Vec<Diagnostic>, Failure> {
    let is_namespace = |it: &Document| it.kind() == "Namespace" && it.group().is_empty();
    let (namespaces, others): (Vec<&Document>, Vec<&Document>) =
        members.into_iter().partition(|it| is_namespace(it));
    let (definitions, objects): (Vec<&Document>, Vec<&Document>) =
        others.into_iter().partition(|it| it.is_definition());
    let removal = Removal { call, connected, inventory };
    removal.prune(&objects).await?;
    let mut told = Vec::new();
    let mut empty = Vec::new();
    for definition in definitions {
        match removal.held_by(definition, force).await? {
            None => empty.push(definition),
            Some(why) => told.push(removal.release(definition, &why).await?),
        }
    }
    removal.prune(&empty).await?;
    empty.clear();
    for namespace in namespaces {
        match removal.held_by(namespace, force).await? {
            None => empty.push(namespace),
            Some(why) => told.push(removal.release(namespace, &why).await?),
        }
    }
    removal.prune(&empty).await?;
    Ok(told)
}

struct Removal<'a> {
    call: &'a Call,
    connected: &'a Connected,
    inventory: &'a Inventory,
}

impl Removal<'_> {
    async fn prune(&self, members: &[&Document]) -> Result<(), Failure> {
        if members.is_empty() {
            return Ok(());
        }
        self.call.proceed()?;
        let keys = members.iter().map(|it| it.key());
        let options =
            PruneOptions { ownership: Some(self.inventory.ownership()), ..PruneOptions::default() };
        let name = self.inventory.set.name.clone();
        let progress = |it: &Progress| tell(&name, it);
        let patience = patience(self.call, &progress);
        let pruned = prune(&self.connected.cluster, keys, &options, patience).await;
        let pruned = pruned.map_err(|error| failed(&error))?;
        for (key, why) in pruned.kept {
            let detail = format!("It was not removed: {why}.");
            self.call.warn(Diagnostic::warning(format!("{key} stays"), detail));
        }
        Ok(())
    }

    /// Why a namespace or a definition has to stay, if it has to.
    async fn held_by(&self, member: &Document, force: bool) -> Result<Option<String>, Failure> {
        if !member.is_definition() && containers::is_permanent(member) {
            return Ok(Some("every cluster has it".to_owned()));
        }
        // What is on its way out cannot be kept.
        if force || member.is_being_deleted() {
            return Ok(None);
        }
        let cluster = &self.connected.cluster;
        let held = match member.is_definition() {
            true => containers::held_by_definition(cluster, member).await,
            false => {
                let id = self.inventory.id();
                containers::held_by_namespace(cluster, member.name(), &id).await
            }
        };
        let held: Held = held.map_err(|error| failure::of_call(&error))?;
        Ok(held.reason())
    }

    /// Takes the mark off what stays: it is no longer the set's.
    async fn release(&self, member: &Document, why: &str) -> Result<Diagnostic, Failure> {
        let patch = serde_json::json!({"metadata": {"labels": {MEMBER_LABEL: null}}});
        let released =
            self.connected.cluster.merge_patch(member.key(), &patch, FIELD_MANAGER).await;
        match released {
            Ok(_) => {}
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(failure::of_call(&error)),
        }
        let remedy = match (containers::is_permanent(member), member.is_definition()) {
            (true, false) => String::new(),
            (_, true) => {
                format!(" If nothing needs them, delete it: kubectl delete crd {}.", member.name())
            }
            (_, false) => format!(
                " If nothing needs that, delete it: kubectl delete namespace {}.",
                member.name()
            ),
        };
        Ok(Diagnostic::warning(
            format!("{} {:?} stays", member.kind(), member.name()),
            format!("{} is no longer of the set, but not removed: {why}.{remedy}", member.key()),
        ))
    }
}

/// A removal that failed, as a person is told.
pub fn failed(error: &PruneError) -> Failure {
    let remedy = match &error.reason {
        PruneObstacle::Stays(Stays::Cancelled { .. }) => return Failure::Interrupted,
        PruneObstacle::Stays(Stays::Call(error)) => return failure::of_call(error),
        PruneObstacle::Calls(errors) if errors.iter().any(travel_kube::Error::is_cancelled) => {
            return Failure::Interrupted;
        }
        PruneObstacle::Calls(_) => "",
        PruneObstacle::Stays(Stays::Timeout { .. }) => {
            " Whoever set a finalizer has to take it off: see that its controller runs. If it only \
             needs longer, raise the limit in the timeouts block."
        }
    };
    let reasons = travel_kube::error::chain(&error.reason);
    Diagnostic::error(
        format!("failed to {error}"),
        format!("{}.{remedy}", failure::sentence(&reasons)),
    )
    .into()
}
