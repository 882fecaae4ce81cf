//! The bucket's settings, each a subresource of its own in S3: what they are, and how they become
//! what they should be.

use std::collections::BTreeMap;
use std::error::Error;

use aws_sdk_s3::types::{
    BucketLoggingStatus, BucketVersioningStatus, DefaultRetention, LoggingEnabled,
    ObjectLockConfiguration, ObjectLockEnabled, ObjectLockRetentionMode, ObjectLockRule,
    ObjectOwnership, OwnershipControls, OwnershipControlsRule, PublicAccessBlockConfiguration,
    ServerSideEncryption, ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration,
    ServerSideEncryptionRule, VersioningConfiguration,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use travel_framework::ownership::Mark;
use travel_framework::wait::{Look, Pace};
use travel_framework::{Diagnostic, Failure};

use super::{Bucket, Logging, Retention, expiry, notices, planning, replication, tagging};
use crate::consistency::{Call, IAM, WITHIN_SERVICE, send_when_ready};
use crate::error::{Answer, Reply, incomplete, is_code, message};
use crate::{Tagging, policy, tags};

/// What S3 says of a bucket that is not there, or not there yet.
pub const ABSENT: &str = "NoSuchBucket";
/// The key of AWS that stands in where none is named.
const KEY_OF_AWS: &str = "alias/aws/s3";
/// What S3 says of something that a setting names and that may be too new for it.
const NOT_YET: [&str; 7] = [
    "A replication configuration is present",
    "Destination bucket must exist",
    "Invalid principal in policy",
    "The target bucket for logging does not exist",
    "Unable to validate the following destination configurations",
    "Versioning must be 'Enabled'",
    "must have versioning enabled",
];

/// A bucket, and the operation on it.
pub struct Target<'a> {
    /// The operation.
    pub call: &'a Call,
    /// The bucket's name.
    pub name: &'a str,
}

impl Target<'_> {
    /// The client.
    pub fn s3(&self) -> &aws_sdk_s3::Client {
        self.call.scope.s3()
    }

    /// The account that the bucket must be of: a name may have gone to another.
    pub fn owner(&self) -> &str {
        self.call.scope.account_id()
    }

    /// Sends what may come too early: to a bucket that not all of S3 knows yet, beside another change
    /// of it, or with the name of something that was just made.
    pub async fn send<T, E, F>(&self, request: impl FnMut() -> F) -> Result<T, Failure>
    where
        E: Error + ProvideErrorMetadata + 'static,
        F: Future<Output = Answer<T, E>>,
    {
        send_when_ready(self.call, IAM, is_too_early, request).await
    }
}

fn is_too_early<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    let said = message(error);
    is_code(error, &[ABSENT, "OperationAborted"])
        || NOT_YET.iter().any(|words| said.contains(words))
}

/// The bucket as it is, and its mark; none where there is no such bucket.
pub async fn look(call: &Call, state: &Bucket) -> Result<Option<(Bucket, Option<Mark>)>, Failure> {
    let target = &Target { call, name: &state.name };
    let Some(tags) = tagging::read(target).await? else { return Ok(None) };
    let (
        versioning,
        (encryption, kms_key, bucket_key),
        public,
        object_ownership,
        policy,
        (rules, minimum_transition_size),
        (object_lock, default_retention),
        logging,
        (replication_role, replication_rules),
        (event_bridge, notices),
    ) = futures::try_join!(
        versioning(target),
        encryption(target),
        public_access(target),
        ownership(target),
        policy_of(target),
        expiry::read(target),
        lock(target),
        logging(target),
        replication::read(target),
        notices::read(target),
    )?;
    let mark = tags::mark(&tags);
    let (tagging, _) = Tagging::read(tags, &state.tagging, &call.scope.settings().tags);
    let bucket = Bucket {
        versioning,
        encryption,
        kms_key,
        bucket_key,
        block_public_acls: public.block_public_acls == Some(true),
        block_public_policy: public.block_public_policy == Some(true),
        ignore_public_acls: public.ignore_public_acls == Some(true),
        restrict_public_buckets: public.restrict_public_buckets == Some(true),
        object_ownership,
        policy,
        lifecycle_rules: some(rules),
        minimum_transition_size,
        object_lock,
        default_retention,
        logging,
        replication_role,
        replication_rules: some(replication_rules),
        event_bridge,
        notices: some(notices),
        arn: Some(planning::arn(&call.scope, &state.name)),
        regional_domain_name: Some(planning::domain(&call.scope, &state.name)),
        tagging,
        ..state.clone()
    };
    Ok(Some((bucket, mark)))
}

