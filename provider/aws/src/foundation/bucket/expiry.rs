//! Lifecycle rules: what becomes of objects with time.

use std::collections::BTreeMap;

use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload, BucketLifecycleConfiguration, ExpirationStatus,
    LifecycleExpiration, LifecycleRule as Wire, LifecycleRuleAndOperator, LifecycleRuleFilter,
    NoncurrentVersionExpiration, NoncurrentVersionTransition, Tag, Transition,
    TransitionDefaultMinimumObjectSize, TransitionStorageClass,
};
use travel_framework::{Failure, Model};
use travel_value::Value;

use super::ALL_CLASSES;
use super::settings::Target;
use super::tagging::{plain, tag_list};
use crate::error::{Reply, incomplete};
use crate::tags::{self, Tags};

/// The storage classes that a rule can move objects to.
const CLASSES: [&str; 6] =
    ["DEEP_ARCHIVE", "GLACIER", "GLACIER_IR", "INTELLIGENT_TIERING", "ONEZONE_IA", "STANDARD_IA"];
/// How many rules a bucket can have.
const MOST_RULES: usize = 1000;
/// How many days an object stays before it moves to a class of infrequent access.
const INFREQUENT_DAYS: i32 = 30;

/// What becomes of some objects with time. All that it says of which objects must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct LifecycleRule {
    /// Whether the rule is in force.
    #[model(optional, default = true)]
    pub enabled: bool,
    /// What their names begin with.
    #[model(optional, length(1, 1024))]
    pub prefix: Option<String>,
    /// Tags that they have.
    #[model(optional, rule = is_not_empty, rule = tags::are_allowed)]
    pub tags: Option<Tags>,
    /// They are larger than this.
    #[model(optional, range(0, 54975581388800))]
    pub larger_than_bytes: Option<i64>,
    /// They are smaller than this.
    #[model(optional, range(1, 54975581388800))]
    pub smaller_than_bytes: Option<i64>,
    /// After how many days they move to which storage class.
    #[model(optional, rule = are_transitions)]
    pub transitions: Option<BTreeMap<String, i32>>,
    /// After how many days they are removed.
    #[model(optional, range(1, 2147483647))]
    pub expiration_days: Option<i32>,
    /// Whether a delete marker is removed that has no versions behind it any more.
    #[model(optional, default = false)]
    pub remove_lone_delete_markers: bool,
    /// After how many days older versions move to which storage class.
    #[model(optional, rule = are_transitions)]
    pub noncurrent_transitions: Option<BTreeMap<String, i32>>,
    /// After how many days older versions are removed.
    #[model(optional, range(1, 2147483647))]
    pub noncurrent_expiration_days: Option<i32>,
    /// How many of the latest older versions are kept beyond that.
    #[model(optional, range(1, 100))]
    pub noncurrent_versions_kept: Option<i32>,
    /// After how many days an unfinished upload is removed.
    #[model(optional, range(1, 2147483647))]
    pub abort_uploads_days: Option<i32>,
}

/// The rules by name.
pub type Rules = BTreeMap<String, LifecycleRule>;

/// The rule of all rules together.
pub fn are_rules(value: &Value) -> Result<(), String> {
    let Some(rules) = value.entries() else { return Ok(()) };
    let named = |name: &String| (1..=255).contains(&name.chars().count());
    match !rules.is_empty() && rules.len() <= MOST_RULES && rules.keys().all(named) {
        true => Ok(()),
        false => Err(format!("1 to {MOST_RULES} rules, with names of 1 to 255 characters")),
    }
}

/// The rule of what is left out rather than empty.
pub fn is_not_empty(value: &Value) -> Result<(), String> {
    match value.entries() {
        Some(entries) if entries.is_empty() => Err("left out rather than empty".to_owned()),
        _ => Ok(()),
    }
}

fn are_transitions(value: &Value) -> Result<(), String> {
    is_not_empty(value)?;
    let mut classes = value.entries().into_iter().flatten().map(|(class, _)| class);
    match classes.find(|class| !CLASSES.contains(&class.as_str())) {
        Some(class) => Err(format!(
            "days by storage class, of which {class:?} is none: {}",
            CLASSES.join(", ")
        )),
        None => Ok(()),
    }
}

