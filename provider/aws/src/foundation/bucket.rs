//! `travel_bucket`: a general purpose bucket of S3 with all its settings.
//!
//! Source: Amazon S3 API reference, CreateBucket and the bucket's subresources.

mod emptying;
mod expiry;
mod notices;
mod planning;
mod replication;
mod settings;
mod tagging;

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration, ObjectOwnership};
use tokio::time::Instant;
use travel_framework::ownership::Mark;
use travel_framework::resource::{Found, Resource, Timeouts};
use travel_framework::timeouts::Lifecycle;
use travel_framework::wait::{Look, Pace};
use travel_framework::{Diagnostic, Failure, Model, Plan};

use self::expiry::LifecycleRule;
use self::notices::Notice;
use self::replication::ReplicationRule;
use self::settings::Target;
use crate::consistency::{self, Call, make_once};
use crate::error::{Reply, is_code};
use crate::platform::Aws;
use crate::policy;
use crate::{Placement, Tagging, tags};

/// How long to wait until a read shows what was just written.
const SETTLING: Duration = Duration::from_secs(30);
/// How long S3 may be busy with an earlier change of the same name.
const BUSY: Duration = Duration::from_secs(300);
/// The one region that CreateBucket takes no constraint for.
const FIRST_REGION: &str = "us-east-1";
/// What a new bucket lifts objects by, where no rule says another size.
const ALL_CLASSES: &str = "all_storage_classes_128K";

