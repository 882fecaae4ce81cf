//! A snapshot policy's operations: from what is there, by its parts, to what is wanted.
//!
//! Many steps follow one another here, and a future holds the largest of its steps: each is boxed,
//! so that together they stay far from the end of a thread's stack.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use futures::try_join;
use travel_framework::ownership::Mark;
use travel_framework::resource::{Found, Resource, Timeouts};
use travel_framework::{Diagnostic, Failure, Plan};

use super::coverage::Coverage;
use super::details::Details;
use super::lock::{Bin, Lock};
use super::observed::{self, Grant, Observed, Place, SideObserved, id_in};
use super::wanted::{Accounts, Side, Wanted, role_name};
use super::work::{Purpose, Work};
use super::{DrSnapshotPolicy, Keys, coverage, graph, import, lock, planning, recycle_bin, state};
use crate::consistency::Call;
use crate::platform::Aws;
use crate::{Scope, tags};

#[async_trait]
impl Resource for DrSnapshotPolicy {
    type Platform = Aws;

    const TIMEOUTS: Timeouts = Timeouts::minutes(10);

    fn validate(plan: &mut Plan<'_>) {
        planning::check(plan);
    }

    fn plan_on(platform: &Aws, plan: &mut Plan<'_>) {
        planning::plan(plan, |account| platform.account_id(account));
    }

    async fn read(call: &Call, state: &Self) -> Result<Option<Self>, Failure> {
        let imported = state.target_tags.is_empty();
        let id = state.policy_id.clone();
        let here = match (&id, imported) {
            (None, true) => Box::pin(observed::marked(call, &call.scope, Side::Source)).await?,
            (None, false) => None,
            (Some(id), _) => Box::pin(observed::policy(&call.scope, id)).await?,
        };
        let Some(here) = here else { return Ok(None) };
        if imported {
            import::refuse_foreign_kinds(&here)?;
            let mut base = import::object(state, &here);
            if base.name.is_empty() {
                base.name = import::name_of(&here);
            }
            return Box::pin(reconstruct(call, &base, here)).await.map(Some);
        }
        warn_of_error(call, &here);
        let places = Box::pin(Places::of(call, state)).await?;
        let (observed, coverage) = Box::pin(places.look_beside(call, here, state)).await?;
        let mut read = state.clone();
        tell(call, &mut read, places, observed, coverage)?;
        Ok(Some(read))
    }

    async fn find(call: &Call, plan: &Self) -> Result<Vec<Found<Self>>, Failure> {
        let mut found = Vec::new();
        for id in observed::marked_ids(call, &call.scope, Side::Source).await? {
            let Some(policy) = Box::pin(observed::policy(&call.scope, &id)).await? else {
                continue;
            };
            let (mark, label) = (tags::mark(&policy.tags), policy.id.clone());
            let base = import::object(plan, &policy);
            let object = Box::pin(reconstruct(call, &base, policy)).await?;
            found.push(Found { object, mark, complete: true, label });
        }
        Ok(found)
    }

    async fn create(call: &Call, plan: &Self, state: &mut Self) -> Result<(), Failure> {
        let nothing = Self { name: plan.name.clone(), ..Self::default() };
        Box::pin(transform(call, &nothing, plan, state, Purpose::Create)).await
    }

    async fn update(
        call: &Call,
        prior: &Self,
        plan: &Self,
        state: &mut Self,
    ) -> Result<(), Failure> {
        Box::pin(transform(call, prior, plan, state, Purpose::Update)).await
    }

    async fn delete(call: &Call, prior: &Self) -> Result<(), Failure> {
        let places = Box::pin(Places::of(call, prior)).await?;
        let mut observed = Box::pin(places.look(call, prior)).await?;
        if let Some(generation) = prior.lifecycle.generation.as_deref() {
            observed.keep_generation(generation);
        }
        Box::pin(remove(call, places, prior, observed)).await
    }

