//! Copies to other regions, shares with other accounts, and what event-based policies there make of them.
//!
//! Follows "Automate cross-account snapshot copies" of the Amazon EBS User Guide.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use regex::Regex;
use serde_json::{Value, json};

use super::checks::{policy_type, target};
use super::policies::{Policy, State};
use super::rules::{Keep, age, later};
use super::work::{Managed, may_act, note, system_tags, tag_parameters, tags};
use crate::sandbox::fakes::input::texts;
use crate::sandbox::fakes::neighbours::Neighbours;
use crate::sandbox::wire::ServiceError;
use crate::sandbox::world::World;
use crate::sandbox::xml::Element;

/// How moto describes the snapshots of the images it comes with.
const MOTO_IMAGES: &str = "Auto-created snapshot for AMI";

/// A snapshot that a schedule of a policy shares.
pub struct Share<'a> {
    /// The policy.
    pub policy: &'a Policy,
    /// The schedule.
    pub schedule: &'a Value,
    /// The snapshot.
    pub snapshot: &'a str,
}

/// Where a copy goes and how it is encrypted.
struct Order<'a> {
    region: &'a str,
    encrypted: bool,
    key: Option<&'a str>,
    ends: Option<DateTime<Utc>>,
}

impl<'a> Order<'a> {
    fn new(rule: &'a Value, encryption: &'a Value, time: DateTime<Utc>) -> Self {
        Self {
            region: target(rule),
            encrypted: encryption["Encrypted"] == true,
            key: encryption["CmkArn"].as_str(),
            ends: Keep::of(&rule["RetainRule"]).end(time),
        }
    }
}

/// Copies a snapshot to the regions that its schedule names.
pub async fn copy(
    state: &mut State,
    world: &Arc<World>,
    policy: &Policy,
    schedule: &Value,
    snapshot: &str,
    time: DateTime<Utc>,
) {
    let name = schedule["Name"].as_str().unwrap_or_default();
    let rules = schedule["CrossRegionCopyRules"].as_array().map(Vec::as_slice).unwrap_or_default();
    for rule in rules {
        let order = Order::new(rule, rule, time);
        let what = json!({"schedule": name, "copy_of": snapshot, "region": order.region});
        let copied = copy_within(world, policy, schedule, rule, &order, snapshot).await;
        settle(state, policy, name, snapshot, &order, time, what, copied);
    }
}

/// Takes a copy in, or notes why there is none.
#[expect(clippy::too_many_arguments, reason = "all of what is known of a copy")]
fn settle(
    state: &mut State,
    policy: &Policy,
    schedule: &str,
    source: &str,
    order: &Order<'_>,
    time: DateTime<Utc>,
    mut what: Value,
    copied: Result<String, ServiceError>,
) {
    match copied {
        Ok(snapshot) => {
            what["snapshot"] = snapshot.clone().into();
            state.managed.push(Managed {
                policy: policy.id().to_owned(),
                schedule: schedule.to_owned(),
                source: source.to_owned(),
                snapshot,
                account: policy.account.clone(),
                region: order.region.to_owned(),
                made: time,
                ends: order.ends,
                copy: true,
                shares: Vec::new(),
            });
        }
        Err(error) => {
            what["error"] = format!("failed to copy {source} to {}: {error}", order.region).into();
        }
    }
    note(state, time, policy.id(), what);
}

