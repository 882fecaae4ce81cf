//! Bringing a revision about: install, upgrade, rollback.

use std::collections::BTreeSet;

use serde_json::json;
use travel_kube::Document;
use travel_kube::apply::{Adopt, ApplyOptions, UnknownFields, apply};
use travel_kube::cluster::objects::Propagation;
use travel_kube::error::chain;
use travel_kube::ready::wait::wait_ready;

use super::objects::{FIELD_MANAGER, Identity, identity, marks, objects_of_manifest};
use super::prepare::{former, namespace_key, prepare};
use super::run::Run;
use super::standing::Standing;
use super::{Conduct, LifecycleError, Obstacle, Removal, Target, Wanted};
use super::{definitions, hooks, records, uninstall, unwanted};
use crate::documents::HookEvent;
use crate::release::{Info, Release, Status, now};

/// What a record says of a failure is no longer than this, in characters.
const LONGEST_DESCRIPTION: usize = 2_000;

/// Installs a release, also over a predecessor that failed, was left pending or was uninstalled. What such a
/// predecessor made and is no longer wanted is removed.
///
/// # Errors
/// [`LifecycleError`]; [`Obstacle::InUse`] where a revision stands. Nothing was changed where the obstacle is of the
/// chart, the values, or the ownership of objects.
pub async fn install(target: &Target<'_>, wanted: &Wanted<'_>) -> Result<Release, LifecycleError> {
    let run = Run::new(target, "install");
    let installed = async {
        let standing = standing(&run).await?;
        if let Some(deployed) = standing.deployed() {
            let (revision, status) = (deployed.version, deployed.info.status);
            return Err(Obstacle::InUse { revision, status });
        }
        deploy(&run, wanted, standing).await
    };
    installed.await.map_err(|obstacle| run.error(obstacle))
}

/// Upgrades a release, also one that failed or was left pending. A release that has never stood is installed: its
/// install hooks run, and its templates see an install.
///
/// # Errors
/// [`LifecycleError`]; [`Obstacle::NotInstalled`] where there is no release, or only an uninstalled one.
pub async fn upgrade(target: &Target<'_>, wanted: &Wanted<'_>) -> Result<Release, LifecycleError> {
    let run = Run::new(target, "upgrade");
    let upgraded = async {
        let standing = standing(&run).await?;
        if standing.present().is_empty() {
            return Err(Obstacle::NotInstalled);
        }
        deploy(&run, wanted, standing).await
    };
    upgraded.await.map_err(|obstacle| run.error(obstacle))
}

/// Installs a release, or upgrades it where a revision stands.
///
/// # Errors
/// [`LifecycleError`], as for [`install`] and [`upgrade`].
pub async fn install_or_upgrade(
    target: &Target<'_>,
    wanted: &Wanted<'_>,
) -> Result<Release, LifecycleError> {
    let run = Run::new(target, "read the history of");
    let standing = standing(&run).await.map_err(|obstacle| run.error(obstacle))?;
    let run = Run::new(target, if standing.has_stood() { "upgrade" } else { "install" });
    deploy(&run, wanted, standing).await.map_err(|obstacle| run.error(obstacle))
}

/// Brings a revision back as a new one: the one named, or else the last that stood before the present one.
///
/// # Errors
/// [`LifecycleError`]; [`Obstacle::NoRevision`] where there is none to go back to.
pub async fn rollback(
    target: &Target<'_>,
    revision: Option<u64>,
    conduct: &Conduct,
) -> Result<Release, LifecycleError> {
    let run = Run::new(target, "roll back");
    go_back(&run, revision, conduct).await.map_err(|obstacle| run.error(obstacle))
}

async fn standing(run: &Run<'_>) -> Result<Standing, Obstacle> {
    let target = run.target;
    let history = records::read(target.cluster, target.namespace, target.name).await?;
    Ok(Standing { history })
}

/// A revision on its way.
struct Revision {
    release: Release,
    objects: Vec<Document>,
    /// Objects of earlier revisions that it does not have.
    unwanted: Vec<Document>,
    /// The hooks before and after it.
    events: (HookEvent, HookEvent),
    /// What the record says once it stands.
    description: String,
}