    async fn mark(call: &Call, state: &Self) -> Result<Option<Mark>, Failure> {
        let Some(id) = &state.policy_id else {
            // The role comes first, and may be all there is.
            let places = Box::pin(Places::of(call, state)).await?;
            let Some(name) = places.source_place.role else { return Ok(None) };
            let role = Box::pin(observed::own_role(call, &call.scope, &name)).await?;
            return Ok(role.and_then(|it| tags::mark(&it.role.tags)));
        };
        let policy = Box::pin(observed::policy(&call.scope, id)).await?;
        Ok(policy.as_ref().and_then(|policy| tags::mark(&policy.tags)))
    }

    fn import(id: &str) -> Result<Self, Diagnostic> {
        import::parse(id)
    }
}

/// Where the parts of a policy are: its two accounts, and what they are called there.
struct Places {
    accounts: Accounts,
    backup: Option<Scope>,
    source_place: Place,
    backup_place: Place,
}

impl Places {
    /// The places of a policy with these attributes.
    async fn of(call: &Call, policy: &DrSnapshotPolicy) -> Result<Self, Failure> {
        let region = call.scope.region();
        let backup = match &policy.backup {
            None => None,
            Some(backup) => {
                let account = backup.account_id.as_ref().or(backup.account.as_ref());
                let account = account.map(String::as_str).unwrap_or_default();
                let scope =
                    Box::pin(call.scope.in_account(account, region)).await.map_err(at_backup)?;
                refuse_own_account(call, &scope)?;
                Some(scope)
            }
        };
        let accounts = Accounts {
            region: region.to_owned(),
            source: call.scope.account_id().to_owned(),
            backup: backup.as_ref().map(|scope| scope.account_id().to_owned()),
        };
        let policy_arn = policy.backup.as_ref().and_then(|backup| backup.policy_arn.as_ref());
        let role = |side| Some(role_name(&policy.name, side, &accounts));
        let given = policy.backup.as_ref().is_some_and(|backup| backup.role_arn.is_some());
        Ok(Self {
            source_place: Place {
                policy_id: policy.policy_id.clone(),
                role: role(Side::Source).filter(|_| policy.role_arn.is_none()),
                rules: rules(policy, Side::Source, &accounts),
            },
            backup_place: Place {
                policy_id: policy_arn.and_then(|arn| id_in(arn)),
                role: role(Side::Backup).filter(|_| !given),
                rules: rules(policy, Side::Backup, &accounts),
            },
            accounts,
            backup,
        })
    }

    /// The places of what is planned, where what there was before may still be.
    async fn planned(
        call: &Call,
        prior: &DrSnapshotPolicy,
        plan: &DrSnapshotPolicy,
    ) -> Result<Self, Failure> {
        let mut places = Self::of(call, plan).await?;
        places.source_place.policy_id.clone_from(&prior.policy_id);
        let accounts = &places.accounts;
        if prior.role_arn.is_none() {
            places.source_place.role = Some(role_name(&plan.name, Side::Source, accounts));
        }
        let before = prior.backup.as_ref().filter(|it| it.account_id == accounts.backup);
        let policy_arn = before.and_then(|backup| backup.policy_arn.as_ref());
        places.backup_place.policy_id = policy_arn.and_then(|arn| id_in(arn));
        if before.is_some_and(|backup| backup.role_arn.is_none()) {
            places.backup_place.role = Some(role_name(&plan.name, Side::Backup, accounts));
        }
        places.source_place.rules.extend(rules(prior, Side::Source, accounts));
        if before.is_some() {
            places.backup_place.rules.extend(rules(prior, Side::Backup, accounts));
        }
        Ok(places)
    }

    /// Looks at everything. The grants are those on the keys of `policy`.
    async fn look(&self, call: &Call, policy: &DrSnapshotPolicy) -> Result<Observed, Failure> {
        let source = observed::look(call, &call.scope, Side::Source, &self.source_place);
        let (source, (backup, grants)) = try_join!(source, self.for_backup(call, policy))?;
        Ok(Observed { source, backup, grants })
    }

