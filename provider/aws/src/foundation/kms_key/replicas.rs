//! A key's replicas in other regions: each with the same key material, but with an alias, a policy
//! and tags of its own.

use std::collections::BTreeMap;

use aws_sdk_kms::types::{KeyMetadata, KeyState};
use futures::future::{join_all, try_join_all};
use travel_framework::ownership::Mark;
use travel_framework::wait::{Look, Pace};
use travel_framework::{Diagnostic, Failure, Model};

use super::face::{self, Face};
use super::observed::{self, Observed, describe, is_going};
use super::{KmsKey, planning, usage};
use crate::consistency::{self, Call, answer_when_ready};
use crate::error::{failure, is_code};
use crate::policy;
use crate::tags::{self, TagSettings, Tags};
use crate::{Scope, Tagging};

/// What a state says of a replica that has no alias: none at all stands for the key's.
const NO_ALIAS: &str = "";

/// A replica of the key in another region.
#[derive(Clone, Debug, Default, PartialEq, Model)]
pub struct Replica {
    /// What the replica is for; by default what the key is for.
    #[model(optional, length(0, 8192))]
    pub description: Option<String>,
    /// Its alias in its region; by default the key's.
    #[model(optional, pattern(
        "^alias/[a-zA-Z0-9/_-]{1,250}$",
        "alias/ and 1 to 250 letters, digits or characters of /_-"
    ), rule = face::is_not_of_aws)]
    pub alias: Option<String>,
    /// Its policy, in JSON; by default the key's.
    #[model(optional, rule = policy::is_document, same = policy::same_values, length(1, 32768))]
    pub policy: Option<String>,
    /// Its tags, beside the provider's `default_tags`; by default the key's.
    #[model(optional, rule = tags::are_allowed)]
    pub tags: Option<Tags>,
    /// Whether it can be used.
    #[model(optional, default = true)]
    pub enabled: bool,
}

impl Replica {
    /// One that takes nothing from its key.
    fn of(face: Face, scope: &Scope, region: &str) -> Self {
        let default_policy = || face::default_policy(&scope.in_region(region));
        let known = Tagging { tags: Some(Tags::new()), tags_all: None };
        let (tagging, _) = Tagging::read(face.tags, &known, &scope.settings().tags);
        Self {
            description: Some(face.description),
            alias: Some(face.alias.unwrap_or(NO_ALIAS.to_owned())),
            policy: Some(face.policy.unwrap_or_else(default_policy)),
            tags: tagging.tags,
            enabled: face.enabled,
        }
    }

    /// What is wanted of this replica of a key.
    fn face(&self, key: &KmsKey, settings: &TagSettings) -> Face {
        let all = || key.tagging.tags_all.clone().unwrap_or_default();
        Face {
            description: self.description.clone().unwrap_or_else(|| key.description.clone()),
            alias: self
                .alias
                .clone()
                .or_else(|| key.alias.clone())
                .filter(|alias| !alias.is_empty()),
            policy: self.policy.clone().or_else(|| key.policy.clone()),
            enabled: self.enabled,
            tags: self.tags.as_ref().map_or_else(all, |own| settings.with_defaults(own)),
        }
    }
}

/// The replicas as they are. One that others have made is neither shown nor ever removed, unless
/// the whole key is only just being imported.
pub async fn read(
    call: &Call,
    primary: &Observed,
    object: &KmsKey,
    state: &KmsKey,
) -> Result<Option<BTreeMap<String, Replica>>, Failure> {
    let mark_of_key = &primary.mark();
    let regions = observed::replica_regions(&primary.metadata);
    let looks = regions.into_iter().map(|region| async move {
        let seen = read_one(call, &region, mark_of_key.as_ref(), object, state).await?;
        Ok::<_, Failure>(seen.map(|replica| (region, replica)))
    });
    let replicas: BTreeMap<_, _> = try_join_all(looks).await?.into_iter().flatten().collect();
    Ok((state.replicas.is_some() || !replicas.is_empty()).then_some(replicas))
}