/// The bucket as it is, where it may be too new for all of S3 to know it.
pub async fn look_when_there(call: &Call, state: &Bucket) -> Result<Bucket, Failure> {
    let until = tokio::time::Instant::now() + WITHIN_SERVICE;
    call.wait_until(&format!("bucket {}", state.name), Pace::QUICK, || async {
        let is_last = tokio::time::Instant::now() >= until;
        match look(call, state).await {
            Ok(Some((bucket, _))) => Ok(Look::Done(bucket)),
            Ok(None) if is_last => Err(gone(call, &state.name).into()),
            Ok(None) => Ok(Look::Pending("not there yet".to_owned())),
            Err(Failure::Failed(error)) if !is_last && error.detail.contains(ABSENT) => {
                Ok(Look::Pending("not all there yet".to_owned()))
            }
            Err(failure) => Err(failure),
        }
    })
    .await
}

fn gone(call: &Call, name: &str) -> Diagnostic {
    Diagnostic::error(
        format!("bucket {name} is gone"),
        format!("Somebody has removed it meanwhile ({}). Plan again.", call.scope.place()),
    )
}

/// Writes each setting that is not as planned. `state` follows.
pub async fn bring(
    target: &Target<'_>,
    state: &mut Bucket,
    prior: &Bucket,
    seen: &Bucket,
    plan: &Bucket,
) -> Result<(), Failure> {
    let call = target.call;
    let is_due = |differs: &dyn Fn(&Bucket) -> bool| differs(prior) || differs(seen);
    if is_due(&|it| it.object_ownership != plan.object_ownership) {
        write_ownership(target, &plan.object_ownership).await?;
        state.object_ownership.clone_from(&plan.object_ownership);
    }
    if is_due(&|it| public_of(it) != public_of(plan)) {
        write_public_access(target, plan).await?;
        state.block_public_acls = plan.block_public_acls;
        state.block_public_policy = plan.block_public_policy;
        state.ignore_public_acls = plan.ignore_public_acls;
        state.restrict_public_buckets = plan.restrict_public_buckets;
    }
    call.proceed()?;
    if plan.versioning && is_due(&|it| !it.versioning) {
        write_versioning(target, true).await?;
        state.versioning = true;
    }
    let encryption = |it: &Bucket| (it.encryption.clone(), it.kms_key.clone(), it.bucket_key);
    if is_due(&|it| encryption(it) != encryption(plan)) {
        write_encryption(target, plan).await?;
        (state.encryption, state.kms_key, state.bucket_key) = encryption(plan);
    }
    call.proceed()?;
    if is_due(&|it| !same_policy(it, plan)) {
        write_policy(target, plan).await?;
        state.policy.clone_from(&plan.policy);
    }
    let lock = |it: &Bucket| (it.object_lock, it.default_retention.clone());
    if is_due(&|it| lock(it) != lock(plan)) {
        write_lock(target, plan).await?;
        (state.object_lock, state.default_retention) = lock(plan);
    }
    if is_due(&|it| it.logging != plan.logging) {
        write_logging(target, plan.logging.as_ref()).await?;
        state.logging.clone_from(&plan.logging);
    }
    call.proceed()?;
    if is_due(&|it| !same_expiry(it, plan)) {
        let size = &plan.minimum_transition_size;
        expiry::write(target, plan.lifecycle_rules.as_ref(), size).await?;
        state.lifecycle_rules.clone_from(&plan.lifecycle_rules);
        state.minimum_transition_size.clone_from(size);
    }
    if is_due(&|it| !same_replication(it, plan)) {
        let role = plan.replication_role.as_deref();
        replication::write(target, role, plan.replication_rules.as_ref()).await?;
        state.replication_role.clone_from(&plan.replication_role);
        state.replication_rules.clone_from(&plan.replication_rules);
    }
    if is_due(&|it| !same_notices(it, plan)) {
        notices::write(target, plan.event_bridge, plan.notices.as_ref()).await?;
        state.event_bridge = plan.event_bridge;
        state.notices.clone_from(&plan.notices);
    }
    // Last, since replication takes versions.
    if !plan.versioning && is_due(&|it| it.versioning) {
        write_versioning(target, false).await?;
        state.versioning = false;
    }
    Ok(())
}