    /// Looks at everything but the policy for the volumes, which is this, and at the volumes it
    /// covers. `policy` is what was known of it.
    async fn look_beside(
        &self,
        call: &Call,
        here: observed::Policy,
        policy: &DrSnapshotPolicy,
    ) -> Result<(Observed, Coverage), Failure> {
        let role = async {
            match &self.source_place.role {
                Some(name) => observed::own_role(call, &call.scope, name).await,
                None => Ok(None),
            }
        };
        let target_tags = match &here.details {
            Details::Snapshots { target_tags, .. } => target_tags,
            Details::Copies { .. } | Details::Else(_) => &policy.target_tags,
        };
        let enabled = here.state == "ENABLED";
        let coverage = coverage::find(&call.scope, Some(&here.id), target_tags, enabled);
        let rules = observed::rules(call, &call.scope, &self.source_place);
        let (role, rules, (backup, grants), coverage) =
            try_join!(role, rules, self.for_backup(call, policy), coverage)?;
        let source = SideObserved { policy: Some(here), role, rules };
        Ok((Observed { source, backup, grants }, coverage))
    }

    /// Looks at what there is for copies in the backup account: its own side, and the grants on
    /// the keys of `policy`.
    async fn for_backup(
        &self,
        call: &Call,
        policy: &DrSnapshotPolicy,
    ) -> Result<(SideObserved, BTreeMap<String, Vec<Grant>>), Failure> {
        let Some(scope) = &self.backup else { return Ok(Default::default()) };
        try_join!(
            observed::look(call, scope, Side::Backup, &self.backup_place),
            observed::grants(call, &policy.volume_kms_key_arns),
        )
    }
}

/// The regions of a side whose Recycle Bin may have a rule, with its id as far as it is known.
fn rules(
    policy: &DrSnapshotPolicy,
    side: Side,
    accounts: &Accounts,
) -> BTreeMap<String, Option<String>> {
    let wanted = lock::bins(policy, accounts).into_iter().map(|bin| (bin, None));
    // An update that failed may have left a rule in a region that has no copies any more.
    let known = policy.lock_rule_arns.iter().flatten();
    let known = known.map(|(name, arn)| (Bin::of_name(name), recycle_bin::id_in(arn)));
    let all = wanted.chain(known).filter(|(bin, _)| bin.side == side);
    all.map(|(bin, id)| (bin.region, id)).collect()
}

fn at_backup(error: Diagnostic) -> Failure {
    let error = if error.path.is_none() { error.at_attribute("backup") } else { error };
    error.into()
}

/// DLM would share each snapshot with its own account, and copy it there again and again.
fn refuse_own_account(call: &Call, backup: &Scope) -> Result<(), Failure> {
    if call.scope.account_id() != backup.account_id() {
        return Ok(());
    }
    Err(planning::own_account(backup.account_id()).into())
}

fn warn_of_error(call: &Call, policy: &observed::Policy) {
    if policy.state == "ERROR" {
        call.warn(Diagnostic::warning(
            format!("{} does not work", policy.id),
            format!(
                "DLM says: {} ({}). Correct what it names, if it is not the policy's own; the \
                 next apply enables it again.",
                policy.status,
                call.scope.place(),
            ),
        ));
    }
}

/// The state of a policy whose attributes are not known but by what there is.
async fn reconstruct(
    call: &Call,
    base: &DrSnapshotPolicy,
    here: observed::Policy,
) -> Result<DrSnapshotPolicy, Failure> {
    let mut object = base.clone();
    if let Some(account) = import::backup_account(&here) {
        let name = call.scope.name_of(&account).await;
        object.backup = Some(import::backup(name.unwrap_or(account)));
    }
    let mut places = Box::pin(Places::of(call, &object)).await?;
    let (mut observed, coverage) = Box::pin(places.look_beside(call, here, &object)).await?;
    Box::pin(find_lock(call, &mut object, &mut places, &mut observed)).await?;
    // The keys stand in the role, and the grants on them can be looked at only then.
    import::fill_roles(&mut object, &observed, &places.accounts.region);
    if object.backup.is_some() {
        observed.grants = Box::pin(observed::grants(call, &object.volume_kms_key_arns)).await?;
    }
    tell(call, &mut object, places, observed, coverage)?;
    Ok(object)
}

