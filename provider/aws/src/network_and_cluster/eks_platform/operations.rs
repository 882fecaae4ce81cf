//! Reading, finding, making, changing and removing a platform as a whole.

use travel_framework::ownership::Mark;
use travel_framework::resource::Found;
use travel_framework::timeouts::INCOMPLETE;
use travel_framework::{Diagnostic, Failure};

use super::listing::{Sight, look};
use super::observed::{Observed, tags};
use super::role_names::KINDS;
use super::work::Work;
use super::{EksPlatform, graph, import, listing, log_group, memory, preflight, state, sweep};
use crate::consistency::Call;
use crate::iam_role;
use crate::network_and_cluster::log_group::LogGroup;
use crate::tags::mark;

/// The platform as it is; none where nothing of it is left.
///
/// # Errors
/// Where a call fails.
pub async fn read(call: &Call, known: &EksPlatform) -> Result<Option<EksPlatform>, Failure> {
    let observed = recognised(call, look(call, &Sight::of_state(call, known)).await?, known);
    let importing = known.lifecycle.status.is_none();
    if observed.is_empty() || (importing && observed.cluster.is_none()) {
        return Ok(None);
    }
    if observed.cluster.is_none() && known.lifecycle.status.as_deref() != Some(INCOMPLETE) {
        call.warn(Diagnostic::warning(
            format!("cluster {} is gone", known.name),
            "Somebody has deleted it, and what is left is kept. The next apply makes it anew, \
             without what was in it.",
        ));
    }
    state::warn(call, &observed, &known.name);
    let imported = importing.then(|| import::known(&observed, known, call.scope.partition()));
    let mut found = state::state(call, &observed, imported.as_ref().unwrap_or(known));
    found.mistagged = Some(state::mistagged(call, &observed, known));
    // What the last apply knew, and not what somebody or a cut off apply has made of it since.
    memory::note_addons_at_first(call, if importing { &found.version } else { &known.version });
    Ok(Some(found))
}

/// What was observed, without a cluster that is another one than the state knows: somebody has
/// deleted that, and made this in its place.
fn recognised(call: &Call, observed: Observed, known: &EksPlatform) -> Observed {
    let (before, now) = (known.oidc_issuer.as_deref(), observed.issuer());
    let another = before.is_some() && now.is_some() && before != now;
    let there = observed.cluster.as_ref().map(|cluster| tags(cluster.tags.as_ref()));
    let mark = there.as_ref().and_then(mark);
    let ours = mark.is_some_and(|mark| call.claim.owns(&mark));
    if !another || ours {
        return observed;
    }
    let Observed { roles, log_group, .. } = observed;
    Observed { roles, log_group, ..Observed::default() }
}

/// What stands under the name of a planned platform.
///
/// # Errors
/// Where a call fails.
pub async fn find(call: &Call, plan: &EksPlatform) -> Result<Vec<Found<EksPlatform>>, Failure> {
    let observed = look(call, &Sight::of_plan(call, plan)).await?;
    if observed.is_empty() {
        return Ok(Vec::new());
    }
    let status = observed.cluster.as_ref().and_then(|cluster| cluster.status());
    let complete =
        status.is_some_and(|it| !matches!(it.as_str(), "CREATING" | "PENDING" | "FAILED"));
    let label = match &observed.cluster {
        Some(cluster) => cluster.arn().unwrap_or_default().to_owned(),
        None => format!("what is left of cluster {}", plan.name),
    };
    let mut object = state::state(call, &observed, plan);
    object.lifecycle = Default::default();
    Ok(vec![Found { object, mark: observed.mark(), complete, label }])
}

/// Makes a platform.
///
/// # Errors
/// Where a part cannot be made; what was made until then stands in `state`.
pub async fn create(
    call: &Call,
    plan: &EksPlatform,
    state: &mut EksPlatform,
) -> Result<(), Failure> {
    // Not there before something is.
    state.id = None;
    let mut prior = EksPlatform::named(plan.name.clone(), plan.placement.clone());
    prior.addons.clear();
    bring(call, &prior, plan, Observed::default(), state).await
}

/// Brings a platform from what it is to what is planned.
///
/// # Errors
/// Where a part cannot be changed; what was done until then stands in `state`.
pub async fn update(
    call: &Call,
    prior: &EksPlatform,
    plan: &EksPlatform,
    state: &mut EksPlatform,
) -> Result<(), Failure> {
    let observed = look(call, &Sight::of_everything(call, &as_state(prior))).await?;
    bring(call, prior, plan, recognised(call, observed, prior), state).await
}

/// A prior state, which is none of an import any more.
fn as_state(prior: &EksPlatform) -> EksPlatform {
    let mut state = prior.clone();
    state.lifecycle.status.get_or_insert_with(|| INCOMPLETE.to_owned());
    state
}

async fn bring(
    call: &Call,
    prior: &EksPlatform,
    plan: &EksPlatform,
    observed: Observed,
    state: &mut EksPlatform,
) -> Result<(), Failure> {
    let chosen = preflight::check(call, plan, &observed).await?;
    let work = Work::new(call, plan, prior, observed);
    let result = run(&work, chosen).await;
    if result.is_ok() {
        memory::note_addons(call, &plan.version);
    }
    let mut now = super::state::state(call, &work.into_observed(), plan);
    now.lifecycle = state.lifecycle.clone();
    now.mistagged = Some(Default::default());
    *state = now;
    result
}

async fn run(
    work: &Work<'_>,
    chosen: std::collections::BTreeMap<String, preflight::Chosen>,
) -> Result<(), Failure> {
    graph::wanted(work, &chosen)?.ensure(work, &work.call.cancel).await?;
    graph::unwanted(work)?.remove(work, &work.call.cancel).await
}

/// Removes a platform.
///
/// # Errors
/// Where something stands in the way, before anything is removed; or where a part cannot be
/// removed.
pub async fn delete(call: &Call, prior: &EksPlatform) -> Result<(), Failure> {
    let known = as_state(prior);
    let observed = look(call, &Sight::of_everything(call, &known)).await?;
    let observed = recognised(call, observed, prior);
    sweep::check(call, prior, &observed).await?;
    if prior.force_destroy && observed.cluster.is_some() {
        sweep::remove_fargate_profiles(call, prior).await?;
    }
    let work = Work::new(call, prior, prior, observed);
    graph::everything(&work)?.remove(&work, &call.cancel).await
}

/// The mark on a platform.
///
/// # Errors
/// Where a call fails.
pub async fn mark_of(call: &Call, state: &EksPlatform) -> Result<Option<Mark>, Failure> {
    if let Some(cluster) = listing::cluster(call, &state.name).await? {
        return Ok(mark(&tags(cluster.tags.as_ref())));
    }
    for kind in KINDS {
        let name = kind.role_name(&state.name, call.scope.region());
        let role = iam_role::get(&call.scope, &name).await?;
        if let Some(found) = role.and_then(|role| mark(&role.tags)) {
            return Ok(Some(found));
        }
    }
    let group = LogGroup::get(call, &log_group::name(&state.name)).await?;
    Ok(group.and_then(|group| mark(&group.tags)))
}

#[cfg(test)]
mod tests;