/// A general purpose bucket of S3 with all its settings.
///
/// A setting that the configuration leaves out is put back to its default where it has one, and to
/// nothing where it is a policy, logging, rules or notices: what others have put there shows in the
/// plan, and goes. Tags of others stay.
#[derive(Clone, Debug, Default, Model)]
#[resource(
    type = "travel_bucket",
    proof = tags,
    id = "arn",
    refresh = "11",
    identity("region", "name"),
    consistency_seconds = 10
)]
pub struct Bucket {
    /// The name, which no other bucket of the partition has. Another name means another bucket.
    #[model(required, replace, rule = planning::is_name)]
    pub name: String,
    /// Whether older versions of its objects are kept. Where they were, they stay.
    #[model(optional, default = false)]
    pub versioning: bool,
    /// How new objects are encrypted: by S3's own keys (`AES256`), or by `kms_key` (`aws:kms`, or
    /// `aws:kms:dsse` for two layers).
    #[model(optional, default = "AES256", one_of("AES256", "aws:kms", "aws:kms:dsse"))]
    pub encryption: String,
    /// The ARN of the key that encrypts new objects, or `alias/aws/s3` for that of AWS. Only by ARN
    /// is it that key for those of other accounts, too.
    #[model(
        optional,
        pattern(
            "^(arn:aws[a-z-]*:kms:[a-z0-9-]+:\\d{12}:(key|alias)/.+|alias/aws/s3)$",
            "the ARN of a key or alias, or alias/aws/s3"
        )
    )]
    pub kms_key: Option<String>,
    /// Whether a key of the bucket stands between `kms_key` and its objects, which saves calls of
    /// KMS.
    #[model(optional, default = false)]
    pub bucket_key: bool,
    /// Whether requests are refused that would make an object or the bucket public by an ACL.
    #[model(optional, default = true)]
    pub block_public_acls: bool,
    /// Whether a policy is refused that would make the bucket public.
    #[model(optional, default = true)]
    pub block_public_policy: bool,
    /// Whether ACLs that make something public count for nothing.
    #[model(optional, default = true)]
    pub ignore_public_acls: bool,
    /// Whether a public policy lets in only this account and services of AWS.
    #[model(optional, default = true)]
    pub restrict_public_buckets: bool,
    /// Whose the objects are that others write: the bucket's account's (`BucketOwnerEnforced`, under
    /// which there are no ACLs), or as the ACLs say.
    #[model(
        optional,
        default = "BucketOwnerEnforced",
        one_of("BucketOwnerEnforced", "BucketOwnerPreferred", "ObjectWriter")
    )]
    pub object_ownership: String,
    /// The bucket's policy, in JSON.
    #[model(optional, rule = policy::is_document, same = policy::same_values, length(1, 20480))]
    pub policy: Option<String>,
    /// What becomes of objects with time, by the rules' names.
    #[model(optional, rule = expiry::are_rules)]
    pub lifecycle_rules: Option<BTreeMap<String, LifecycleRule>>,
    /// Below which size no rule moves an object: 128 KiB, or (`varies_by_storage_class`) only where
    /// the class it moves to would charge for as much.
    #[model(
        optional,
        default = "all_storage_classes_128K",
        one_of("all_storage_classes_128K", "varies_by_storage_class")
    )]
    pub minimum_transition_size: String,
    /// Whether versions can be locked against deletion. That cannot be undone but with the bucket.
    #[model(optional, default = false)]
    pub object_lock: bool,
    /// For how long new versions are locked where their writer does not say.
    #[model(optional)]
    pub default_retention: Option<Retention>,
    /// Where a record of each request goes.
    #[model(optional)]
    pub logging: Option<Logging>,
    /// The role by which S3 copies objects to other buckets.
    #[model(optional, pattern("^arn:aws[a-z-]*:iam::\\d{12}:role/.+$", "the ARN of a role"))]
    pub replication_role: Option<String>,
    /// What is copied to other buckets, by the rules' names.
    #[model(optional, rule = replication::are_rules)]
    pub replication_rules: Option<BTreeMap<String, ReplicationRule>>,
    /// Whether EventBridge is told of all that happens in the bucket.
    #[model(optional, default = false)]
    pub event_bridge: bool,
    /// Which queues, topics and functions are told of what, by the notices' names.
    #[model(optional, rule = notices::are_notices)]
    pub notices: Option<BTreeMap<String, Notice>>,
    /// Whether a destroy removes all objects first, older versions and unfinished uploads included.
    #[model(optional, default = false, config_only)]
    pub force_destroy: bool,
    /// Whether it also removes versions under a lock in governance mode. Nothing removes those in
    /// compliance mode.
    #[model(optional, default = false, config_only)]
    pub bypass_governance: bool,
    /// The ARN.
    #[model(computed)]
    pub arn: Option<String>,
    /// The name under which the bucket is reached from its region.
    #[model(computed)]
    pub regional_domain_name: Option<String>,
    /// Account and region.
    #[model(flatten)]
    pub placement: Placement,
    /// Tags.
    #[model(flatten)]
    pub tagging: Tagging,
    /// What the framework keeps.
    #[model(flatten)]
    pub lifecycle: Lifecycle,
}

/// For how long new versions are locked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Retention {
    /// Who may undo it: those with a permission for that (`GOVERNANCE`), or nobody (`COMPLIANCE`).
    #[model(required, one_of("GOVERNANCE", "COMPLIANCE"))]
    pub mode: String,
    /// For how many days; or in `years`.
    #[model(optional, range(1, 36500))]
    pub days: Option<i32>,
    /// For how many years; or in `days`.
    #[model(optional, range(1, 100))]
    pub years: Option<i32>,
}

/// Where a record of each request goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Logging {
    /// The name of the bucket that takes it, in the same account and region.
    #[model(required, length(3, 63))]
    pub bucket: String,
    /// What the names of the records begin with.
    #[model(required, length(0, 800))]
    pub prefix: String,
}

#[async_trait]
impl Resource for Bucket {
    type Platform = Aws;

    const TIMEOUTS: Timeouts = Timeouts::minutes(20);

    fn validate(plan: &mut Plan<'_>) {
        planning::validate(plan);
    }

    fn plan(plan: &mut Plan<'_>) {
        planning::plan(plan);
    }

    async fn read(call: &Call, state: &Self) -> Result<Option<Self>, Failure> {
        Ok(settings::look(call, state).await?.map(|(bucket, _)| bucket))
    }