/// Whether two looks at a bucket show different settings or tags.
pub fn differ(one: &Bucket, other: &Bucket) -> bool {
    let plain = |it: &Bucket| {
        let lock = (it.object_lock, it.default_retention.clone());
        let encryption = (it.encryption.clone(), it.kms_key.clone(), it.bucket_key);
        let tags = it.tagging.tags_all.clone();
        let ownership = it.object_ownership.clone();
        (it.versioning, encryption, public_of(it), ownership, lock, it.logging.clone(), tags)
    };
    plain(one) != plain(other)
        || !same_policy(one, other)
        || !same_expiry(one, other)
        || !same_replication(one, other)
        || !same_notices(one, other)
}

fn public_of(bucket: &Bucket) -> [bool; 4] {
    [
        bucket.block_public_acls,
        bucket.block_public_policy,
        bucket.ignore_public_acls,
        bucket.restrict_public_buckets,
    ]
}

fn same_policy(one: &Bucket, other: &Bucket) -> bool {
    match (&one.policy, &other.policy) {
        (Some(one), Some(other)) => policy::same(one, other),
        (one, other) => one.is_none() && other.is_none(),
    }
}

fn same_expiry(one: &Bucket, other: &Bucket) -> bool {
    one.lifecycle_rules == other.lifecycle_rules
        && one.minimum_transition_size == other.minimum_transition_size
}

fn same_replication(one: &Bucket, other: &Bucket) -> bool {
    one.replication_role == other.replication_role
        && one.replication_rules == other.replication_rules
}

fn same_notices(one: &Bucket, other: &Bucket) -> bool {
    one.event_bridge == other.event_bridge && one.notices == other.notices
}

fn some<T>(map: BTreeMap<String, T>) -> Option<BTreeMap<String, T>> {
    (!map.is_empty()).then_some(map)
}

async fn versioning(target: &Target<'_>) -> Result<bool, Failure> {
    let request = target.s3().get_bucket_versioning().bucket(target.name);
    let answer = request.expected_bucket_owner(target.owner()).send().await;
    Ok(answer.at(&target.call.scope)?.status == Some(BucketVersioningStatus::Enabled))
}

async fn write_versioning(target: &Target<'_>, enabled: bool) -> Result<(), Failure> {
    let status = match enabled {
        true => BucketVersioningStatus::Enabled,
        false => BucketVersioningStatus::Suspended,
    };
    let request = target
        .s3()
        .put_bucket_versioning()
        .bucket(target.name)
        .expected_bucket_owner(target.owner())
        .versioning_configuration(VersioningConfiguration::builder().status(status).build());
    target.send(|| request.clone().send()).await.map(drop)
}

async fn encryption_rule(target: &Target<'_>) -> Result<Option<ServerSideEncryptionRule>, Failure> {
    let request = target.s3().get_bucket_encryption().bucket(target.name);
    let answer = request.expected_bucket_owner(target.owner()).send().await;
    let absent = "ServerSideEncryptionConfigurationNotFoundError";
    let seen = answer.found(&target.call.scope, &[absent])?;
    let rules = seen.and_then(|seen| seen.server_side_encryption_configuration);
    Ok(rules.and_then(|configuration| configuration.rules.into_iter().next()))
}