/// One replica as it is; none where it is not there any more, is in its deletion window, until the
/// end of which KMS lists it with its key, or is none of the key's own.
async fn read_one(
    call: &Call,
    region: &str,
    mark_of_key: Option<&Mark>,
    object: &KmsKey,
    state: &KmsKey,
) -> Result<Option<Replica>, Failure> {
    let scope = call.scope.in_region(region);
    let key = object.key_id()?;
    let metadata = describe(&scope, key).await?;
    let Some(metadata) = metadata.filter(|metadata| !is_going(metadata)) else { return Ok(None) };
    let Some(tags) = observed::tags(&scope, key).await? else { return Ok(None) };
    let known = state.replicas.as_ref().and_then(|replicas| replicas.get(region));
    if known.is_none() && !belongs(call, mark_of_key, &tags) {
        return Ok(None);
    }
    let (policy, aliases) =
        futures::try_join!(observed::policy(&scope, key), observed::aliases(&scope, key))?;
    let none = Replica::default();
    let known = known.unwrap_or(&none);
    let wanted_alias = known.alias.as_ref().or(state.alias.as_ref());
    let alias = wanted_alias.filter(|alias| aliases.contains(alias)).or(aliases.first());
    let alias = alias.cloned().unwrap_or(NO_ALIAS.to_owned());
    let policy = policy.unwrap_or_else(|| face::default_policy(&scope));
    let key_policy = object.policy.clone().unwrap_or_else(|| face::default_policy(&scope));
    let (tagging, _) = Tagging::read(
        tags,
        &Tagging { tags: known.tags.clone(), tags_all: None },
        &scope.settings().tags,
    );
    let description = metadata.description.unwrap_or_default();
    Ok(Some(Replica {
        description: unless_inherited(&known.description, description, &object.description),
        alias: unless_inherited(&known.alias, alias, object.alias.as_deref().unwrap_or_default()),
        policy: match &known.policy {
            None if policy::same(&policy, &key_policy) => None,
            _ => Some(policy),
        },
        tags: match &known.tags {
            None if tagging.tags_all == object.tagging.tags_all => None,
            _ => Some(tagging.tags.unwrap_or_default()),
        },
        enabled: metadata.enabled,
    }))
}

/// Whether a replica that the state does not know, with these tags, is of the key with this mark.
/// The key's mark counts beside the claim: a key that is imported by its id has no name until it
/// was read, and keeps the mark of whoever made it until its next update.
fn belongs(call: &Call, mark_of_key: Option<&Mark>, tags: &Tags) -> bool {
    let Some(of_key) = mark_of_key else { return true };
    tags::mark(tags).is_some_and(|mark| {
        let alike = (&mark.deployment, &mark.resource) == (&of_key.deployment, &of_key.resource);
        alike || call.claim.owns(&mark)
    })
}

/// Writes out in the state what the replicas took from the key as it was before, wherever the key
/// has changed: until they are brought after it, they do not take that after it any more.
pub fn stay_behind(call: &Call, prior: &KmsKey, state: &mut KmsKey) {
    let Some(mut replicas) = state.replicas.take() else { return };
    for (region, replica) in &mut replicas {
        if prior.description != state.description {
            replica.description.get_or_insert_with(|| prior.description.clone());
        }
        if prior.alias != state.alias {
            replica.alias.get_or_insert_with(|| prior.alias.clone().unwrap_or(NO_ALIAS.to_owned()));
        }
        if prior.policy != state.policy {
            let default = || face::default_policy(&call.scope.in_region(region));
            replica.policy.get_or_insert_with(|| prior.policy.clone().unwrap_or_else(default));
        }
        if prior.tagging.tags_all != state.tagging.tags_all {
            replica.tags.get_or_insert_with(|| prior.tagging.tags.clone().unwrap_or_default());
        }
    }
    state.replicas = Some(replicas);
}

/// A value for a state in which none means "as the key".
fn unless_inherited(known: &Option<String>, value: String, of_key: &str) -> Option<String> {
    (known.is_some() || value != of_key).then_some(value)
}

