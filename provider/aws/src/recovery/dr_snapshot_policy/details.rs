//! What a policy does, in terms that can be compared, and as DLM's API says it: order, and what
//! DLM fills in itself, make no difference.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dlm::types::{
    Action, CreateRule, CrossRegionCopyAction, CrossRegionCopyRetainRule, CrossRegionCopyRule,
    EncryptionConfiguration, EventParameters, EventSource, EventSourceValues, EventTypeValues,
    IntervalUnitValues, Parameters, PolicyDetails, PolicyTypeValues, ResourceTypeValues,
    RetainRule, RetentionIntervalUnitValues, ShareRule, Tag,
};

use super::{Age, BackupCopy, RegionCopy, Retention, Schedule};
use crate::tags::Tags;

/// The name of the one action of a policy that copies what is shared.
const ACTION: &str = "copy";

/// What a policy does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Details {
    /// It takes snapshots.
    Snapshots {
        /// The tags of the volumes.
        target_tags: BTreeMap<String, BTreeSet<String>>,
        /// The schedules, each with whom its snapshots are shared with.
        schedules: BTreeMap<String, (Schedule, Shares)>,
        /// What is in it that cannot be said here, in words.
        others: BTreeSet<String>,
    },
    /// It copies the snapshots that others share.
    Copies {
        /// The accounts that share.
        owners: BTreeSet<String>,
        /// What their descriptions must match.
        pattern: String,
        /// Where the copies go.
        copies: BTreeMap<String, BackupCopy>,
    },
    /// It does something else.
    Else(String),
}

/// Whom a schedule's snapshots are shared with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shares {
    /// The accounts.
    pub accounts: BTreeSet<String>,
    /// For how long; none for good.
    pub until: Option<Age>,
}

impl Details {
    /// What a policy's details mean.
    pub fn of(details: &PolicyDetails) -> Self {
        match &details.policy_type {
            Some(PolicyTypeValues::EventBasedPolicy) => copies(details),
            None | Some(PolicyTypeValues::EbsSnapshotManagement) => snapshots(details),
            Some(other) => Self::Else(other.as_str().to_owned()),
        }
    }

    /// The details as DLM takes them. `parameters` are those that the policy has already: what
    /// the console has made keeps them, or DLM refuses the change.
    pub fn to_request(&self, parameters: Option<Parameters>) -> PolicyDetails {
        let details = PolicyDetails::builder().set_parameters(parameters);
        match self {
            Self::Snapshots { target_tags, schedules, .. } => details
                .policy_type(PolicyTypeValues::EbsSnapshotManagement)
                .resource_types(ResourceTypeValues::Volume)
                .set_target_tags(Some(
                    target_tags
                        .iter()
                        .flat_map(|(key, values)| values.iter().map(move |value| tag(key, value)))
                        .collect(),
                ))
                .set_schedules(Some(
                    schedules
                        .iter()
                        .map(|(name, (schedule, shares))| write_schedule(name, schedule, shares))
                        .collect(),
                ))
                .build(),
            Self::Copies { owners, pattern, copies } => details
                .policy_type(PolicyTypeValues::EventBasedPolicy)
                .event_source(
                    EventSource::builder()
                        .r#type(EventSourceValues::ManagedCwe)
                        .parameters(
                            EventParameters::builder()
                                .event_type(EventTypeValues::ShareSnapshot)
                                .set_snapshot_owner(Some(owners.iter().cloned().collect()))
                                .description_regex(pattern)
                                .build(),
                        )
                        .build(),
                )
                .actions(
                    Action::builder()
                        .name(ACTION)
                        .set_cross_region_copy(Some(
                            copies.iter().map(|(region, copy)| action(region, copy)).collect(),
                        ))
                        .build(),
                )
                .build(),
            Self::Else(_) => details.build(),
        }
    }
}

fn tag(key: &str, value: &str) -> Tag {
    Tag::builder().key(key).value(value).build()
}

