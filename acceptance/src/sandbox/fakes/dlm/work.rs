//! What policies do: taking snapshots when their schedules are due, and deleting them when their time is over.
//!
//! Follows "How Amazon Data Lifecycle Manager works" and "Considerations for snapshot lifecycle policies" of the
//! Amazon EBS User Guide.

use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

use super::checks::policy_type;
use super::copies::{self, Share};
use super::policies::{Policy, State};
use super::rules::{Keep, Timetable};
use crate::sandbox::fakes::neighbours::{Neighbours, partition};
use crate::sandbox::wire::ServiceError;
use crate::sandbox::world::World;
use crate::sandbox::xml::Element;

/// Who assumes a policy's role.
const SERVICE: &str = "dlm.amazonaws.com";
/// What DLM does, as the role, with the rule by which a policy hears of events: so AWS's own
/// AWSDataLifecycleManagerServiceRole allows it.
const RULE_ACTIONS: [&str; 8] = [
    "PutRule",
    "DeleteRule",
    "DescribeRule",
    "EnableRule",
    "DisableRule",
    "ListTargetsByRule",
    "PutTargets",
    "RemoveTargets",
];

/// A snapshot that a policy has made.
#[derive(Clone, Debug, PartialEq)]
pub struct Managed {
    /// The policy.
    pub policy: String,
    /// The schedule, or the action of an event-based policy.
    pub schedule: String,
    /// The volume, or the snapshot it is a copy of.
    pub source: String,
    /// The snapshot.
    pub snapshot: String,
    /// The account it is in.
    pub account: String,
    /// The region it is in.
    pub region: String,
    /// When it was made.
    pub made: DateTime<Utc>,
    /// When its time is over, where its age decides.
    pub ends: Option<DateTime<Utc>>,
    /// Whether it is a copy.
    pub copy: bool,
    /// With whom it is shared, and until when.
    pub shares: Vec<(String, DateTime<Utc>)>,
}

/// Something that is due.
enum Due {
    Schedule(String, Value),
    End(String),
    Unshare(String, String),
}

/// Does all that is due by now, in the order in which it fell due.
pub async fn catch_up(state: &mut State, world: &Arc<World>) {
    let now = world.clock.now();
    while let Some((time, due)) = next(state, now) {
        match due {
            Due::Schedule(policy, schedule) => {
                carry_out(state, world, &policy, &schedule, time).await;
            }
            Due::End(snapshot) => end(state, world, &snapshot, time).await,
            Due::Unshare(snapshot, account) => {
                copies::unshare(state, world, &snapshot, &account, time).await;
            }
        }
    }
    copies::look_for_shares(state, world, now).await;
}

/// What falls due first, by `now` at the latest.
fn next(state: &State, now: DateTime<Utc>) -> Option<(DateTime<Utc>, Due)> {
    let enabled = || state.policies.values().filter(|policy| policy.is_enabled());
    let schedules = enabled().flat_map(|policy| {
        let schedules = policy.details()["Schedules"].as_array().map(Vec::as_slice);
        schedules.unwrap_or_default().iter().filter_map(|schedule| {
            let name = schedule["Name"].as_str()?;
            let from = policy.carried_out.get(name).copied().unwrap_or(policy.since);
            let time = Timetable::of(&schedule["CreateRule"]).ok()?.next_after(from)?;
            Some((time, Due::Schedule(policy.id().to_owned(), schedule.clone())))
        })
    });
    let alive =
        |managed: &&Managed| state.policies.get(&managed.policy).is_some_and(Policy::is_enabled);
    let ends = state
        .managed
        .iter()
        .filter(alive)
        .filter_map(|managed| Some((managed.ends?, Due::End(managed.snapshot.clone()))));
    let unshares = state.managed.iter().filter(alive).flat_map(|managed| {
        managed.shares.iter().map(|(account, until)| {
            (*until, Due::Unshare(managed.snapshot.clone(), account.clone()))
        })
    });
    // Of what falls due together, snapshots are taken before others are deleted.
    let first = schedules.chain(ends).chain(unshares).min_by_key(|(time, _)| *time);
    first.filter(|(time, _)| *time <= now)
}

