//! Hooks: objects that are applied at a certain time, one after the other, and awaited.

use travel_kube::apply::{Adopt, ApplyOptions, UnknownFields, apply};
use travel_kube::cluster::objects::Propagation;
use travel_kube::error::chain;
use travel_kube::prune::{PruneOptions, prune};
use travel_kube::ready::wait::{Rules, wait_ready};
use travel_kube::{Document, DocumentKey};

use super::objects::{FIELD_MANAGER, objects_of_manifest};
use super::run::Run;
use super::{Obstacle, records};
use crate::documents::{HookDeletePolicy, HookEvent};
use crate::release::{HookPhase, HookRecord, HookRun, Release, now};

/// What Helm does with hooks that do not say when they are deleted.
const BEFORE_CREATION: &str = "before-hook-creation";
const DEFINITION: &str = "CustomResourceDefinition";

/// Runs the hooks of an event by their weights, then names. How each went is kept in the record as it happens.
pub(super) async fn run(
    run: &Run<'_>,
    release: &mut Release,
    event: HookEvent,
    force: bool,
) -> Result<(), Obstacle> {
    let order = order(&release.hooks, event);
    for (place, index) in order.iter().enumerate() {
        let hook = release.hooks[*index].clone();
        let failed = |source: Obstacle| Obstacle::Hook {
            event: event.as_str(),
            path: hook.path.clone(),
            object: format!("{} {}", hook.kind, hook.name),
            source: Box::new(source),
        };
        run.check()?;
        run.say(&format!("running the {} hook {} {}", event.as_str(), hook.kind, hook.name));
        if let Err(source) = one(run, release, *index, force).await {
            // What the hook failed of matters more than what may go wrong in tidying up.
            let done = order[..place].iter().map(|index| (*index, HookDeletePolicy::Succeeded));
            for (index, policy) in [(*index, HookDeletePolicy::Failed)].into_iter().chain(done) {
                if let Err(error) = delete(run, &release.hooks[index], policy).await {
                    run.say(&format!("a hook's object stays: {}", chain(&error)));
                }
            }
            return Err(failed(source));
        }
    }
    for index in order.iter().rev() {
        delete(run, &release.hooks[*index], HookDeletePolicy::Succeeded).await?;
    }
    Ok(())
}

/// The places of the hooks of an event, in the order in which they run.
fn order(hooks: &[HookRecord], event: HookEvent) -> Vec<usize> {
    let runs =
        |hook: &HookRecord| hook.events.iter().any(|name| HookEvent::parse(name) == Some(event));
    let mut order: Vec<usize> = (0..hooks.len()).filter(|index| runs(&hooks[*index])).collect();
    order.sort_by_key(|index| (hooks[*index].weight, &hooks[*index].name));
    order
}

/// Runs one hook and notes how it went.
async fn one(
    run: &Run<'_>,
    release: &mut Release,
    index: usize,
    force: bool,
) -> Result<(), Obstacle> {
    if release.hooks[index].delete_policies.is_empty() {
        release.hooks[index].delete_policies.push(BEFORE_CREATION.to_owned());
    }
    delete(run, &release.hooks[index], HookDeletePolicy::BeforeCreation).await?;
    let objects = objects(run, &release.hooks[index]).await?;
    release.hooks[index].last_run =
        HookRun { started_at: Some(now()), completed_at: None, phase: HookPhase::Running };
    records::update(run.target.cluster, release).await?;
    let outcome = apply_and_wait(run, &objects, force).await;
    let last = &mut release.hooks[index].last_run;
    last.completed_at = Some(now());
    last.phase = if outcome.is_ok() { HookPhase::Succeeded } else { HookPhase::Failed };
    outcome
}

async fn apply_and_wait(run: &Run<'_>, objects: &[Document], force: bool) -> Result<(), Obstacle> {
    let options = ApplyOptions {
        force,
        adopt: Adopt::Any,
        claim_from: vec![FIELD_MANAGER.to_owned()],
        unknown_fields: UnknownFields::Refuse,
        ..ApplyOptions::new(FIELD_MANAGER)
    };
    apply(run.target.cluster, objects, &options, run.patience()).await?;
    // Of hooks only what runs to an end is waited for.
    let runs = objects.iter().map(Document::key).filter(|key| runs_to_an_end(key));
    let rules = Rules { jobs_complete: true, pods_complete: true, ..Rules::default() };
    wait_ready(run.target.cluster, runs, &rules, run.patience()).await?;
    Ok(())
}

/// Whether objects of this kind end by themselves.
pub(super) fn runs_to_an_end(key: &DocumentKey) -> bool {
    matches!((key.group(), key.kind.as_str()), ("batch", "Job") | ("", "Pod"))
}

/// The objects of a hook.
pub(super) async fn objects(run: &Run<'_>, hook: &HookRecord) -> Result<Vec<Document>, Obstacle> {
    Ok(objects_of_manifest(&hook.manifest, run.target.namespace, &run.scopes().await?)?)
}

/// Deletes a hook's objects where its policy says so, and waits until they are gone. Definitions stay in any case: all
/// objects of their kinds would go with them.
async fn delete(
    run: &Run<'_>,
    hook: &HookRecord,
    policy: HookDeletePolicy,
) -> Result<(), Obstacle> {
    let mut policies = hook.delete_policies.iter().filter_map(|name| HookDeletePolicy::parse(name));
    if hook.kind == DEFINITION || !policies.any(|named| named == policy) {
        return Ok(());
    }
    let objects = objects(run, hook).await?;
    let options = PruneOptions { propagation: Propagation::Background, ..PruneOptions::default() };
    let keys = objects.iter().map(Document::key);
    prune(run.target.cluster, keys, &options, run.patience()).await.map_err(Box::new)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hooks_run_by_weight_and_name() {
        let hook = |name: &str, weight: i64, events: &[&str]| HookRecord {
            name: name.to_owned(),
            weight,
            events: events.iter().map(|event| (*event).to_owned()).collect(),
            ..HookRecord::default()
        };
        let hooks = [
            hook("b", 0, &["pre-install"]),
            hook("late", 5, &["pre-install", "pre-upgrade"]),
            hook("a", 0, &["pre-install"]),
            hook("early", -1, &["pre-install"]),
            hook("check", 0, &["test-success"]),
        ];
        let check = |event: HookEvent, expected: &[&str]| {
            let order: Vec<&str> =
                order(&hooks, event).iter().map(|index| hooks[*index].name.as_str()).collect();
            assert_eq!(order, expected, "{event:?}");
        };
        check(HookEvent::PreInstall, &["early", "a", "b", "late"]);
        check(HookEvent::PreUpgrade, &["late"]);
        check(HookEvent::Test, &["check"]);
        check(HookEvent::PostDelete, &[]);
    }
}