async fn encryption(target: &Target<'_>) -> Result<(String, Option<String>, bool), Failure> {
    let rule = encryption_rule(target).await?;
    let bucket_key = rule.as_ref().is_some_and(|rule| rule.bucket_key_enabled == Some(true));
    let by_default = rule.and_then(|rule| rule.apply_server_side_encryption_by_default);
    let Some(by_default) = by_default else { return Ok(("AES256".to_owned(), None, bucket_key)) };
    let is_s3 = by_default.sse_algorithm == ServerSideEncryption::Aes256;
    let key = by_default.kms_master_key_id.unwrap_or_else(|| KEY_OF_AWS.to_owned());
    let key = (!is_s3).then_some(key);
    // A bucket key counts for nothing without KMS.
    Ok((by_default.sse_algorithm.as_str().to_owned(), key, bucket_key && !is_s3))
}

async fn write_encryption(target: &Target<'_>, plan: &Bucket) -> Result<(), Failure> {
    // The rule is written as a whole: which ways of encryption the bucket refuses stays as it is.
    let refused = encryption_rule(target).await?.and_then(|rule| rule.blocked_encryption_types);
    let key = plan.kms_key.clone().filter(|key| key != KEY_OF_AWS);
    let by_default = ServerSideEncryptionByDefault::builder()
        .sse_algorithm(ServerSideEncryption::from(plan.encryption.as_str()))
        .set_kms_master_key_id(key)
        .build()
        .map_err(|error| incomplete(&error))?;
    let rule = ServerSideEncryptionRule::builder()
        .apply_server_side_encryption_by_default(by_default)
        .bucket_key_enabled(plan.bucket_key)
        .set_blocked_encryption_types(refused)
        .build();
    let configuration = ServerSideEncryptionConfiguration::builder().rules(rule).build();
    let request = target
        .s3()
        .put_bucket_encryption()
        .bucket(target.name)
        .expected_bucket_owner(target.owner())
        .server_side_encryption_configuration(configuration.map_err(|error| incomplete(&error))?);
    target.send(|| request.clone().send()).await.map(drop)
}

async fn public_access(target: &Target<'_>) -> Result<PublicAccessBlockConfiguration, Failure> {
    let request = target.s3().get_public_access_block().bucket(target.name);
    let answer = request.expected_bucket_owner(target.owner()).send().await;
    let seen = answer.found(&target.call.scope, &["NoSuchPublicAccessBlockConfiguration"])?;
    let seen = seen.and_then(|seen| seen.public_access_block_configuration);
    Ok(seen.unwrap_or_else(|| PublicAccessBlockConfiguration::builder().build()))
}

async fn write_public_access(target: &Target<'_>, plan: &Bucket) -> Result<(), Failure> {
    let configuration = PublicAccessBlockConfiguration::builder()
        .block_public_acls(plan.block_public_acls)
        .block_public_policy(plan.block_public_policy)
        .ignore_public_acls(plan.ignore_public_acls)
        .restrict_public_buckets(plan.restrict_public_buckets)
        .build();
    let request = target
        .s3()
        .put_public_access_block()
        .bucket(target.name)
        .expected_bucket_owner(target.owner())
        .public_access_block_configuration(configuration);
    target.send(|| request.clone().send()).await.map(drop)
}

async fn ownership(target: &Target<'_>) -> Result<String, Failure> {
    let request = target.s3().get_bucket_ownership_controls().bucket(target.name);
    let answer = request.expected_bucket_owner(target.owner()).send().await;
    let seen = answer.found(&target.call.scope, &["OwnershipControlsNotFoundError"])?;
    let rules = seen.and_then(|seen| seen.ownership_controls).map(|controls| controls.rules);
    let rule = rules.and_then(|rules| rules.into_iter().next());
    let ownership = rule.map_or(ObjectOwnership::ObjectWriter, |rule| rule.object_ownership);
    Ok(ownership.as_str().to_owned())
}

async fn write_ownership(target: &Target<'_>, ownership: &str) -> Result<(), Failure> {
    let rule =
        OwnershipControlsRule::builder().object_ownership(ObjectOwnership::from(ownership)).build();
    let rule = rule.map_err(|error| incomplete(&error))?;
    let controls = OwnershipControls::builder().rules(rule).build();
    let request = target
        .s3()
        .put_bucket_ownership_controls()
        .bucket(target.name)
        .expected_bucket_owner(target.owner())
        .ownership_controls(controls.map_err(|error| incomplete(&error))?);
    target.send(|| request.clone().send()).await.map(drop)
}