    async fn find(call: &Call, plan: &Self) -> Result<Vec<Found<Self>>, Failure> {
        let seen = settings::look(call, plan).await?;
        let found = seen.map(|(object, mark)| {
            let label = object.name.clone();
            Found { object, mark, complete: true, label }
        });
        Ok(found.into_iter().collect())
    }

    async fn create(call: &Call, plan: &Self, state: &mut Self) -> Result<(), Failure> {
        let region = call.scope.region();
        let constraint = (region != FIRST_REGION).then(|| BucketLocationConstraint::from(region));
        let configuration = CreateBucketConfiguration::builder()
            .set_location_constraint(constraint)
            .set_tags(Some(tagging::tag_list(plan.tagging.for_create(&call.claim))?))
            .build();
        let request = call
            .scope
            .once()
            .s3()
            .create_bucket()
            .bucket(&plan.name)
            .object_ownership(ObjectOwnership::from(plan.object_ownership.as_str()))
            .object_lock_enabled_for_bucket(plan.object_lock)
            .create_bucket_configuration(configuration);
        let send = || {
            let answer = request.clone().send();
            async { answer.await.map(|_| Some(())) }
        };
        // What carries the mark of this create was made by it, also where its answer was lost.
        let target = Target { call, name: &plan.name };
        let look = || async {
            let there = tagging::read(&target).await?;
            let mark = there.as_ref().and_then(tags::mark);
            Ok(mark.filter(|mark| mark.generation == call.claim.generation).map(drop))
        };
        let busy = |error: &_| match is_code(error, &["OperationAborted"]) {
            true => BUSY,
            false => Duration::ZERO,
        };
        let taken = ["BucketAlreadyOwnedByYou"];
        let made = make_once(call, busy, &taken, send, &look).await?;
        if let Err(error) = &made
            && is_code(error, &["BucketAlreadyExists", "BucketAlreadyOwnedByYou"])
        {
            return Err(taken_name(&plan.name, call).into());
        }
        made.at(&call.scope)?;
        // The first region also answers well for a bucket that this account has already: only the mark
        // tells that it is the one made here.
        if region == FIRST_REGION
            && call.find_until(Instant::now() + consistency::IAM, &look).await?.is_none()
        {
            return Err(taken_name(&plan.name, call).into());
        }
        state.arn = Some(planning::arn(&call.scope, &plan.name));
        state.regional_domain_name = Some(planning::domain(&call.scope, &plan.name));
        let seen = settings::look_when_there(call, plan).await?;
        *state = Self { arn: state.arn.clone(), ..seen.clone() };
        let generation = Some(call.claim.generation.as_str());
        state.bring(call, &seen, &seen, plan, generation).await
    }

    async fn update(
        call: &Call,
        prior: &Self,
        plan: &Self,
        state: &mut Self,
    ) -> Result<(), Failure> {
        let seen = settings::look_when_there(call, prior).await?;
        let generation = prior.lifecycle.generation.as_deref();
        state.bring(call, prior, &seen, plan, generation).await
    }

    async fn delete(call: &Call, prior: &Self) -> Result<(), Failure> {
        let target = Target { call, name: &prior.name };
        if prior.force_destroy {
            let Some(tags) = tagging::read(&target).await? else { return Ok(()) };
            // A bucket has no id but its name, which may be that of another one by now.
            if prior.lifecycle.generation.is_some() && tags::mark(&tags).is_none() {
                return Err(unmarked(&prior.name, call).into());
            }
        }
        let request = target.s3().delete_bucket().bucket(&prior.name);
        let request = request.expected_bucket_owner(target.owner());
        let busy = |error: &_| is_code(error, &["OperationAborted"]);
        let mut attempt = 0;
        loop {
            if prior.force_destroy {
                emptying::empty(&target, prior.object_lock && prior.bypass_governance).await?;
            }
            let send = || request.clone().send();
            let answer = consistency::answer_when_ready(call, BUSY, busy, send).await?;
            let Err(error) = &answer else { break };
            if !is_code(error, &["BucketNotEmpty"]) {
                answer.found(&call.scope, &[settings::ABSENT])?;
                break;
            }
            // Records and copies may come in as long as it is there.
            if !prior.force_destroy || Instant::now() >= call.deadline {
                return Err(not_empty(prior, call).into());
            }
            call.pause(Pace::QUICK.pause(attempt)).await?;
            attempt += 1;
        }
        call.wait_until(&format!("the end of bucket {}", prior.name), Pace::QUICK, || async {
            let tags = tagging::read(&target).await?;
            Ok(tags.map_or(Look::Done(()), |_| Look::Pending("there".to_owned())))
        })
        .await
    }