fn pairs(tags: Option<&Vec<Tag>>) -> impl Iterator<Item = (String, String)> {
    tags.into_iter()
        .flatten()
        .map(|tag| (tag.key.clone().unwrap_or_default(), tag.value.clone().unwrap_or_default()))
}

/// The target tags of a policy.
pub fn target_tags(details: &PolicyDetails) -> BTreeMap<String, BTreeSet<String>> {
    let mut tags: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (key, value) in pairs(details.target_tags.as_ref()) {
        tags.entry(key).or_default().insert(value);
    }
    tags
}

fn snapshots(details: &PolicyDetails) -> Details {
    let mut others = BTreeSet::new();
    let kinds = details.resource_types.as_deref().unwrap_or_default();
    if kinds != [ResourceTypeValues::Volume] {
        others.insert("resources other than volumes".to_owned());
    }
    if details.target_tags.is_none() && details.resource_type.is_some() {
        return Details::Else("a default policy".to_owned());
    }
    let schedules = details.schedules.iter().flatten().map(|schedule| {
        let name = schedule.name.clone().unwrap_or_default();
        others.extend(foreign(schedule).into_iter().map(|what| format!("{what} of {name}")));
        (name, read_schedule(schedule))
    });
    let schedules = schedules.collect();
    Details::Snapshots { target_tags: target_tags(details), schedules, others }
}

/// What a schedule has that cannot be said here.
fn foreign(schedule: &aws_sdk_dlm::types::Schedule) -> Vec<&'static str> {
    let create = schedule.create_rule.as_ref();
    let location = create.and_then(|rule| rule.location.as_ref()).map(|it| it.as_str());
    let scripts = create.and_then(|rule| rule.scripts.as_ref());
    let several = schedule.share_rules.as_ref().is_some_and(|rules| rules.len() > 1);
    [
        ("fast restore", schedule.fast_restore_rule.is_some()),
        ("archiving", schedule.archive_rule.is_some()),
        ("deprecation", schedule.deprecate_rule.is_some()),
        ("scripts", scripts.is_some_and(|scripts| !scripts.is_empty())),
        ("variable tags", schedule.variable_tags.as_ref().is_some_and(|tags| !tags.is_empty())),
        ("the location", location.is_some_and(|location| location != "CLOUD")),
        ("several share rules", several),
    ]
    .into_iter()
    .filter_map(|(what, is)| is.then_some(what))
    .collect()
}

fn read_schedule(schedule: &aws_sdk_dlm::types::Schedule) -> (Schedule, Shares) {
    let create = schedule.create_rule.as_ref();
    let retain = schedule.retain_rule.as_ref();
    let interval = create.and_then(|rule| rule.interval).and_then(natural);
    let start = create.and_then(|rule| rule.times.as_ref()?.first().cloned());
    let start = match (start, interval) {
        (Some(start), _) => start,
        // Without a time DLM has chosen one itself, and does not say which.
        (None, Some(_)) => String::new(),
        (None, None) => Schedule::default().start,
    };
    let copies = schedule.cross_region_copy_rules.iter().flatten().map(|rule| {
        let region = rule.target.clone().or_else(|| rule.target_region.clone());
        let copy = RegionCopy {
            kms_key_arn: rule.cmk_arn.clone(),
            encrypted: rule.encrypted.unwrap_or_default(),
            retain: rule.retain_rule.as_ref().and_then(read_copy_age),
            copy_tags: rule.copy_tags.unwrap_or_default(),
        };
        (region.unwrap_or_default(), copy)
    });
    let read = Schedule {
        interval_hours: interval,
        start,
        cron: create.and_then(|rule| rule.cron_expression.clone()),
        retain: retain.map(|rule| Retention {
            count: rule.count.and_then(natural).filter(|count| *count > 0),
            interval: rule.interval.and_then(natural).filter(|interval| *interval > 0),
            unit: rule.interval_unit.as_ref().map(|unit| unit.as_str().to_owned()),
        }),
        copy_tags: schedule.copy_tags.unwrap_or_default(),
        tags: pairs(schedule.tags_to_add.as_ref()).collect::<Tags>(),
        copies: copies.collect(),
        backup: true,
    };
    let mut shares = Shares::default();
    for rule in schedule.share_rules.iter().flatten() {
        shares.accounts.extend(rule.target_accounts.iter().flatten().cloned());
        shares.until = age(rule.unshare_interval, rule.unshare_interval_unit.as_ref());
    }
    (read, shares)
}