/// Looks for rules in all regions that the policy has copies in; where there is any, there is a
/// lock.
async fn find_lock(
    call: &Call,
    object: &mut DrSnapshotPolicy,
    places: &mut Places,
    observed: &mut Observed,
) -> Result<(), Failure> {
    let mut told = DrSnapshotPolicy { lock: Some(Lock::default()), ..object.clone() };
    state::fill(&mut told, observed, &places.accounts, &call.scope.settings().tags);
    places.source_place.rules = rules(&told, Side::Source, &places.accounts);
    places.backup_place.rules = rules(&told, Side::Backup, &places.accounts);
    observed.source.rules = observed::rules(call, &call.scope, &places.source_place).await?;
    if let Some(scope) = &places.backup {
        observed.backup.rules = observed::rules(call, scope, &places.backup_place).await?;
    }
    if !observed.source.rules.is_empty() || !observed.backup.rules.is_empty() {
        object.lock = Some(Lock::default());
    }
    Ok(())
}

/// Sets all attributes to what there is. A part that is then neither as they say nor as they said
/// before is at fault: where somebody has changed the one policy, it is not the other that is wrong.
fn tell(
    call: &Call,
    policy: &mut DrSnapshotPolicy,
    places: Places,
    observed: Observed,
    coverage: Coverage,
) -> Result<(), Failure> {
    let before = Some(policy.clone()).filter(|before| !before.state.is_empty());
    state::fill(policy, &observed, &places.accounts, &call.scope.settings().tags);
    state::fill_coverage(policy, coverage);
    if let Some(backup) = &observed.backup.policy {
        warn_of_error(call, backup);
    }
    let faults = |said: &DrSnapshotPolicy| {
        let wanted = Wanted::of(said, places.accounts.clone());
        let (backup, observed) = (places.backup.clone(), observed.clone());
        state::faults(&Work::new(call, backup, wanted, None, observed, Purpose::Read))
    };
    let mut found = faults(policy)?;
    if let Some(before) = before.filter(|_| !found.is_empty()) {
        let before = faults(&before)?;
        found.retain(|fault| before.contains(fault));
    }
    policy.faults = Some(found);
    Ok(())
}

/// Makes of what is there what is wanted, and tells in `state` how far that came.
async fn transform(
    call: &Call,
    prior: &DrSnapshotPolicy,
    plan: &DrSnapshotPolicy,
    state: &mut DrSnapshotPolicy,
    purpose: Purpose,
) -> Result<(), Failure> {
    let places = Box::pin(Places::planned(call, prior, plan)).await?;
    let both = DrSnapshotPolicy {
        volume_kms_key_arns: &plan.volume_kms_key_arns | &prior.volume_kms_key_arns,
        ..plan.clone()
    };
    let observed = Box::pin(places.look(call, &both)).await?;
    let Places { accounts, backup, .. } = places;
    let wanted = Wanted::of(plan, accounts.clone());
    let before = prior.tagging.tags_all.as_ref();
    let work = Work::new(call, backup, wanted, before, observed, purpose);
    let result = Box::pin(run(&work, prior)).await;
    let faults = match &result {
        Ok(()) => BTreeSet::new(),
        Err(_) => state::faults(&work)?,
    };
    let observed = work.into_observed();
    let made = observed.source.policy.is_some();
    let lifecycle = state.lifecycle.clone();
    *state = DrSnapshotPolicy { lifecycle, ..plan.clone() };
    let is_cut_off = result.is_err() && purpose == Purpose::Update;
    if is_cut_off {
        keep_what_is_left(state, prior);
    }
    state::fill(state, &observed, &accounts, &call.scope.settings().tags);
    if is_cut_off && !is_in_same_account(prior, &accounts) {
        state.backup.clone_from(&prior.backup);
    }
    state.faults = Some(faults);
    if plan.unlocks_at.is_some() {
        // As the plan has said: a read will tell that it is over.
        state.unlocks_at.clone_from(&plan.unlocks_at);
    }
    result?;
    if made && (plan.volume_ids.is_none() || plan.uncovered_volume_ids.is_none()) {
        let enabled = state.state == "ENABLED";
        let id = state.policy_id.as_deref();
        let coverage =
            Box::pin(coverage::find(&call.scope, id, &state.target_tags, enabled)).await?;
        state::fill_coverage(state, coverage);
    }
    Ok(())
}