async fn deploy(
    run: &Run<'_>,
    wanted: &Wanted<'_>,
    mut standing: Standing,
) -> Result<Release, Obstacle> {
    let seconds = jiff::Timestamp::now().as_second();
    let left = standing.left_behind(wanted.is_left_behind, run.target.timeout, seconds)?;
    let left: Vec<u64> = left.iter().map(|release| release.version).collect();
    run.say("rendering the chart");
    let prepared = prepare(run, wanted, &standing).await?;
    run.check()?;
    settle(run, &mut standing, &left).await?;
    if wanted.create_namespace {
        create_namespace(run).await?;
    }
    definitions::bring(run, &prepared.definitions).await?;
    let (events, description) = match standing.has_stood() {
        false => ((HookEvent::PreInstall, HookEvent::PostInstall), "Install complete"),
        true => ((HookEvent::PreUpgrade, HookEvent::PostUpgrade), "Upgrade complete"),
    };
    let revision = Revision {
        release: prepared.release,
        objects: prepared.objects,
        unwanted: prepared.unwanted,
        events,
        description: description.to_owned(),
    };
    let version = revision.release.version;
    begin(run, &standing, &revision.release, &wanted.conduct).await?;
    match carry_out(run, &standing, revision, &wanted.conduct).await {
        Err(obstacle)
            if wanted.conduct.rollback_on_failure && !run.target.cancel.is_cancelled() =>
        {
            Err(undo(run, &standing, version, &wanted.conduct, obstacle).await)
        }
        outcome => outcome,
    }
}

/// Marks revisions failed that were left on their way.
async fn settle(run: &Run<'_>, standing: &mut Standing, left: &[u64]) -> Result<(), Obstacle> {
    for release in standing.history.iter_mut().filter(|release| left.contains(&release.version)) {
        let (version, status) = (release.version, release.info.status);
        run.say(&format!("taking up revision {version}, which was left {status}"));
        release.info.status = Status::Failed;
        release.info.description = format!("left {status} by a process that ended before its work");
        records::update(run.target.cluster, release).await?;
    }
    Ok(())
}

/// Makes the release's namespace where it is not there, labelled as Helm does.
async fn create_namespace(run: &Run<'_>) -> Result<(), Obstacle> {
    let (cluster, name) = (run.target.cluster, run.target.namespace);
    let found = cluster.get(&namespace_key(name)).await?;
    if found.is_some_and(|found| !found.is_being_deleted()) {
        return Ok(());
    }
    run.say(&format!("making the namespace {name}"));
    let metadata = json!({"name": name, "labels": {"name": name}});
    let namespace =
        Document::new(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}))
            .map_err(|_| Obstacle::NoNamespace(name.to_owned()))?;
    let options = ApplyOptions { adopt: Adopt::Any, ..ApplyOptions::new(FIELD_MANAGER) };
    apply(cluster, &[namespace], &options, run.patience()).await?;
    Ok(())
}

/// Makes the record of a new revision, and room for it.
async fn begin(
    run: &Run<'_>,
    standing: &Standing,
    release: &Release,
    conduct: &Conduct,
) -> Result<(), Obstacle> {
    run.check()?;
    for old in records::surplus(&standing.history, conduct.history_limit) {
        records::delete(run.target.cluster, old).await?;
    }
    records::create(run.target.cluster, release).await
}

/// Brings a revision about that is recorded, and records how it went.
async fn carry_out(
    run: &Run<'_>,
    standing: &Standing,
    mut revision: Revision,
    conduct: &Conduct,
) -> Result<Release, Obstacle> {
    if let Err(obstacle) = perform(run, &mut revision, conduct).await {
        let mut release = revision.release;
        let text = format!("Release {:?} failed: {}", release.name, chain(&obstacle));
        release.info.status = Status::Failed;
        release.info.description = text.chars().take(LONGEST_DESCRIPTION).collect();
        if let Err(error) = records::update(run.target.cluster, &release).await {
            run.say(&format!("the record could not be marked as failed: {}", chain(&error)));
        }
        return Err(obstacle);
    }
    let mut release = revision.release;
    release.info.status = Status::Deployed;
    release.info.description = revision.description;
    records::update(run.target.cluster, &release).await?;
    // Only now: where this is interrupted two revisions are deployed, of which every reader takes the younger.
    let deployed = standing.history.iter().filter(|old| old.info.status == Status::Deployed);
    for old in deployed.filter(|old| old.version != release.version) {
        let mut old = old.clone();
        old.info.status = Status::Superseded;
        match records::update(run.target.cluster, &old).await {
            // It was surplus.
            Err(Obstacle::Call(error)) if error.is_not_found() => {}
            outcome => outcome?,
        }
    }
    Ok(release)
}