fn natural(number: i32) -> Option<u32> {
    u32::try_from(number).ok()
}

fn age(interval: Option<i32>, unit: Option<&RetentionIntervalUnitValues>) -> Option<Age> {
    let interval = interval.and_then(natural).filter(|interval| *interval > 0)?;
    Some(Age { interval: Some(interval), unit: Some(unit?.as_str().to_owned()) })
}

fn read_copy_age(rule: &CrossRegionCopyRetainRule) -> Option<Age> {
    age(rule.interval, rule.interval_unit.as_ref())
}

fn write_schedule(
    name: &str,
    schedule: &Schedule,
    shares: &Shares,
) -> aws_sdk_dlm::types::Schedule {
    let create = CreateRule::builder();
    let create = match (&schedule.cron, schedule.interval_hours) {
        (Some(cron), _) => create.cron_expression(cron),
        (None, hours) => create
            .set_interval(hours.and_then(integer))
            .interval_unit(IntervalUnitValues::Hours)
            .times(&schedule.start),
    };
    let retain = schedule.retain.clone().unwrap_or_default();
    let retain = RetainRule::builder()
        .set_count(retain.count.and_then(integer))
        .set_interval(retain.interval.and_then(integer))
        .set_interval_unit(retain.unit.as_deref().map(RetentionIntervalUnitValues::from))
        .build();
    let tags = schedule.tags.iter().map(|(key, value)| tag(key, value)).collect();
    let copies = schedule.copies.iter().map(|(region, copy)| {
        CrossRegionCopyRule::builder()
            .target(region)
            .encrypted(copy.encrypted)
            .set_cmk_arn(copy.kms_key_arn.clone())
            .copy_tags(copy.copy_tags)
            .set_retain_rule(copy.retain.as_ref().map(write_copy_age))
            .build()
    });
    let share = (!shares.accounts.is_empty()).then(|| {
        let until = shares.until.as_ref();
        ShareRule::builder()
            .set_target_accounts(Some(shares.accounts.iter().cloned().collect()))
            .set_unshare_interval(until.and_then(|age| age.interval).and_then(integer))
            .set_unshare_interval_unit(until.and_then(unit))
            .build()
    });
    aws_sdk_dlm::types::Schedule::builder()
        .name(name)
        .copy_tags(schedule.copy_tags)
        .set_tags_to_add(Some(tags))
        .create_rule(create.build())
        .retain_rule(retain)
        .set_cross_region_copy_rules(Some(copies.collect()))
        .set_share_rules(Some(share.into_iter().collect()))
        .build()
}

fn integer(number: u32) -> Option<i32> {
    i32::try_from(number).ok()
}

fn unit(age: &Age) -> Option<RetentionIntervalUnitValues> {
    age.unit.as_deref().map(RetentionIntervalUnitValues::from)
}

fn write_copy_age(age: &Age) -> CrossRegionCopyRetainRule {
    CrossRegionCopyRetainRule::builder()
        .set_interval(age.interval.and_then(integer))
        .set_interval_unit(unit(age))
        .build()
}

fn action(region: &str, copy: &BackupCopy) -> CrossRegionCopyAction {
    CrossRegionCopyAction::builder()
        .target(region)
        .encryption_configuration(
            EncryptionConfiguration::builder()
                .encrypted(copy.encrypted)
                .set_cmk_arn(copy.kms_key_arn.clone())
                .build(),
        )
        .set_retain_rule(copy.retain.as_ref().map(write_copy_age))
        .build()
}

