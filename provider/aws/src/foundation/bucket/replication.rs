//! Replication: what S3 copies to other buckets.

use std::collections::BTreeMap;

use aws_sdk_s3::types::{
    AccessControlTranslation, DeleteMarkerReplication, DeleteMarkerReplicationStatus, Destination,
    EncryptionConfiguration, Metrics, MetricsStatus, OwnerOverride, ReplicationConfiguration,
    ReplicationRule as Wire, ReplicationRuleAndOperator, ReplicationRuleFilter,
    ReplicationRuleStatus, ReplicationTime, ReplicationTimeStatus, ReplicationTimeValue,
    SourceSelectionCriteria, SseKmsEncryptedObjects, SseKmsEncryptedObjectsStatus, StorageClass,
};
use aws_smithy_types::error::operation::BuildError;
use travel_framework::{Failure, Model};
use travel_value::Value;

use super::expiry::is_not_empty;
use super::settings::Target;
use super::tagging::{plain, tag_list};
use crate::error::{Reply, incomplete};
use crate::tags::{self, Tags};

/// How many rules a bucket can have.
const MOST_RULES: usize = 1000;
/// Within how many minutes S3 promises to copy where it promises anything.
const PROMISED_MINUTES: i32 = 15;

/// What is copied to another bucket, which must have versions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct ReplicationRule {
    /// Whether the rule is in force.
    #[model(optional, default = true)]
    pub enabled: bool,
    /// Which rule counts where several copy an object to the same bucket: the one with the higher
    /// number. Each rule has another.
    #[model(required, range(0, 2147483647))]
    pub priority: i32,
    /// What the objects' names begin with.
    #[model(optional, length(1, 1024))]
    pub prefix: Option<String>,
    /// Tags that they have.
    #[model(optional, rule = is_not_empty, rule = tags::are_allowed)]
    pub tags: Option<Tags>,
    /// The ARN of the bucket that they are copied to.
    #[model(required, pattern("^arn:aws[a-z-]*:s3:::[a-z0-9.-]{3,63}$", "the ARN of a bucket"))]
    pub destination: String,
    /// The id of that bucket's account, where it is another, which then owns the copies.
    #[model(optional, pattern("^\\d{12}$", "the id of an account"))]
    pub account: Option<String>,
    /// The copies' storage class; by default that of the object.
    #[model(
        optional,
        one_of(
            "STANDARD",
            "STANDARD_IA",
            "ONEZONE_IA",
            "INTELLIGENT_TIERING",
            "GLACIER",
            "GLACIER_IR",
            "DEEP_ARCHIVE"
        )
    )]
    pub storage_class: Option<String>,
    /// The ARN of the key, in the region of the copies, that encrypts them. Only with it are
    /// objects copied that KMS encrypts.
    #[model(optional, pattern("^arn:aws[a-z-]*:kms:.+$", "the ARN of a key"))]
    pub kms_key: Option<String>,
    /// Whether delete markers are copied, too.
    #[model(optional, default = false)]
    pub delete_markers: bool,
    /// Whether CloudWatch is told how far the copies are behind.
    #[model(optional, default = false)]
    pub metrics: bool,
    /// Whether S3 promises to copy within 15 minutes, which takes `metrics`.
    #[model(optional, default = false)]
    pub time_control: bool,
}

/// The rules by name.
pub type Rules = BTreeMap<String, ReplicationRule>;

/// The rule of all rules together.
pub fn are_rules(value: &Value) -> Result<(), String> {
    let Some(rules) = value.entries() else { return Ok(()) };
    let named = |name: &String| (1..=255).contains(&name.chars().count());
    match !rules.is_empty() && rules.len() <= MOST_RULES && rules.keys().all(named) {
        true => Ok(()),
        false => Err(format!("1 to {MOST_RULES} rules, with names of 1 to 255 characters")),
    }
}