/// Notes what was done, or why it could not be.
pub fn note(state: &mut State, time: DateTime<Utc>, policy: &str, what: Value) {
    let mut entry =
        json!({"time": time.to_rfc3339_opts(SecondsFormat::Secs, true), "policy": policy});
    if let (Value::Object(entry), Value::Object(what)) = (&mut entry, what) {
        entry.extend(what);
    }
    if let Some(error) = entry["error"].as_str() {
        tracing::info!("DLM's {policy}: {error}");
    }
    state.done.push(entry);
}

async fn carry_out(
    state: &mut State,
    world: &Arc<World>,
    id: &str,
    schedule: &Value,
    time: DateTime<Utc>,
) {
    let name = schedule["Name"].as_str().unwrap_or_default().to_owned();
    let Some(policy) = state.policies.get_mut(id) else { return };
    policy.carried_out.insert(name.clone(), time);
    let policy = policy.clone();
    let neighbours = Neighbours::new(world, &policy.account, &policy.region);
    if !may_act(state, &policy, &neighbours, time).await {
        return;
    }
    let sources = match sources(&neighbours, policy.details()).await {
        Ok(sources) => sources,
        Err(error) => {
            return note(state, time, id, json!({"schedule": name, "error": error.to_string()}));
        }
    };
    for source in sources {
        match take(&neighbours, &policy, schedule, &source, time).await {
            Err(error) => {
                let error = format!("failed to take a snapshot of {}: {error}", source.volume);
                note(state, time, id, json!({"schedule": name, "error": error}));
            }
            Ok(managed) => {
                let what = json!({"schedule": name, "snapshot": managed.snapshot, "volume": source.volume});
                note(state, time, id, what);
                let snapshot = managed.snapshot.clone();
                state.managed.push(managed);
                copies::copy(state, world, &policy, schedule, &snapshot, time).await;
                let share = Share { policy: &policy, schedule, snapshot: &snapshot };
                copies::share(state, world, &share, time).await;
                keep_count(state, world, id, schedule, &source.volume, time).await;
            }
        }
    }
}

/// Whether a policy's role can be assumed, and an event-based policy may hear of events; otherwise the policy is in
/// the state ERROR from then on.
pub async fn may_act(
    state: &mut State,
    policy: &Policy,
    neighbours: &Neighbours<'_>,
    time: DateTime<Utc>,
) -> bool {
    let error = match obstacle(policy, neighbours).await {
        Ok(None) => return true,
        Ok(Some(obstacle)) => obstacle,
        Err(error) => error.to_string(),
    };
    note(state, time, policy.id(), json!({"error": error}));
    if let Some(policy) = state.policies.get_mut(policy.id()) {
        policy.shape["State"] = "ERROR".into();
        policy.shape["StatusMessage"] = error.into();
    }
    false
}

async fn obstacle(
    policy: &Policy,
    neighbours: &Neighbours<'_>,
) -> Result<Option<String>, ServiceError> {
    let role = policy.shape["ExecutionRoleArn"].as_str().unwrap_or_default();
    if !neighbours.role_trusts(role, SERVICE).await? {
        let error = format!("the role {role} does not exist or does not trust {SERVICE}");
        return Ok(Some(error));
    }
    if policy_type(policy.details()) != "EVENT_BASED_POLICY" {
        return Ok(None);
    }
    let partition = partition(&policy.region);
    let rule = format!(
        "arn:{partition}:events:{}:{}:rule/AwsDataLifecycleRule.managed-cwe.{}",
        policy.region,
        policy.account,
        policy.id(),
    );
    for action in RULE_ACTIONS {
        let action = format!("events:{action}");
        if !neighbours.role_may(role, &action, &rule).await? {
            return Ok(Some(format!("the role {role} is not allowed {action} on {rule}")));
        }
    }
    Ok(None)
}

/// A volume to take a snapshot of.
struct Source {
    volume: String,
    instance: Option<String>,
    tags: Vec<(String, String)>,
}

/// The tags of an item of an EC2 list.
pub fn tags(item: &Element) -> Vec<(String, String)> {
    let tags = item.items("tagSet").iter();
    tags.map(|tag| (tag.text_at("key").to_owned(), tag.text_at("value").to_owned())).collect()
}