async fn copy_within(
    world: &Arc<World>,
    policy: &Policy,
    schedule: &Value,
    rule: &Value,
    order: &Order<'_>,
    snapshot: &str,
) -> Result<String, ServiceError> {
    if let Some(key) = order.key {
        check_key(world, key, &policy.account).await?;
    }
    let name = schedule["Name"].as_str().unwrap_or_default();
    let mut all = system_tags(policy.id(), name, order.ends);
    let here = Neighbours::new(world, &policy.account, &policy.region);
    let source = describe(&here, snapshot).await?;
    if rule["CopyTags"] == true {
        let own = |(key, _): &(String, String)| key.starts_with("aws:") || key == "dlm:managed";
        all.extend(tags(&source).into_iter().filter(|tag| !own(tag)));
    }
    let encrypted = order.encrypted || source.text_at("encrypted") == "true";
    let encrypted = encrypted.to_string();
    let description =
        format!("[Copied {snapshot} from {}] {}", policy.region, source.text_at("description"));
    let tagging = tag_parameters(&all);
    let mut parameters = vec![
        ("SourceRegion", policy.region.as_str()),
        ("SourceSnapshotId", snapshot),
        ("Description", description.as_str()),
        ("Encrypted", encrypted.as_str()),
    ];
    if let Some(key) = order.key {
        parameters.push(("KmsKeyId", key));
    }
    parameters.extend(tagging.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let there = Neighbours::new(world, &policy.account, order.region);
    Ok(there.ec2("CopySnapshot", &parameters).await?.text_at("snapshotId").to_owned())
}

async fn describe(neighbours: &Neighbours<'_>, snapshot: &str) -> Result<Element, ServiceError> {
    let found = neighbours.ec2("DescribeSnapshots", &[("SnapshotId.1", snapshot)]).await?;
    let item = found.at("snapshotSet/item").cloned().ok_or_else(|| {
        let message = format!("The snapshot {snapshot} does not exist");
        ServiceError::new("InvalidSnapshot.NotFound", message)
    })?;
    with_key(neighbours, item).await
}

/// A snapshot with the key it is encrypted with: its volume's, which moto does not hand on.
async fn with_key(
    neighbours: &Neighbours<'_>,
    mut snapshot: Element,
) -> Result<Element, ServiceError> {
    if snapshot.text_at("encrypted") == "true" && snapshot.text_at("kmsKeyId").is_empty() {
        let filter =
            [("Filter.1.Name", "volume-id"), ("Filter.1.Value.1", snapshot.text_at("volumeId"))];
        let volume = neighbours.ec2("DescribeVolumes", &filter).await?;
        snapshot.set_text("kmsKeyId", volume.text_at("volumeSet/item/kmsKeyId"));
    }
    Ok(snapshot)
}

/// Checks that an account can use a key: it is enabled, and where it is another account's, that lets it.
async fn check_key(world: &Arc<World>, key: &str, account: &str) -> Result<(), ServiceError> {
    let parts: Vec<&str> = key.split(':').collect();
    let [_, _, _, region, owner, ..] = parts.as_slice() else {
        return Err(ServiceError::new("InvalidParameterValue", format!("{key} is no key's ARN")));
    };
    let kms = Neighbours::new(world, owner, region);
    let described = kms.json("kms", "DescribeKey", &json!({"KeyId": key})).await?;
    if described["KeyMetadata"]["KeyState"] != "Enabled" {
        let message = format!("the key {key} is {}", described["KeyMetadata"]["KeyState"]);
        return Err(ServiceError::new("KMSInvalidStateException", message));
    }
    if *owner == account {
        return Ok(());
    }
    let policy =
        kms.json("kms", "GetKeyPolicy", &json!({"KeyId": key, "PolicyName": "default"})).await?;
    let policy = policy["Policy"].as_str().unwrap_or_default();
    let grants = kms.json("kms", "ListGrants", &json!({"KeyId": key})).await?;
    if admits(policy, account) || grants.to_string().contains(&format!(":{account}:")) {
        return Ok(());
    }
    let message = format!(
        "neither the policy nor a grant of the key {key} lets the account {account} use it"
    );
    Err(ServiceError::new("AccessDeniedException", message))
}

/// Whether a key policy allows anything to an account or to somebody in it.
fn admits(policy: &str, account: &str) -> bool {
    let policy: Value = serde_json::from_str(policy).unwrap_or_default();
    let many = |value: &Value| match value {
        Value::Array(values) => values.clone(),
        one => vec![one.clone()],
    };
    many(&policy["Statement"]).iter().any(|statement| {
        let principals = many(&statement["Principal"]["AWS"]);
        let named = principals.iter().filter_map(Value::as_str).any(|principal| {
            principal == "*" || principal == account || principal.contains(&format!(":{account}:"))
        });
        statement["Effect"] == "Allow" && (named || statement["Principal"] == "*")
    })
}

/// Shares a snapshot with the accounts that its schedule names, whose event-based policies then see it.
pub async fn share(state: &mut State, world: &Arc<World>, share: &Share<'_>, time: DateTime<Utc>) {
    let rules = share.schedule["ShareRules"].as_array().map(Vec::as_slice).unwrap_or_default();
    for rule in rules {
        for account in texts(&rule["TargetAccounts"]) {
            let what = json!({"shared": share.snapshot, "with": account});
            let shared = share_with(world, share, &account).await;
            let policy = share.policy.id();
            if let Err(error) = shared {
                let error = format!("failed to share {} with {account}: {error}", share.snapshot);
                note(state, time, policy, json!({"error": error}));
                continue;
            }
            note(state, time, policy, what);
            let until = age(&rule["UnshareInterval"], &rule["UnshareIntervalUnit"])
                .and_then(|(number, unit)| later(time, number, unit));
            let managed =
                state.managed.iter_mut().find(|managed| managed.snapshot == share.snapshot);
            if let (Some(until), Some(managed)) = (until, managed) {
                managed.shares.push((account.clone(), until));
            }
            look_for_shares(state, world, time).await;
        }
    }
}

async fn share_with(
    world: &Arc<World>,
    share: &Share<'_>,
    account: &str,
) -> Result<(), ServiceError> {
    let neighbours = Neighbours::new(world, &share.policy.account, &share.policy.region);
    let snapshot = describe(&neighbours, share.snapshot).await?;
    if snapshot.text_at("encrypted") == "true" && snapshot.text_at("kmsKeyId").is_empty() {
        let message = "Encrypted snapshots with EBS default key cannot be shared";
        return Err(ServiceError::new("InvalidParameter", message));
    }
    permit(&neighbours, share.snapshot, "add", account).await
}

async fn permit(
    neighbours: &Neighbours<'_>,
    snapshot: &str,
    operation: &str,
    account: &str,
) -> Result<(), ServiceError> {
    let parameters = [
        ("SnapshotId", snapshot),
        ("Attribute", "createVolumePermission"),
        ("OperationType", operation),
        ("UserId.1", account),
    ];
    neighbours.ec2("ModifySnapshotAttribute", &parameters).await.map(drop)
}

/// Takes a share back.
pub async fn unshare(
    state: &mut State,
    world: &Arc<World>,
    snapshot: &str,
    account: &str,
    time: DateTime<Utc>,
) {
    let Some(managed) = state.managed.iter_mut().find(|managed| managed.snapshot == snapshot)
    else {
        return;
    };
    managed.shares.retain(|(other, _)| other != account);
    let managed = managed.clone();
    let neighbours = Neighbours::new(world, &managed.account, &managed.region);
    let what = match permit(&neighbours, snapshot, "remove", account).await {
        Ok(()) => json!({"unshared": snapshot, "with": account}),
        Err(error) => json!({"error": format!("failed to unshare {snapshot}: {error}")}),
    };
    note(state, time, &managed.policy, what);
}

/// Has event-based policies see the snapshots that are newly shared with their accounts.
pub async fn look_for_shares(state: &mut State, world: &Arc<World>, time: DateTime<Utc>) {
    let watching: Vec<Policy> = state
        .policies
        .values()
        .filter(|policy| {
            policy.is_enabled() && policy_type(policy.details()) == "EVENT_BASED_POLICY"
        })
        .cloned()
        .collect();
    for policy in watching {
        let parameters = policy.details()["EventSource"]["Parameters"].clone();
        let pattern = parameters["DescriptionRegex"].as_str().unwrap_or_default();
        // It was checked when the policy was made.
        let Ok(pattern) = Regex::new(&format!("^(?:{pattern})$")) else { continue };
        let neighbours = Neighbours::new(world, &policy.account, &policy.region);
        if !may_act(state, &policy, &neighbours, time).await {
            continue;
        }
        for owner in texts(&parameters["SnapshotOwner"]) {
            let found = newly_shared(state, world, &policy, &owner, &pattern).await;
            for snapshot in found {
                let id = snapshot.text_at("snapshotId").to_owned();
                state.seen.insert((policy.id().to_owned(), id));
                react(state, world, &policy, &owner, &snapshot, time).await;
            }
        }
    }
}

/// The snapshots of an owner whose description is wanted, that are shared with a policy's account, and that it has
/// not seen yet.
async fn newly_shared(
    state: &State,
    world: &Arc<World>,
    policy: &Policy,
    owner: &str,
    pattern: &Regex,
) -> Vec<Element> {
    let neighbours = Neighbours::new(world, owner, &policy.region);
    let Ok(all) = neighbours.ec2("DescribeSnapshots", &[("Owner.1", "self")]).await else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for snapshot in all.items("snapshotSet") {
        let (id, description) = (snapshot.text_at("snapshotId"), snapshot.text_at("description"));
        // moto counts a thousand snapshots of its images as everybody's own.
        let of_image = description.starts_with(MOTO_IMAGES);
        let seen = state.seen.contains(&(policy.id().to_owned(), id.to_owned()));
        if of_image || seen || !pattern.is_match(description) {
            continue;
        }
        let parameters = [("SnapshotId", id), ("Attribute", "createVolumePermission")];
        let attribute = neighbours.ec2("DescribeSnapshotAttribute", &parameters).await;
        let shared = attribute.is_ok_and(|attribute| {
            let users = attribute.items("createVolumePermission").iter();
            users.into_iter().any(|item| item.text_at("userId") == policy.account)
        });
        if shared {
            found.push(snapshot.clone());
        }
    }
    found
}

/// Carries out the action of an event-based policy for a snapshot that was shared with its account.
async fn react(
    state: &mut State,
    world: &Arc<World>,
    policy: &Policy,
    owner: &str,
    snapshot: &Element,
    time: DateTime<Utc>,
) {
    let action = policy.details()["Actions"][0].clone();
    let name = action["Name"].as_str().unwrap_or_default();
    let source = snapshot.text_at("snapshotId");
    for rule in action["CrossRegionCopy"].as_array().map(Vec::as_slice).unwrap_or_default() {
        let order = Order::new(rule, &rule["EncryptionConfiguration"], time);
        let what =
            json!({"action": name, "copy_of": source, "from": owner, "region": order.region});
        let copied = copy_across(world, policy, name, &order, owner, snapshot).await;
        settle(state, policy, name, source, &order, time, what, copied);
    }
}

/// Copies another account's snapshot. moto knows no copies between accounts, so a volume of the same size stands in
/// for the moment of the copy.
async fn copy_across(
    world: &Arc<World>,
    policy: &Policy,
    action: &str,
    order: &Order<'_>,
    owner: &str,
    snapshot: &Element,
) -> Result<String, ServiceError> {
    let from = Neighbours::new(world, owner, &policy.region);
    let snapshot = &with_key(&from, snapshot.clone()).await?;
    let source_key = snapshot.text_at("kmsKeyId");
    if !source_key.is_empty() {
        check_key(world, source_key, &policy.account).await?;
    }
    if let Some(key) = order.key {
        check_key(world, key, &policy.account).await?;
    }
    let encrypted = order.encrypted || snapshot.text_at("encrypted") == "true";
    let (encrypted, zone) = (encrypted.to_string(), format!("{}a", order.region));
    let there = Neighbours::new(world, &policy.account, order.region);
    let size = [("AvailabilityZone", zone.as_str()), ("Size", snapshot.text_at("volumeSize"))];
    let volume = there.ec2("CreateVolume", &size).await?.text_at("volumeId").to_owned();
    let image = there.ec2("CreateSnapshot", &[("VolumeId", volume.as_str())]).await?;
    let image = image.text_at("snapshotId");
    let id = snapshot.text_at("snapshotId");
    let description =
        format!("[Copied {id} from {}] {}", policy.region, snapshot.text_at("description"));
    let tagging = tag_parameters(&system_tags(policy.id(), action, order.ends));
    let mut parameters = vec![
        ("SourceRegion", order.region),
        ("SourceSnapshotId", image),
        ("Description", description.as_str()),
        ("Encrypted", encrypted.as_str()),
    ];
    if let Some(key) = order.key {
        parameters.push(("KmsKeyId", key));
    }
    parameters.extend(tagging.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let made = there.ec2("CopySnapshot", &parameters).await;
    there.ec2("DeleteSnapshot", &[("SnapshotId", image)]).await?;
    there.ec2("DeleteVolume", &[("VolumeId", &volume)]).await?;
    Ok(made?.text_at("snapshotId").to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_policies_admit_accounts() {
        let check = |principal: Value, effect: &str, expected: bool| {
            let policy = json!({"Statement": [{"Effect": effect, "Principal": principal, "Action": "kms:*"}]});
            assert_eq!(admits(&policy.to_string(), "111122223333"), expected, "{policy}");
        };
        check(json!({"AWS": "arn:aws:iam::111122223333:root"}), "Allow", true);
        check(json!({"AWS": ["arn:aws:iam::999999999999:root", "111122223333"]}), "Allow", true);
        check(json!({"AWS": "arn:aws:iam::111122223333:role/dlm"}), "Allow", true);
        check(json!("*"), "Allow", true);
        check(json!({"AWS": "*"}), "Deny", false);
        check(json!({"AWS": "arn:aws:iam::999999999999:root"}), "Allow", false);
    }
}