/// What S3 would refuse, by the name of the rule.
pub fn mistakes(rules: &Rules) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut seen: BTreeMap<i32, &str> = BTreeMap::new();
    for (name, rule) in rules {
        if let Some(other) = seen.insert(rule.priority, name) {
            let said = format!("Rule {other:?} has the same priority. Give it another.");
            found.push((name.clone(), said));
        }
        if rule.delete_markers && rule.tags.is_some() {
            let said = "A delete marker has no tags. Leave tags or delete_markers out.";
            found.push((name.clone(), said.to_owned()));
        }
        if rule.time_control && !rule.metrics {
            let said = "The promise of 15 minutes takes metrics. Set metrics = true.";
            found.push((name.clone(), said.to_owned()));
        }
    }
    found
}

/// Role and rules as they are.
pub async fn read(target: &Target<'_>) -> Result<(Option<String>, Rules), Failure> {
    let request = target.s3().get_bucket_replication().bucket(target.name);
    let answer = request.expected_bucket_owner(target.owner()).send().await;
    let seen = answer
        .found(&target.call.scope, &["ReplicationConfigurationNotFoundError"])?
        .and_then(|seen| seen.replication_configuration);
    let Some(seen) = seen else { return Ok((None, Rules::new())) };
    Ok((Some(seen.role), seen.rules.into_iter().map(read_rule).collect()))
}

#[expect(deprecated, reason = "rules of others may still be written in the older way")]
fn read_rule(rule: Wire) -> (String, ReplicationRule) {
    let filter = rule.filter.unwrap_or_else(|| ReplicationRuleFilter::builder().build());
    let one = ReplicationRuleAndOperator::builder()
        .set_prefix(filter.prefix.or(rule.prefix))
        .set_tags(filter.tag.map(|tag| vec![tag]))
        .build();
    let which = filter.and.unwrap_or(one);
    let to = rule.destination;
    let markers = rule.delete_marker_replication.and_then(|it| it.status);
    let metrics = to.as_ref().and_then(|to| to.metrics.as_ref());
    let time = to.as_ref().and_then(|to| to.replication_time.as_ref());
    let read = ReplicationRule {
        enabled: rule.status == ReplicationRuleStatus::Enabled,
        priority: rule.priority.unwrap_or_default(),
        prefix: which.prefix.filter(|prefix| !prefix.is_empty()),
        tags: which.tags.filter(|tags| !tags.is_empty()).map(plain),
        delete_markers: markers == Some(DeleteMarkerReplicationStatus::Enabled),
        metrics: metrics.is_some_and(|it| it.status == MetricsStatus::Enabled),
        time_control: time.is_some_and(|it| it.status == ReplicationTimeStatus::Enabled),
        destination: to.as_ref().map(|to| to.bucket.clone()).unwrap_or_default(),
        account: to.as_ref().and_then(|to| to.account.clone()),
        storage_class: to
            .as_ref()
            .and_then(|to| to.storage_class.as_ref())
            .map(|class| class.as_str().to_owned()),
        kms_key: to.and_then(|to| to.encryption_configuration?.replica_kms_key_id),
    };
    (rule.id.unwrap_or_default(), read)
}

/// Writes role and rules, which S3 only takes together.
pub async fn write(
    target: &Target<'_>,
    role: Option<&str>,
    rules: Option<&Rules>,
) -> Result<(), Failure> {
    let (Some(role), Some(rules)) = (role, rules) else {
        let request = target.s3().delete_bucket_replication().bucket(target.name);
        let request = request.expected_bucket_owner(target.owner());
        return target.send(|| request.clone().send()).await.map(drop);
    };
    let rules = rules.iter().map(|(name, rule)| wire(name, rule)).collect::<Result<_, _>>()?;
    let configuration =
        ReplicationConfiguration::builder().role(role).set_rules(Some(rules)).build();
    let request = target
        .s3()
        .put_bucket_replication()
        .bucket(target.name)
        .expected_bucket_owner(target.owner())
        .replication_configuration(configuration.map_err(|error| incomplete(&error))?);
    target.send(|| request.clone().send()).await.map(drop)
}