/// What S3 would refuse of a rule.
pub fn mistake(rule: &LifecycleRule) -> Option<&'static str> {
    let acts = rule.transitions.is_some()
        || rule.expiration_days.is_some()
        || rule.remove_lone_delete_markers
        || rule.noncurrent_transitions.is_some()
        || rule.noncurrent_expiration_days.is_some()
        || rule.abort_uploads_days.is_some();
    let sized = rule.larger_than_bytes.is_some() || rule.smaller_than_bytes.is_some();
    let infrequent = |transitions: &Option<BTreeMap<String, i32>>| {
        transitions.iter().flatten().any(|(class, days)| {
            matches!(class.as_str(), "STANDARD_IA" | "ONEZONE_IA") && *days < INFREQUENT_DAYS
        })
    };
    let late = |transitions: &Option<BTreeMap<String, i32>>, end: Option<i32>| {
        end.is_some_and(|end| transitions.iter().flatten().any(|(_, days)| *days >= end))
    };
    if !acts {
        return Some("It does nothing. Say what becomes of the objects, or leave it out.");
    }
    if rule.remove_lone_delete_markers && (rule.tags.is_some() || sized) {
        return Some("A delete marker has neither tags nor size. Give it a rule of its own.");
    }
    if rule.remove_lone_delete_markers && rule.expiration_days.is_some() {
        return Some(
            "A rule with expiration_days removes lone delete markers by itself. Leave remove_lone_delete_markers out.",
        );
    }
    if rule.abort_uploads_days.is_some() && (rule.tags.is_some() || sized) {
        return Some("An unfinished upload has neither tags nor size. Give it a rule of its own.");
    }
    if rule.noncurrent_versions_kept.is_some() && rule.noncurrent_expiration_days.is_none() {
        return Some("Versions are kept beyond noncurrent_expiration_days. Set these, too.");
    }
    if let (Some(larger), Some(smaller)) = (rule.larger_than_bytes, rule.smaller_than_bytes)
        && larger >= smaller
    {
        return Some(
            "No object is both larger and smaller. Set smaller_than_bytes above larger_than_bytes.",
        );
    }
    if infrequent(&rule.transitions) || infrequent(&rule.noncurrent_transitions) {
        return Some("Objects move to STANDARD_IA and ONEZONE_IA after 30 days at the earliest.");
    }
    if late(&rule.transitions, rule.expiration_days)
        || late(&rule.noncurrent_transitions, rule.noncurrent_expiration_days)
    {
        return Some(
            "Objects would be removed before they move. Remove them later, or move them earlier.",
        );
    }
    None
}

/// The rules as they are, and the size below which none moves an object.
pub async fn read(target: &Target<'_>) -> Result<(Rules, String), Failure> {
    let request = target.s3().get_bucket_lifecycle_configuration().bucket(target.name);
    let answer = request.expected_bucket_owner(target.owner()).send().await;
    let seen = answer.found(&target.call.scope, &["NoSuchLifecycleConfiguration"])?;
    let Some(seen) = seen else { return Ok((Rules::new(), ALL_CLASSES.to_owned())) };
    let size = seen.transition_default_minimum_object_size;
    let size = size.map_or(ALL_CLASSES.to_owned(), |size| size.as_str().to_owned());
    let rules = seen.rules.unwrap_or_default().into_iter().map(read_rule);
    Ok((rules.collect(), size))
}