/// Tags of a policy, as pairs.
pub fn pairs(tags: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let tags = tags.as_array().map(Vec::as_slice).unwrap_or_default();
    tags.iter().map(|tag| (text(&tag["Key"]), text(&tag["Value"]))).collect()
}

/// The volumes that a policy is for: those with one of its tags, or those of instances with one.
async fn sources(
    neighbours: &Neighbours<'_>,
    details: &Value,
) -> Result<Vec<Source>, ServiceError> {
    let targets = pairs(&details["TargetTags"]);
    let targeted = |item: &Element| tags(item).iter().any(|tag| targets.contains(tag));
    let volumes = neighbours.ec2("DescribeVolumes", &[]).await?;
    let volumes = volumes.items("volumeSet");
    let source = |item: &Element, instance: Option<String>| Source {
        volume: item.text_at("volumeId").to_owned(),
        instance,
        tags: tags(item),
    };
    if details["ResourceTypes"][0] == "VOLUME" {
        let chosen = volumes.iter().filter(|item| targeted(item));
        return Ok(chosen.map(|item| source(item, None)).collect());
    }
    let parameters = &details["Parameters"];
    let excluded = pairs(&parameters["ExcludeDataVolumeTags"]);
    let instances = neighbours.ec2("DescribeInstances", &[]).await?;
    let instances =
        instances.items("reservationSet").iter().flat_map(|item| item.items("instancesSet"));
    let mut sources = Vec::new();
    for instance in instances.filter(|item| targeted(item)) {
        let root = instance.text_at("rootDeviceName");
        for device in instance.items("blockDeviceMapping") {
            let id = device.text_at("ebs/volumeId");
            let Some(item) = volumes.iter().find(|item| item.text_at("volumeId") == id) else {
                continue;
            };
            let is_root = device.text_at("deviceName") == root;
            let left_out = if is_root {
                parameters["ExcludeBootVolume"] == true
            } else {
                tags(item).iter().any(|tag| excluded.contains(tag))
            };
            if !left_out {
                sources.push(source(item, Some(instance.text_at("instanceId").to_owned())));
            }
        }
    }
    Ok(sources)
}