fn wire(name: &str, rule: &ReplicationRule) -> Result<Wire, Failure> {
    let tags = tag_list(rule.tags.clone().unwrap_or_default())?;
    let filter = ReplicationRuleFilter::builder();
    let filter = match usize::from(rule.prefix.is_some()) + tags.len() {
        0 => filter.prefix(""),
        1 => filter.set_prefix(rule.prefix.clone()).set_tag(tags.into_iter().next()),
        _ => filter.and(
            ReplicationRuleAndOperator::builder()
                .set_prefix(rule.prefix.clone())
                .set_tags(Some(tags))
                .build(),
        ),
    };
    let status = match rule.enabled {
        true => ReplicationRuleStatus::Enabled,
        false => ReplicationRuleStatus::Disabled,
    };
    let markers = match rule.delete_markers {
        true => DeleteMarkerReplicationStatus::Enabled,
        false => DeleteMarkerReplicationStatus::Disabled,
    };
    let build = || -> Result<Wire, BuildError> {
        let encrypted = rule.kms_key.as_ref().map(|_| {
            let objects = SseKmsEncryptedObjects::builder()
                .status(SseKmsEncryptedObjectsStatus::Enabled)
                .build()?;
            let criteria = SourceSelectionCriteria::builder();
            Ok::<_, BuildError>(criteria.sse_kms_encrypted_objects(objects).build())
        });
        Wire::builder()
            .id(name)
            .priority(rule.priority)
            .filter(filter.build())
            .status(status)
            .delete_marker_replication(DeleteMarkerReplication::builder().status(markers).build())
            .set_source_selection_criteria(encrypted.transpose()?)
            .destination(destination(rule)?)
            .build()
    };
    build().map_err(|error| incomplete(&error))
}

fn destination(rule: &ReplicationRule) -> Result<Destination, BuildError> {
    let minutes = || ReplicationTimeValue::builder().minutes(PROMISED_MINUTES).build();
    let time = rule.time_control.then(|| {
        let status = ReplicationTimeStatus::Enabled;
        ReplicationTime::builder().status(status).time(minutes()).build()
    });
    let metrics = rule.metrics.then(|| {
        let threshold = rule.time_control.then(minutes);
        Metrics::builder().status(MetricsStatus::Enabled).set_event_threshold(threshold).build()
    });
    let owner = rule
        .account
        .as_ref()
        .map(|_| AccessControlTranslation::builder().owner(OwnerOverride::Destination).build());
    let encryption = rule
        .kms_key
        .as_ref()
        .map(|key| EncryptionConfiguration::builder().replica_kms_key_id(key).build());
    Destination::builder()
        .bucket(&rule.destination)
        .set_account(rule.account.clone())
        .set_storage_class(rule.storage_class.as_deref().map(StorageClass::from))
        .set_access_control_translation(owner.transpose()?)
        .set_encryption_configuration(encryption)
        .set_replication_time(time.transpose()?)
        .set_metrics(metrics.transpose()?)
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_read_as_it_is_written() {
        let rule = ReplicationRule {
            enabled: true,
            destination: "arn:aws:s3:::copies".into(),
            ..ReplicationRule::default()
        };
        let full = ReplicationRule {
            priority: 3,
            prefix: Some("a/".into()),
            tags: Some(Tags::from([("k".into(), "v".into())])),
            account: Some("111122223333".into()),
            storage_class: Some("GLACIER".into()),
            kms_key: Some("arn:aws:kms:eu-west-1:111122223333:key/1".into()),
            metrics: true,
            time_control: true,
            ..rule.clone()
        };
        let markers = ReplicationRule { delete_markers: true, enabled: false, ..rule.clone() };
        for rule in [rule, full, markers] {
            assert_eq!(read_rule(wire("r", &rule).unwrap()), ("r".to_owned(), rule));
        }
    }

    #[test]
    fn priorities_are_told_apart() {
        let rule = ReplicationRule { time_control: true, ..ReplicationRule::default() };
        let rules = Rules::from([("a".to_owned(), rule.clone()), ("b".to_owned(), rule)]);
        assert_eq!(mistakes(&rules).len(), 3);
    }
}