/// Makes, changes and removes replicas until they are as planned. `state` holds what there is, and
/// follows; `prior` is the key as it was before, which its replicas took after.
pub async fn bring(
    call: &Call,
    prior: &KmsKey,
    plan: &KmsKey,
    state: &mut KmsKey,
    marked_with: Option<&str>,
) -> Result<(), Failure> {
    let there = state.replicas.clone().unwrap_or_default();
    let wanted = plan.replicas.clone().unwrap_or_default();
    let leaving: Vec<String> =
        there.keys().filter(|region| !wanted.contains_key(*region)).cloned().collect();
    if !leaving.is_empty() {
        if !plan.force_destroy {
            for region in &leaving {
                usage::refuse_if_replica_used(call, prior, region).await?;
            }
        }
        // Their aliases are those they had before, the window is that of the configuration.
        let window = plan.deletion_window_days;
        let leaver = KmsKey { deletion_window_days: window, ..prior.clone() };
        remove(call, &leaver, &leaving).await?;
    }
    let mut kept = there.clone();
    kept.retain(|region, _| wanted.contains_key(region));
    state.replicas = plan.replicas.as_ref().map(|_| kept);
    let settings = &call.scope.settings().tags;
    let key = state.key_id()?.to_owned();
    let marked = marked_with == Some(&call.claim.generation);
    let ensured = wanted.iter().map(|(region, replica)| {
        let key = key.as_str();
        let there = there.get(region);
        async move {
            let after = replica.face(plan, settings);
            let before = there.map(|there| there.face(prior, settings));
            // One whose values are written out has stayed behind an update that was cut off.
            let unchanged = there == Some(replica)
                && before.as_ref().is_some_and(|before| before.equals(&after));
            let mut face = None;
            let result = if unchanged && marked {
                Ok(())
            } else {
                let alias = before.as_ref().and_then(|before| before.alias.as_ref());
                ensure(call, plan, key, region, &after, alias, &mut face).await
            };
            let reached = match (&result, face) {
                (Ok(()), _) => Some(replica.clone()),
                (Err(_), face) => face.map(|face| Replica::of(face, &call.scope, region)),
            };
            (result, reached)
        }
    });
    let results = join_all(ensured).await;
    let mut brought = Ok(());
    for (region, (result, reached)) in wanted.keys().zip(results) {
        if let (Some(replica), Some(replicas)) = (reached, &mut state.replicas) {
            replicas.insert(region.clone(), replica);
        }
        brought = brought.and(result);
    }
    brought
}

/// Makes the replica in a region, if it is not there, and brings it to what is wanted, from what
/// KMS shows of it: an attempt that was cut off may have made it otherwise. `reached` follows.
async fn ensure(
    call: &Call,
    plan: &KmsKey,
    key: &str,
    region: &str,
    wanted: &Face,
    alias_before: Option<&String>,
    reached: &mut Option<Face>,
) -> Result<(), Failure> {
    let scope = call.scope.in_region(region);
    if describe(&scope, key).await?.is_none() {
        replicate(call, plan, key, region, wanted).await?;
    }
    let observed = Observed::of(&scope, made(call, &scope, key).await?).await?;
    let going = is_going(&observed.metadata);
    if going {
        face::cancel_deletion(call, &scope, key).await?;
    }
    let (tagging, mark) = Tagging::read(observed.tags, &Tagging::default(), &scope.settings().tags);
    // An attempt that was cut off may have left both.
    let mut known = [alias_before, wanted.alias.as_ref()].into_iter().flatten();
    let alias = known.find(|alias| observed.aliases.contains(alias));
    let face = reached.insert(Face {
        description: observed.metadata.description.unwrap_or_default(),
        alias: alias.cloned(),
        policy: observed.policy,
        enabled: observed.metadata.enabled && !going,
        tags: tagging.tags_all.unwrap_or_default(),
    });
    let marked_with = mark.map(|mark| mark.generation);
    let bypass = plan.bypass_policy_lockout_safety_check;
    face::bring(call, &scope, key, face, wanted, marked_with.as_deref(), bypass).await?;
    face::disable(call, &scope, key, face, wanted).await
}