async fn policy_of(target: &Target<'_>) -> Result<Option<String>, Failure> {
    let request = target.s3().get_bucket_policy().bucket(target.name);
    let answer = request.expected_bucket_owner(target.owner()).send().await;
    let seen = answer.found(&target.call.scope, &["NoSuchBucketPolicy"])?;
    Ok(seen.and_then(|seen| seen.policy))
}

async fn write_policy(target: &Target<'_>, plan: &Bucket) -> Result<(), Failure> {
    let (s3, name, owner) = (target.s3(), target.name, target.owner());
    let Some(policy) = &plan.policy else {
        let request = s3.delete_bucket_policy().bucket(name).expected_bucket_owner(owner);
        return target.send(|| request.clone().send()).await.map(drop);
    };
    let request = s3.put_bucket_policy().bucket(name).expected_bucket_owner(owner).policy(policy);
    // What was opened a moment ago may count as closed for a while.
    let is_closed = |error: &SdkError<_, _>| {
        is_too_early(error)
            || (!plan.block_public_policy && message(error).contains("BlockPublicPolicy"))
    };
    let written = send_when_ready(target.call, IAM, is_closed, || request.clone().send()).await;
    written.map(drop).map_err(|failure| failure.at_attribute("policy"))
}

async fn lock(target: &Target<'_>) -> Result<(bool, Option<Retention>), Failure> {
    let request = target.s3().get_object_lock_configuration().bucket(target.name);
    let answer = request.expected_bucket_owner(target.owner()).send().await;
    let seen = answer.found(&target.call.scope, &["ObjectLockConfigurationNotFoundError"])?;
    let Some(seen) = seen.and_then(|seen| seen.object_lock_configuration) else {
        return Ok((false, None));
    };
    let retention = seen.rule.and_then(|rule| rule.default_retention).map(|it| Retention {
        mode: it.mode.as_ref().map(|mode| mode.as_str().to_owned()).unwrap_or_default(),
        days: it.days.filter(|days| *days > 0),
        years: it.years.filter(|years| *years > 0),
    });
    Ok((seen.object_lock_enabled == Some(ObjectLockEnabled::Enabled), retention))
}

async fn write_lock(target: &Target<'_>, plan: &Bucket) -> Result<(), Failure> {
    if !plan.object_lock {
        // What a lock has been for ends with its bucket: the plan replaces it.
        return Ok(());
    }
    let rule = plan.default_retention.as_ref().map(|it| {
        let retention = DefaultRetention::builder()
            .mode(ObjectLockRetentionMode::from(it.mode.as_str()))
            .set_days(it.days)
            .set_years(it.years)
            .build();
        ObjectLockRule::builder().default_retention(retention).build()
    });
    let configuration = ObjectLockConfiguration::builder()
        .object_lock_enabled(ObjectLockEnabled::Enabled)
        .set_rule(rule)
        .build();
    let request = target
        .s3()
        .put_object_lock_configuration()
        .bucket(target.name)
        .expected_bucket_owner(target.owner())
        .object_lock_configuration(configuration);
    target.send(|| request.clone().send()).await.map(drop)
}

async fn logging(target: &Target<'_>) -> Result<Option<Logging>, Failure> {
    let request = target.s3().get_bucket_logging().bucket(target.name);
    let answer = request.expected_bucket_owner(target.owner()).send().await;
    let seen = answer.at(&target.call.scope)?.logging_enabled;
    Ok(seen.map(|seen| Logging { bucket: seen.target_bucket, prefix: seen.target_prefix }))
}

async fn write_logging(target: &Target<'_>, logging: Option<&Logging>) -> Result<(), Failure> {
    let enabled = logging.map(|logging| {
        LoggingEnabled::builder()
            .target_bucket(&logging.bucket)
            .target_prefix(&logging.prefix)
            .build()
    });
    let enabled = enabled.transpose().map_err(|error| incomplete(&error))?;
    let request = target
        .s3()
        .put_bucket_logging()
        .bucket(target.name)
        .expected_bucket_owner(target.owner())
        .bucket_logging_status(BucketLoggingStatus::builder().set_logging_enabled(enabled).build());
    target.send(|| request.clone().send()).await.map(drop)
}