#[expect(deprecated, reason = "rules of others may still be written in the older way")]
fn read_rule(rule: Wire) -> (String, LifecycleRule) {
    let filter = rule.filter.unwrap_or_else(|| LifecycleRuleFilter::builder().build());
    let one = LifecycleRuleAndOperator::builder()
        .set_prefix(filter.prefix.or(rule.prefix))
        .set_tags(filter.tag.map(|tag| vec![tag]))
        .set_object_size_greater_than(filter.object_size_greater_than)
        .set_object_size_less_than(filter.object_size_less_than)
        .build();
    let which = filter.and.unwrap_or(one);
    let transitions = rule.transitions.unwrap_or_default().into_iter();
    let noncurrent = rule.noncurrent_version_transitions.unwrap_or_default().into_iter();
    let expiration = rule.expiration;
    let old = rule.noncurrent_version_expiration;
    let read = LifecycleRule {
        enabled: rule.status == ExpirationStatus::Enabled,
        prefix: which.prefix.filter(|prefix| !prefix.is_empty()),
        tags: which.tags.filter(|tags| !tags.is_empty()).map(plain),
        larger_than_bytes: which.object_size_greater_than,
        smaller_than_bytes: which.object_size_less_than,
        transitions: by_class(transitions.map(|it| (it.storage_class, it.days))),
        expiration_days: expiration.as_ref().and_then(|it| it.days).filter(|days| *days > 0),
        remove_lone_delete_markers: expiration
            .is_some_and(|it| it.expired_object_delete_marker == Some(true)),
        noncurrent_transitions: by_class(
            noncurrent.map(|it| (it.storage_class, it.noncurrent_days)),
        ),
        noncurrent_expiration_days: old.as_ref().and_then(|it| it.noncurrent_days),
        noncurrent_versions_kept: old.and_then(|it| it.newer_noncurrent_versions),
        abort_uploads_days: rule
            .abort_incomplete_multipart_upload
            .and_then(|it| it.days_after_initiation),
    };
    (rule.id.unwrap_or_default(), read)
}

fn by_class(
    transitions: impl Iterator<Item = (Option<TransitionStorageClass>, Option<i32>)>,
) -> Option<BTreeMap<String, i32>> {
    let days: BTreeMap<String, i32> = transitions
        .filter_map(|(class, days)| Some((class?.as_str().to_owned(), days.unwrap_or_default())))
        .collect();
    (!days.is_empty()).then_some(days)
}

/// Writes all rules, which S3 only takes together.
pub async fn write(target: &Target<'_>, rules: Option<&Rules>, size: &str) -> Result<(), Failure> {
    let Some(rules) = rules.filter(|rules| !rules.is_empty()) else {
        let request = target.s3().delete_bucket_lifecycle().bucket(target.name);
        let request = request.expected_bucket_owner(target.owner());
        return target.send(|| request.clone().send()).await.map(drop);
    };
    let rules = rules.iter().map(|(name, rule)| wire(name, rule)).collect::<Result<_, _>>()?;
    let configuration = BucketLifecycleConfiguration::builder().set_rules(Some(rules)).build();
    let request = target
        .s3()
        .put_bucket_lifecycle_configuration()
        .bucket(target.name)
        .expected_bucket_owner(target.owner())
        .transition_default_minimum_object_size(TransitionDefaultMinimumObjectSize::from(size))
        .lifecycle_configuration(configuration.map_err(|error| incomplete(&error))?);
    target.send(|| request.clone().send()).await.map(drop)
}

fn wire(name: &str, rule: &LifecycleRule) -> Result<Wire, Failure> {
    let class = |class: &String| TransitionStorageClass::from(class.as_str());
    let transitions = rule
        .transitions
        .iter()
        .flatten()
        .map(|(to, days)| Transition::builder().days(*days).storage_class(class(to)).build());
    let noncurrent = rule.noncurrent_transitions.iter().flatten().map(|(to, days)| {
        NoncurrentVersionTransition::builder()
            .noncurrent_days(*days)
            .storage_class(class(to))
            .build()
    });
    let (transitions, noncurrent): (Vec<_>, Vec<_>) = (transitions.collect(), noncurrent.collect());
    let expiration =
        (rule.expiration_days.is_some() || rule.remove_lone_delete_markers).then(|| {
            LifecycleExpiration::builder()
                .set_days(rule.expiration_days)
                .set_expired_object_delete_marker(rule.remove_lone_delete_markers.then_some(true))
                .build()
        });
    let old = rule.noncurrent_expiration_days.map(|days| {
        NoncurrentVersionExpiration::builder()
            .noncurrent_days(days)
            .set_newer_noncurrent_versions(rule.noncurrent_versions_kept)
            .build()
    });
    let uploads = rule
        .abort_uploads_days
        .map(|days| AbortIncompleteMultipartUpload::builder().days_after_initiation(days).build());
    let status = if rule.enabled { ExpirationStatus::Enabled } else { ExpirationStatus::Disabled };
    Wire::builder()
        .id(name)
        .status(status)
        .filter(filter(rule)?)
        .set_transitions((!transitions.is_empty()).then_some(transitions))
        .set_noncurrent_version_transitions((!noncurrent.is_empty()).then_some(noncurrent))
        .set_expiration(expiration)
        .set_noncurrent_version_expiration(old)
        .set_abort_incomplete_multipart_upload(uploads)
        .build()
        .map_err(|error| incomplete(&error))
}