fn copies(details: &PolicyDetails) -> Details {
    let parameters = details.event_source.as_ref().and_then(|source| source.parameters.as_ref());
    let actions = details.actions.iter().flatten();
    let copies = actions.flat_map(|action| action.cross_region_copy.iter().flatten()).map(|rule| {
        let encryption = rule.encryption_configuration.as_ref();
        let copy = BackupCopy {
            kms_key_arn: encryption.and_then(|it| it.cmk_arn.clone()),
            encrypted: encryption.and_then(|it| it.encrypted).unwrap_or_default(),
            retain: rule.retain_rule.as_ref().and_then(read_copy_age),
        };
        (rule.target.clone().unwrap_or_default(), copy)
    });
    Details::Copies {
        copies: copies.collect(),
        owners: parameters
            .and_then(|parameters| parameters.snapshot_owner.clone())
            .unwrap_or_default()
            .into_iter()
            .collect(),
        pattern: parameters
            .and_then(|parameters| parameters.description_regex.clone())
            .unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(interval: u32) -> Option<Age> {
        Some(Age { interval: Some(interval), unit: Some("DAYS".to_owned()) })
    }

    fn check(details: &Details) {
        assert_eq!(Details::of(&details.to_request(None)), *details);
    }

    #[test]
    fn what_is_written_is_read_again() {
        let retain = |count, interval: Option<u32>| {
            let unit = interval.map(|_| "WEEKS".to_owned());
            Some(Retention { count, interval, unit })
        };
        let copy = RegionCopy {
            kms_key_arn: Some("arn:aws:kms:eu-west-1:111122223333:key/a".to_owned()),
            retain: days(7),
            ..RegionCopy::default()
        };
        let hourly = Schedule {
            interval_hours: Some(1),
            start: "05:30".to_owned(),
            retain: retain(Some(24), None),
            tags: [("by".to_owned(), "travel".to_owned())].into(),
            copies: [("eu-west-1".to_owned(), copy)].into(),
            ..Schedule::default()
        };
        let weekly = Schedule {
            cron: Some("cron(0 5 ? * SUN *)".to_owned()),
            retain: retain(None, Some(4)),
            copy_tags: false,
            ..Schedule::default()
        };
        let shares = Shares { accounts: ["444455556666".to_owned()].into(), until: days(1) };
        let values = ["a".to_owned(), "b".to_owned()];
        check(&Details::Snapshots {
            target_tags: [("backup".to_owned(), values.into())].into(),
            schedules: [
                ("hourly".to_owned(), (hourly, shares)),
                ("weekly".to_owned(), (weekly, Shares::default())),
            ]
            .into(),
            others: BTreeSet::new(),
        });
        let copy = BackupCopy { retain: days(30), ..BackupCopy::default() };
        check(&Details::Copies {
            owners: ["111122223333".to_owned()].into(),
            pattern: "^a$".to_owned(),
            copies: [("eu-central-1".to_owned(), copy)].into(),
        });
    }

    #[test]
    fn what_cannot_be_said_here_is_named() {
        let schedule = aws_sdk_dlm::types::Schedule::builder()
            .name("daily")
            .archive_rule(aws_sdk_dlm::types::ArchiveRule::builder().build())
            .create_rule(CreateRule::builder().interval(24).build())
            .build();
        let details = PolicyDetails::builder()
            .resource_types(ResourceTypeValues::Instance)
            .target_tags(tag("a", "b"))
            .schedules(schedule)
            .build();
        let Details::Snapshots { others, schedules, .. } = Details::of(&details) else {
            panic!("not a policy for snapshots")
        };
        let named: Vec<&str> = others.iter().map(String::as_str).collect();
        assert_eq!(named, ["archiving of daily", "resources other than volumes"]);
        // DLM has chosen the time itself, which is not the one that is asked for.
        assert_eq!(schedules["daily"].0.start, "");
    }
}