/// Lets the state of an update that failed tell where what it was to take away may still be, so that
/// the next plan shows it and the next apply looks for it there.
fn keep_what_is_left(state: &mut DrSnapshotPolicy, prior: &DrSnapshotPolicy) {
    state.role_arn.clone_from(&prior.role_arn);
    state.volume_kms_key_arns.extend(prior.volume_kms_key_arns.iter().cloned());
    if state.lock.is_none() {
        state.lock.clone_from(&prior.lock);
    }
    if let (Some(backup), Some(before)) = (&mut state.backup, &prior.backup) {
        backup.role_arn.clone_from(&before.role_arn);
    }
}

/// Whether the backup account is the one it was before, if there was one.
fn is_in_same_account(prior: &DrSnapshotPolicy, accounts: &Accounts) -> bool {
    prior.backup.as_ref().is_none_or(|before| before.account_id == accounts.backup)
}

async fn run(work: &Work<'_>, prior: &DrSnapshotPolicy) -> Result<(), Failure> {
    let wanted = work.wanted.keys();
    graph(&wanted)?.ensure(work, &work.call.cancel).await?;
    let obsolete = work.see(keys_of).without(&wanted);
    graph(&obsolete)?.remove(work, &work.call.cancel).await?;
    Box::pin(retire(work, prior)).await
}

/// Takes away what there was in a backup account that is the backup account no more.
async fn retire(work: &Work<'_>, prior: &DrSnapshotPolicy) -> Result<(), Failure> {
    if is_in_same_account(prior, &work.wanted.accounts) {
        return Ok(());
    }
    let places = Box::pin(Places::of(work.call, prior)).await?;
    let mut observed = Box::pin(places.look(work.call, prior)).await?;
    observed.source = SideObserved::default();
    if work.wanted.policy.backup.is_some() {
        // The grants are the new account's by now.
        observed.grants.clear();
    }
    Box::pin(remove(work.call, places, prior, observed)).await
}

/// Removes all that there is.
async fn remove(
    call: &Call,
    places: Places,
    policy: &DrSnapshotPolicy,
    observed: Observed,
) -> Result<(), Failure> {
    let keys = keys_of(&observed);
    let wanted = Wanted::of(policy, places.accounts);
    let work = Work::new(call, places.backup, wanted, None, observed, Purpose::Update);
    // By the policy for the volumes a read finds all the others: it goes last.
    let last = Keys {
        policies: keys.policies.iter().copied().filter(|side| *side == Side::Source).collect(),
        ..Keys::default()
    };
    graph(&keys.without(&last))?.remove(&work, &call.cancel).await?;
    graph(&last)?.remove(&work, &call.cancel).await
}

/// The parts that there are.
fn keys_of(observed: &Observed) -> Keys {
    let sides = || [Side::Source, Side::Backup].into_iter();
    let grants = observed.grants.iter().filter(|(_, grants)| !grants.is_empty());
    let rules = |side: Side| {
        let regions = observed.side(side).rules.keys();
        regions.map(move |region| Bin { side, region: region.clone() })
    };
    Keys {
        rules: rules(Side::Source).chain(rules(Side::Backup)).collect(),
        roles: sides().filter(|side| observed.side(*side).role.is_some()).collect(),
        policies: sides().filter(|side| observed.side(*side).policy.is_some()).collect(),
        grants: grants.map(|(key, _)| key.clone()).collect(),
    }
}