/// One condition stands for itself, several within an `And`, none as an empty prefix.
fn filter(rule: &LifecycleRule) -> Result<LifecycleRuleFilter, Failure> {
    let tags: Vec<Tag> = tag_list(rule.tags.clone().unwrap_or_default())?;
    let conditions = usize::from(rule.prefix.is_some())
        + tags.len()
        + usize::from(rule.larger_than_bytes.is_some())
        + usize::from(rule.smaller_than_bytes.is_some());
    let filter = LifecycleRuleFilter::builder();
    Ok(match conditions {
        0 => filter.prefix("").build(),
        1 => filter
            .set_prefix(rule.prefix.clone())
            .set_tag(tags.into_iter().next())
            .set_object_size_greater_than(rule.larger_than_bytes)
            .set_object_size_less_than(rule.smaller_than_bytes)
            .build(),
        _ => {
            let all = LifecycleRuleAndOperator::builder()
                .set_prefix(rule.prefix.clone())
                .set_tags((!tags.is_empty()).then_some(tags))
                .set_object_size_greater_than(rule.larger_than_bytes)
                .set_object_size_less_than(rule.smaller_than_bytes)
                .build();
            filter.and(all).build()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule() -> LifecycleRule {
        LifecycleRule { enabled: true, expiration_days: Some(90), ..LifecycleRule::default() }
    }

    #[test]
    fn a_rule_is_read_as_it_is_written() {
        let tags = |count: usize| {
            let tags = (0..count).map(|index| (format!("k{index}"), "v".to_owned()));
            Some(tags.collect::<Tags>()).filter(|tags| !tags.is_empty())
        };
        let days = |class: &str, days| Some(BTreeMap::from([(class.to_owned(), days)]));
        for rule in [
            rule(),
            LifecycleRule { prefix: Some("a/".into()), ..rule() },
            LifecycleRule { tags: tags(1), ..rule() },
            LifecycleRule { tags: tags(2), ..rule() },
            LifecycleRule { larger_than_bytes: Some(0), enabled: false, ..rule() },
            LifecycleRule { prefix: Some("a/".into()), smaller_than_bytes: Some(9), ..rule() },
            LifecycleRule {
                transitions: days("GLACIER", 30),
                noncurrent_transitions: days("STANDARD_IA", 30),
                noncurrent_expiration_days: Some(60),
                noncurrent_versions_kept: Some(3),
                abort_uploads_days: Some(7),
                ..rule()
            },
            LifecycleRule { remove_lone_delete_markers: true, expiration_days: None, ..rule() },
        ] {
            assert_eq!(mistake(&rule), None);
            let read = read_rule(wire("r", &rule).unwrap());
            assert_eq!(read, ("r".to_owned(), rule));
        }
    }

    #[test]
    fn refuses_what_s3_would_refuse() {
        let early = Some(BTreeMap::from([("STANDARD_IA".to_owned(), 7)]));
        let late = Some(BTreeMap::from([("GLACIER".to_owned(), 90)]));
        for (rule, words) in [
            (LifecycleRule::default(), "does nothing"),
            (LifecycleRule { remove_lone_delete_markers: true, ..rule() }, "by itself"),
            (
                LifecycleRule { abort_uploads_days: Some(1), larger_than_bytes: Some(1), ..rule() },
                "unfinished upload",
            ),
            (LifecycleRule { noncurrent_versions_kept: Some(1), ..rule() }, "beyond"),
            (
                LifecycleRule { larger_than_bytes: Some(2), smaller_than_bytes: Some(2), ..rule() },
                "larger and smaller",
            ),
            (LifecycleRule { transitions: early, ..rule() }, "30 days"),
            (LifecycleRule { transitions: late, ..rule() }, "before they move"),
        ] {
            let said = mistake(&rule).unwrap_or_default();
            assert!(said.contains(words), "{said}");
        }
    }
}