async fn replicate(
    call: &Call,
    plan: &KmsKey,
    key: &str,
    region: &str,
    wanted: &Face,
) -> Result<(), Failure> {
    let mut tags = wanted.tags.clone();
    tags.extend(call.claim.tags());
    let request = call
        .scope
        .kms()
        .replicate_key()
        .key_id(key)
        .replica_region(region)
        .description(&wanted.description)
        .set_policy(wanted.policy.clone())
        .bypass_policy_lockout_safety_check(plan.bypass_policy_lockout_safety_check)
        .set_tags(Some(face::tag_list(&tags)?));
    let answer = answer_when_ready(
        call,
        consistency::WITHIN_SERVICE,
        |error| is_code(error, &face::TOO_EARLY) || face::names_unknown_principal(error),
        || request.clone().send(),
    )
    .await?;
    match answer {
        Ok(_) => Ok(()),
        // Made by an attempt whose answer was lost, and not to be seen in its region yet.
        Err(error) if is_code(&error, &["AlreadyExistsException"]) => Ok(()),
        Err(error) => Err(failure(&error, &format!("{}, replica in {region}", call.scope.place()))),
    }
}

/// Waits until a replica is made.
async fn made(call: &Call, scope: &Scope, key: &str) -> Result<KeyMetadata, Failure> {
    let what = format!("the replica of key {key} in {}", scope.region());
    call.wait_until(&what, Pace::QUICK, || async {
        let Some(metadata) = describe(scope, key).await? else {
            return Ok(Look::Pending("not to be seen".to_owned()));
        };
        match metadata.key_state {
            Some(KeyState::Creating | KeyState::Updating) => {
                Ok(Look::Pending("being made".to_owned()))
            }
            Some(KeyState::Unavailable) => Err(Diagnostic::error(
                format!("{what} cannot be used"),
                format!("KMS calls it unavailable ({}).", scope.place()),
            )
            .into()),
            _ => Ok(Look::Done(metadata)),
        }
    })
    .await
}

/// Schedules the deletion of the replicas in these regions.
pub async fn remove(call: &Call, key: &KmsKey, regions: &[String]) -> Result<(), Failure> {
    let settings = &call.scope.settings().tags;
    let key_id = key.key_id()?;
    let removed = regions.iter().map(|region| async move {
        let scope = call.scope.in_region(region);
        let replica = key.replicas.as_ref().and_then(|replicas| replicas.get(region));
        let alias = replica.and_then(|replica| replica.face(key, settings).alias);
        let window = key.deletion_window_days;
        face::schedule_deletion(call, &scope, key_id, alias.as_deref(), window).await
    });
    join_all(removed).await.into_iter().collect()
}

/// Whether both say the same of all replicas.
pub fn equal(
    one: Option<&BTreeMap<String, Replica>>,
    other: Option<&BTreeMap<String, Replica>>,
) -> bool {
    let same = |one: &Replica, other: &Replica| {
        let policies = match (&one.policy, &other.policy) {
            (Some(one), Some(other)) => policy::same(one, other),
            (one, other) => one == other,
        };
        let plain = |replica: &Replica| Replica { policy: None, ..replica.clone() };
        policies && plain(one) == plain(other)
    };
    let (Some(one), Some(other)) = (one, other) else {
        return one.is_none_or(BTreeMap::is_empty) && other.is_none_or(BTreeMap::is_empty);
    };
    one.len() == other.len()
        && one.iter().all(|(region, one)| other.get(region).is_some_and(|other| same(one, other)))
}

/// The ARN of a key's replica in a region, for errors.
pub fn label(key: &KmsKey, region: &str) -> String {
    arn_of(key, region).unwrap_or_else(|| format!("the replica in {region}"))
}

fn arn_of(key: &KmsKey, region: &str) -> Option<String> {
    key.arn.as_deref().and_then(|arn| planning::replica_arn(arn, region))
}