async fn take(
    neighbours: &Neighbours<'_>,
    policy: &Policy,
    schedule: &Value,
    source: &Source,
    time: DateTime<Utc>,
) -> Result<Managed, ServiceError> {
    let name = schedule["Name"].as_str().unwrap_or_default();
    let ends = Keep::of(&schedule["RetainRule"]).end(time);
    let mut all = system_tags(policy.id(), name, ends);
    if schedule["CopyTags"] == true {
        all.extend(source.tags.iter().filter(|(key, _)| !key.starts_with("aws:")).cloned());
    }
    all.extend(pairs(&schedule["TagsToAdd"]));
    for (key, value) in pairs(&schedule["VariableTags"]) {
        let instance = source.instance.clone().unwrap_or_default();
        let written = time.to_rfc3339_opts(SecondsFormat::Secs, true);
        all.push((key, if value == "$(timestamp)" { written } else { instance }));
    }
    let description = format!("Created for policy: {} schedule: {name}", policy.id());
    let tagging = tag_parameters(&all);
    let mut parameters =
        vec![("VolumeId", source.volume.as_str()), ("Description", description.as_str())];
    parameters.extend(tagging.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let made = neighbours.ec2("CreateSnapshot", &parameters).await?;
    Ok(Managed {
        policy: policy.id().to_owned(),
        schedule: name.to_owned(),
        source: source.volume.clone(),
        snapshot: made.text_at("snapshotId").to_owned(),
        account: policy.account.clone(),
        region: policy.region.clone(),
        made: time,
        ends,
        copy: false,
        shares: Vec::new(),
    })
}

/// The tags that DLM gives to all that it makes.
pub fn system_tags(
    policy: &str,
    schedule: &str,
    ends: Option<DateTime<Utc>>,
) -> Vec<(String, String)> {
    let mut tags = vec![
        ("aws:dlm:lifecycle-policy-id".to_owned(), policy.to_owned()),
        ("aws:dlm:lifecycle-schedule-name".to_owned(), schedule.to_owned()),
        ("dlm:managed".to_owned(), "true".to_owned()),
    ];
    if let Some(ends) = ends {
        let written = ends.to_rfc3339_opts(SecondsFormat::Millis, true);
        tags.push(("aws:dlm:expirationTime".to_owned(), written));
    }
    tags
}

/// Tags as parameters of an EC2 call that makes a snapshot. Of two with one key the later counts.
pub fn tag_parameters(tags: &[(String, String)]) -> Vec<(String, String)> {
    let mut parameters =
        vec![("TagSpecification.1.ResourceType".to_owned(), "snapshot".to_owned())];
    let last = |index: usize, key: &str| !tags[index + 1..].iter().any(|(other, _)| other == key);
    let kept = tags.iter().enumerate().filter(|(index, (key, _))| last(*index, key));
    for (number, (_, (key, value))) in (1..).zip(kept) {
        let start: String = format!("TagSpecification.1.Tag.{number}");
        parameters.push((format!("{start}.Key"), key.clone()));
        parameters.push((format!("{start}.Value"), value.clone()));
    }
    parameters
}

/// Deletes what a schedule has of a volume beyond its count.
async fn keep_count(
    state: &mut State,
    world: &Arc<World>,
    policy: &str,
    schedule: &Value,
    volume: &str,
    time: DateTime<Utc>,
) {
    let Keep::Count(count) = Keep::of(&schedule["RetainRule"]) else { return };
    let of_schedule = |managed: &&Managed| {
        !managed.copy
            && managed.policy == policy
            && managed.source == volume
            && schedule["Name"] == managed.schedule.as_str()
    };
    let all: Vec<String> =
        state.managed.iter().filter(of_schedule).map(|managed| managed.snapshot.clone()).collect();
    for snapshot in &all[..all.len().saturating_sub(count)] {
        delete(state, world, snapshot, time).await;
    }
}

/// Ends a snapshot whose time is over. The last one of a volume that is gone stays.
async fn end(state: &mut State, world: &Arc<World>, snapshot: &str, time: DateTime<Utc>) {
    let Some(managed) = state.managed.iter().find(|managed| managed.snapshot == snapshot).cloned()
    else {
        return;
    };
    let others = state.managed.iter().filter(|other| {
        !other.copy && other.source == managed.source && other.policy == managed.policy
    });
    if !managed.copy && others.count() == 1 {
        let neighbours = Neighbours::new(world, &managed.account, &managed.region);
        let found = neighbours.ec2("DescribeVolumes", &[("VolumeId.1", &managed.source)]).await;
        if found.is_err_and(|error| error.code == "InvalidVolume.NotFound") {
            postpone(state, snapshot, None);
            return;
        }
    }
    delete(state, world, snapshot, time).await;
}

fn postpone(state: &mut State, snapshot: &str, ends: Option<DateTime<Utc>>) {
    for managed in state.managed.iter_mut().filter(|managed| managed.snapshot == snapshot) {
        managed.ends = ends;
    }
}

/// Deletes a snapshot; one that cannot be is tried again an hour later.
async fn delete(state: &mut State, world: &Arc<World>, snapshot: &str, time: DateTime<Utc>) {
    let Some(managed) = state.managed.iter().find(|managed| managed.snapshot == snapshot).cloned()
    else {
        return;
    };
    let neighbours = Neighbours::new(world, &managed.account, &managed.region);
    match neighbours.ec2("DeleteSnapshot", &[("SnapshotId", snapshot)]).await {
        Err(error) if error.code != "InvalidSnapshot.NotFound" => {
            let error = format!("failed to delete {snapshot}: {error}");
            note(state, time, &managed.policy, json!({"error": error}));
            postpone(state, snapshot, Some(time + TimeDelta::hours(1)));
        }
        _ => {
            state.managed.retain(|managed| managed.snapshot != snapshot);
            note(state, time, &managed.policy, json!({"deleted": snapshot}));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_later_tag_counts() {
        let tag = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let parameters = tag_parameters(&[tag("a", "1"), tag("b", "2"), tag("a", "3")]);
        let text: Vec<String> =
            parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(
            text,
            [
                "TagSpecification.1.ResourceType=snapshot",
                "TagSpecification.1.Tag.1.Key=b",
                "TagSpecification.1.Tag.1.Value=2",
                "TagSpecification.1.Tag.2.Key=a",
                "TagSpecification.1.Tag.2.Value=3",
            ]
        );
    }
}