async fn perform(
    run: &Run<'_>,
    revision: &mut Revision,
    conduct: &Conduct,
) -> Result<(), Obstacle> {
    let cluster = run.target.cluster;
    let (before, after) = revision.events;
    if conduct.run_hooks {
        hooks::run(run, &mut revision.release, before, conduct.force_conflicts).await?;
    }
    run.check()?;
    run.say(&format!("applying {} objects", revision.objects.len()));
    let options = ApplyOptions {
        force: conduct.force_conflicts,
        ownership: Some(marks(run.target.name, run.target.namespace)),
        // Whose the objects are was checked before anything was changed.
        adopt: Adopt::Any,
        claim_from: vec![FIELD_MANAGER.to_owned()],
        unknown_fields: UnknownFields::Refuse,
        ..ApplyOptions::new(FIELD_MANAGER)
    };
    for applied in apply(cluster, &revision.objects, &options, run.patience()).await? {
        for warning in &applied.warnings {
            run.say(&format!("the cluster warns of {}: {warning}", applied.live.key()));
        }
    }
    let kept = unwanted::remove(run, &revision.unwanted, Propagation::Background).await?;
    for (key, why) in kept {
        run.say(&format!("{key} is no longer wanted, but stays: {why}"));
    }
    if conduct.wait {
        run.check()?;
        let waited = revision.objects.iter().filter(|object| !is_paused(object));
        wait_ready(cluster, waited.map(Document::key), &conduct.rules, run.patience()).await?;
    }
    if conduct.run_hooks {
        hooks::run(run, &mut revision.release, after, conduct.force_conflicts).await?;
    }
    Ok(())
}

/// A paused Deployment does not become ready, and is not meant to.
fn is_paused(object: &Document) -> bool {
    object.kind() == "Deployment"
        && object.group() == "apps"
        && object.value()["spec"]["paused"] == true
}

/// Brings back what stood before a failed revision, or removes what never stood. Gives what is to be said of it.
async fn undo(
    run: &Run<'_>,
    standing: &Standing,
    version: u64,
    conduct: &Conduct,
    first: Obstacle,
) -> Obstacle {
    run.say(&format!("undoing what failed: {}", chain(&first)));
    let conduct = Conduct { rollback_on_failure: false, ..conduct.clone() };
    let undone = match standing.stood_before(version) {
        Some(good) => {
            let run = Run::new(&run.target, "roll back");
            let back = go_back(&run, Some(good.version), &conduct).await;
            back.map(|_| format!("revision {} was brought back", good.version))
        }
        None => {
            let run = Run::new(&run.target, "uninstall");
            let removal = Removal { run_hooks: conduct.run_hooks, ..Removal::default() };
            uninstall::remove(&run, &removal).await.map(|_| "it was uninstalled".to_owned())
        }
    };
    let first = Box::new(first);
    match undone {
        Ok(what) => Obstacle::Undone { what, source: first },
        Err(source) => Obstacle::NotUndone { first, source: Box::new(source) },
    }
}

async fn go_back(
    run: &Run<'_>,
    revision: Option<u64>,
    conduct: &Conduct,
) -> Result<Release, Obstacle> {
    let mut standing = standing(run).await?;
    let Some(last) = standing.last().cloned() else { return Err(Obstacle::NotInstalled) };
    let goal = match revision {
        Some(version) => standing.history.iter().find(|release| release.version == version),
        None => standing.stood_before(last.version),
    };
    let Some(goal) = goal.cloned() else {
        let known: Vec<String> =
            standing.history.iter().map(|release| release.version.to_string()).collect();
        let wanted = revision.map_or("that stood".to_owned(), |version| version.to_string());
        return Err(Obstacle::NoRevision { wanted, known: known.join(", ") });
    };
    // Going back is how people end a revision that was left on its way, so it is not asked how old it is.
    let pending = standing.present().iter().filter(|release| release.info.status.is_pending());
    let left: Vec<u64> = pending.map(|release| release.version).collect();
    let scopes = run.scopes().await?;
    let namespace = run.target.namespace;
    let objects = objects_of_manifest(&goal.manifest, namespace, &scopes)?;
    let present: BTreeSet<Identity> = objects.iter().map(identity).collect();
    let former = former(&standing, namespace, &scopes)?.into_iter();
    let unwanted = former.filter(|(identity, _)| !present.contains(identity));
    let unwanted = unwanted.map(|(_, object)| object).collect();
    settle(run, &mut standing, &left).await?;
    let description = format!("Rollback to {}", goal.version);
    // Whoever took the release over since the goal was made is whose it is.
    let mut labels = goal.labels.clone();
    labels.extend(last.labels.clone());
    let release = Release {
        version: standing.next_revision(),
        info: Info {
            first_deployed: last.info.first_deployed.clone(),
            last_deployed: Some(now()),
            deleted: None,
            status: Status::PendingRollback,
            description: description.clone(),
            ..goal.info.clone()
        },
        apply_method: Some("ssa".to_owned()),
        labels,
        ..goal
    };
    begin(run, &standing, &release, conduct).await?;
    let events = (HookEvent::PreRollback, HookEvent::PostRollback);
    carry_out(run, &standing, Revision { release, objects, unwanted, events, description }, conduct)
        .await
}