    async fn mark(call: &Call, state: &Self) -> Result<Option<Mark>, Failure> {
        let tags = tagging::read(&Target { call, name: &state.name }).await?;
        Ok(tags.as_ref().and_then(tags::mark))
    }

    fn import(id: &str) -> Result<Self, Diagnostic> {
        planning::import(id)
    }
}

impl Bucket {
    /// Brings the bucket from what is `seen` to `plan`, and what the `prior` state said otherwise: a
    /// look may show what was before the last write. `self` follows.
    async fn bring(
        &mut self,
        call: &Call,
        prior: &Self,
        seen: &Self,
        plan: &Self,
        marked_with: Option<&str>,
    ) -> Result<(), Failure> {
        let target = Target { call, name: &plan.name };
        tagging::bring(&target, &prior.tagging, &plan.tagging, marked_with).await?;
        self.tagging = plan.tagging.clone();
        settings::bring(&target, self, prior, seen, plan).await?;
        *self = Self {
            arn: Some(planning::arn(&call.scope, &plan.name)),
            regional_domain_name: Some(planning::domain(&call.scope, &plan.name)),
            ..plan.clone()
        };
        self.settle(call).await
    }

    /// Waits until a read shows what was written, so that the next plan is empty. If it takes
    /// longer, the next plan will tell: that is no reason to fail.
    async fn settle(&self, call: &Call) -> Result<(), Failure> {
        let until = (Instant::now() + SETTLING).min(call.deadline);
        let mut attempt = 0;
        loop {
            let shown = match Self::read(call, self).await {
                Ok(read) => read.is_some_and(|read| !settings::differ(&read, self)),
                Err(Failure::Interrupted) => return Err(Failure::Interrupted),
                Err(Failure::Failed(error)) => {
                    tracing::debug!("not yet readable: {error}");
                    false
                }
            };
            if shown || Instant::now() >= until {
                return Ok(());
            }
            call.pause(Pace::QUICK.pause(attempt)).await?;
            attempt += 1;
        }
    }
}

fn taken_name(name: &str, call: &Call) -> Diagnostic {
    Diagnostic::error(
        format!("bucket {name} exists already"),
        format!(
            "Names of buckets are taken across all accounts of the partition, and this one is ({}). \
             Choose another; or, if it is this account's, import it.",
            call.scope.place(),
        ),
    )
    .at_attribute("name")
}

fn not_empty(bucket: &Bucket, call: &Call) -> Diagnostic {
    let remedy = match bucket.force_destroy {
        true => {
            "It was emptied, and others have written into it since: stop them, and destroy again."
        }
        false => "Empty it; or, if all of it may go, set force_destroy = true, apply, and destroy.",
    };
    Diagnostic::error(
        format!("bucket {} is not empty", bucket.name),
        format!(
            "A bucket goes only without objects, older versions and delete markers ({}). {remedy}",
            call.scope.place(),
        ),
    )
    .at_attribute("force_destroy")
}

fn unmarked(name: &str, call: &Call) -> Diagnostic {
    Diagnostic::error(
        format!("bucket {name} does not say that it is this one"),
        format!(
            "The tags are gone that marked it as made here: it may be another bucket of the same name \
             ({}), and is not emptied. If it is this one, apply first, which marks it again, and \
             destroy it then; if it is not, remove it from the state.",
            call.scope.place(),
        ),
    )
    .at_attribute("force_destroy")
}
