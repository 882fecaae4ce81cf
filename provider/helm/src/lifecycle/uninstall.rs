//! Uninstalling: drained, hooks run, objects removed in reverse and awaited, and the records last.

use travel_kube::cluster::objects::Propagation;
use travel_kube::drain::drain;
use travel_kube::read::read;
use travel_kube::{Document, DocumentKey};

use super::prepare::former;
use super::run::Run;
use super::standing::Standing;
use super::{LifecycleError, Obstacle, Removal, Target};
use super::{definitions, hooks, records, unwanted};
use crate::documents::HookEvent;
use crate::release::{Release, Status, now};

/// What an uninstall left.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Uninstalled {
    /// Objects that stay, each with why: the chart says so, another has marked them as its own, or a hook made them.
    pub kept: Vec<(DocumentKey, String)>,
    /// The definitions of the chart's own crds/ that are there: all objects of their kinds would go with them, also
    /// those of others, so they stay, as Helm has it.
    pub definitions: Vec<DocumentKey>,
}

/// Removes a release and its records. That there is none is no error.
///
/// # Errors
/// [`LifecycleError`], with what holds what stays. The records stay until everything else is gone, so that the next
/// attempt goes on.
pub async fn uninstall(
    target: &Target<'_>,
    removal: &Removal<'_>,
) -> Result<Uninstalled, LifecycleError> {
    let run = Run::new(target, "uninstall");
    remove(&run, removal).await.map_err(|obstacle| run.error(obstacle))
}

pub(super) async fn remove(run: &Run<'_>, removal: &Removal<'_>) -> Result<Uninstalled, Obstacle> {
    let cluster = run.target.cluster;
    let history = records::read(cluster, run.target.namespace, run.target.name).await?;
    let standing = Standing { history };
    let mut left = Uninstalled::default();
    if let Some(last) = standing.present().last() {
        if !removal.drains.is_empty() {
            drain_all(run, removal).await?;
        }
        left.kept = take_down(run, &standing, last.clone(), removal).await?;
        left.definitions = definitions::standing(run, last).await?;
    }
    // The youngest record goes last: as long as it is there, another attempt knows what to remove.
    for release in &standing.history {
        records::delete(cluster, release).await?;
    }
    Ok(left)
}

async fn drain_all(run: &Run<'_>, removal: &Removal<'_>) -> Result<(), Obstacle> {
    run.check()?;
    let kinds: Vec<String> = removal.drains.iter().map(ToString::to_string).collect();
    run.say(&format!("draining all of {}", kinds.join(", ")));
    let drained = drain(run.target.cluster, removal.drains, None, run.patience()).await;
    let drained = drained.map_err(Obstacle::Drain)?;
    run.say(&format!("drained {} objects", drained.len()));
    Ok(())
}

/// Removes everything but the records. Gives what stays.
async fn take_down(
    run: &Run<'_>,
    standing: &Standing,
    mut release: Release,
    removal: &Removal<'_>,
) -> Result<Vec<(DocumentKey, String)>, Obstacle> {
    run.check()?;
    release.info.status = Status::Uninstalling;
    release.info.deleted = Some(now());
    release.info.description = "Deletion in progress (or silently failed)".to_owned();
    records::update(run.target.cluster, &release).await?;
    if removal.run_hooks {
        hooks::run(run, &mut release, HookEvent::PreDelete, false).await?;
    }
    run.check()?;
    // What is served may have changed by what was drained.
    run.target.cluster.refresh_discovery().await?;
    let former = former(standing, run.target.namespace, &run.scopes().await?)?;
    let objects: Vec<Document> = former.into_values().collect();
    let mut kept = unwanted::remove(run, &objects, Propagation::Foreground).await?;
    if removal.run_hooks {
        hooks::run(run, &mut release, HookEvent::PostDelete, false).await?;
    }
    kept.extend(remove_hooks(run, standing).await?);
    Ok(kept)
}

/// Removes the jobs and pods that hooks left behind, and names what else hooks made: that may be meant to outlive the
/// release, and Helm leaves it too.
async fn remove_hooks(
    run: &Run<'_>,
    standing: &Standing,
) -> Result<Vec<(DocumentKey, String)>, Obstacle> {
    let mut objects = Vec::new();
    for hook in standing.effective().iter().flat_map(|release| &release.hooks) {
        objects.extend(hooks::objects(run, hook).await?);
    }
    let (ended, others): (Vec<Document>, Vec<Document>) =
        objects.into_iter().partition(|object| hooks::runs_to_an_end(object.key()));
    let mut kept = unwanted::remove(run, &ended, Propagation::Background).await?;
    let live = read(run.target.cluster, others.iter().map(Document::key)).await?;
    let standing = live.into_iter().filter(|(_, object)| object.is_some());
    kept.extend(standing.map(|(key, _)| (key, "a hook made it".to_owned())));
    Ok(kept)
}
