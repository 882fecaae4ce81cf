//! `travel_audit_trail`: a trail of AWS CloudTrail, with the events that it takes and where they go.
//!
//! Source: CloudTrail API reference, CreateTrail, UpdateTrail, PutEventSelectors, PutInsightSelectors,
//! PutEventConfiguration, StartLogging; its user guide, "Creating a trail for an organization" and
//! "Quotas in AWS CloudTrail".

mod around;
mod import;
mod observed;
mod planning;
mod refusals;
mod selectors;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_cloudtrail::types::Tag;
use travel_framework::model::Model as _;
use travel_framework::ownership::Mark;
use travel_framework::resource::{Found, Resource, Timeouts};
use travel_framework::timeouts::Lifecycle;
use travel_framework::{Diagnostic, Failure, Model, Plan};

use self::refusals::{explained, patience, send};
pub use self::selectors::{BasicSelector, Condition, Selector};
use crate::consistency::{Call, made_here, make_once, settle};
use crate::error::is_code;
use crate::platform::Aws;
use crate::tags::Tags;
use crate::{Placement, Tagging};

/// What CloudTrail says of a trail that is not there.
const ABSENT: &str = "TrailNotFoundException";
/// What it says where there is one of the same name, or a shadow of one.
const TAKEN: &str = "TrailAlreadyExistsException";
/// How long to wait until a read shows what was just written.
const SETTLING: Duration = Duration::from_secs(15);

/// A trail of AWS CloudTrail: which events of an account, or of all accounts of the organization, are
/// kept, and where they go.
///
/// The region is the trail's home: only from there can it be changed, also where it takes the events of
/// all regions. A region holds five trails, those of other regions and of the organization that reach
/// into it included.
///
/// CloudTrail asks for what it needs as soon as the trail is made: the bucket's policy has to let
/// `cloudtrail.amazonaws.com` in, as have those of the key and the topic. Have the trail depend on them,
/// or on the resources that they belong to. An apply that is refused names the statements that are
/// missing.
///
/// A trail of the organization needs `cloudtrail.amazonaws.com` among the organization's trusted
/// services, and the management account or a delegated administrator of CloudTrail. It belongs to the
/// management account in either case.
#[derive(Clone, Debug, Default, Model)]
#[resource(
    type = "travel_audit_trail",
    id = "arn",
    proof = tags,
    refresh = "5, and 1 more for insights",
    identity("region", "name"),
    moves("hashicorp/aws aws_cloudtrail.arn"),
    keeps("log files in the bucket, and events in the log group"),
    consistency_seconds = 5
)]
pub struct AuditTrail {
    /// The name: 3 to 128 letters, digits, or characters of `._-` that stand alone between them. Another
    /// name means another trail.
    #[model(required, replace, rule = planning::is_name)]
    pub name: String,
    /// The bucket that log files are delivered to, in any account and region.
    #[model(required, pattern("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", "the name of a bucket"))]
    pub bucket: String,
    /// What the log files' keys begin with, in front of `/AWSLogs/`.
    #[model(optional, length(1, 200))]
    pub prefix: Option<String>,
    /// Whether it takes the events of all regions.
    #[model(optional, default = true)]
    pub multi_region: bool,
    /// Whether it takes the events of all accounts of the organization.
    #[model(optional, default = false)]
    pub organization: bool,
    /// Whether it takes the events of global services such as IAM. A trail of one region gets them only
    /// in that where the partition's global services are, such as us-east-1; one of all regions needs it.
    #[model(optional, default = true)]
    pub global_service_events: bool,
    /// Whether digests are delivered, too, by which changes of log files can be told.
    #[model(optional, default = true)]
    pub log_file_validation: bool,
    /// Whether CloudTrail's own deliveries are events for the trail, too.
    #[model(optional, default = true)]
    pub recursive_logging: bool,
    /// The ARN of the key that log files are encrypted with, in the region of the bucket; without it they
    /// are encrypted with a key of S3. An alias will not do: the trail would stay with the key that it
    /// stood for.
    #[model(optional, rule = planning::is_key)]
    pub kms_key: Option<String>,
    /// The ARN of an SNS topic, in the trail's region, that hears of each log file.
    #[model(optional, rule = planning::is_topic)]
    pub sns_topic: Option<String>,
    /// The ARN of a log group that gets the events, too, in the trail's region, with or without `:*` at
    /// its end.
    #[model(optional, rule = planning::is_log_group, same = planning::same_log_group)]
    pub log_group: Option<String>,
    /// The ARN of the role that CloudTrail writes to the log group with.
    #[model(optional, rule = planning::is_role)]
    pub log_group_role: Option<String>,
    /// Whether the trail takes events at all.
    #[model(optional, default = true)]
    pub logging: bool,
    /// Which events the trail takes; without any selector all management events, and no others. An event
    /// is taken that one of the selectors means. All of them together have up to 500 values.
    #[model(optional, default)]
    pub event_selectors: Vec<Selector>,
    /// The same in CloudTrail's older form, for trails that have it: either this or `event_selectors`.
    /// Up to five, with up to 250 values of `data_resources` among them.
    #[model(optional, default)]
    pub basic_event_selectors: Vec<BasicSelector>,
    /// What is unusual in the events and worth an event of its own: `ApiCallRateInsight` or
    /// `ApiErrorRateInsight`, each with the categories that are looked at, of `Management` and `Data`.
    #[model(optional, default, rule = around::are_insights)]
    pub insights: BTreeMap<String, BTreeSet<String>>,
    /// How data events are summed up, in events of their own: `API_ACTIVITY`, `RESOURCE_ACCESS`,
    /// `USER_ACTIONS`.
    #[model(optional, default, rule = around::are_templates)]
    pub aggregations: BTreeSet<String>,
    /// The ARN.
    #[model(computed)]
    pub arn: Option<String>,
    /// Account and region: the trail's home.
    #[model(flatten)]
    pub placement: Placement,
    /// Tags.
    #[model(flatten)]
    pub tagging: Tagging,
    /// What the framework keeps.
    #[model(flatten)]
    pub lifecycle: Lifecycle,
}

#[async_trait]
impl Resource for AuditTrail {
    type Platform = Aws;

    const TIMEOUTS: Timeouts = Timeouts::minutes(15);

    fn validate(plan: &mut Plan<'_>) {
        planning::validate(plan);
    }

    fn plan(plan: &mut Plan<'_>) {
        planning::plan(plan);
    }

    async fn read(call: &Call, state: &Self) -> Result<Option<Self>, Failure> {
        observed::read(call, state).await
    }

    async fn find(call: &Call, plan: &Self) -> Result<Vec<Found<Self>>, Failure> {
        let mut found = Vec::new();
        for trail in observed::at_home(call, &plan.name, plan.organization).await? {
            let Some((object, mark)) = observed::whole(call, plan, &trail).await? else { continue };
            let label = object.arn().to_owned();
            found.push(Found { object, mark, complete: true, label });
        }
        Ok(found)
    }

    async fn create(call: &Call, plan: &Self, state: &mut Self) -> Result<(), Failure> {
        let request = call
            .scope
            .once()
            .cloudtrail()
            .create_trail()
            .name(&plan.name)
            .s3_bucket_name(&plan.bucket)
            .set_s3_key_prefix(plan.prefix.clone())
            .is_multi_region_trail(plan.multi_region)
            .is_organization_trail(plan.organization)
            .include_global_service_events(plan.global_service_events)
            .enable_log_file_validation(plan.log_file_validation)
            // Where the service does not know it, it must not be told.
            .set_recursive_logging((!plan.recursive_logging).then_some(false))
            .set_kms_key_id(plan.kms_key.clone())
            .set_sns_topic_name(plan.sns_topic.clone())
            .set_cloud_watch_logs_log_group_arn(plan.log_group.as_deref().map(planning::log_group))
            .set_cloud_watch_logs_role_arn(plan.log_group_role.clone())
            .set_tags_list(Some(tag_list(plan.tagging.for_create(&call.claim))?));
        let send = || {
            let answer = request.clone().send();
            async { Ok(answer.await?.trail_arn) }
        };
        let look = || async { Ok(made_here(call, plan).await?.and_then(|it: Self| it.arn)) };
        let made = Box::pin(make_once(call, patience, &[TAKEN], send, look)).await?;
        state.arn = match made {
            Ok(arn) => arn,
            Err(error) => return Err(explained(call, plan, &error).await),
        };
        // It begins with management events, and with no logging.
        state.logging = false;
        state.event_selectors = Vec::new();
        state.basic_event_selectors = Vec::new();
        state.insights = BTreeMap::new();
        state.aggregations = BTreeSet::new();
        state.bring_around(call, plan).await?;
        state.settle(call).await
    }

    async fn update(
        call: &Call,
        prior: &Self,
        plan: &Self,
        state: &mut Self,
    ) -> Result<(), Failure> {
        state.bring_tags(call, prior, plan).await?;
        if !prior.logging || plan.logging {
            state.bring_itself(call, prior, plan).await?;
        } else {
            // What is to be quiet need not wait for what may be refused.
            state.bring_logging(call, plan).await?;
            state.bring_itself(call, prior, plan).await?;
        }
        state.bring_around(call, plan).await?;
        state.settle(call).await
    }

    async fn delete(call: &Call, prior: &Self) -> Result<(), Failure> {
        let request = call.scope.cloudtrail().delete_trail().name(prior.arn());
        let is_busy = |error: &_| is_code(error, &[refusals::BUSY]);
        let patience = crate::consistency::WITHIN_SERVICE;
        let answer = crate::consistency::answer_when_ready(call, patience, is_busy, || {
            request.clone().send()
        });
        match answer.await? {
            Err(error) if is_code(&error, &[ABSENT]) => Ok(()),
            Err(error) => Err(explained(call, prior, &error).await),
            Ok(_) => Ok(()),
        }
    }

    async fn mark(call: &Call, state: &Self) -> Result<Option<Mark>, Failure> {
        let tags = observed::tags(call, state.arn()).await?;
        Ok(tags.as_ref().and_then(crate::tags::mark))
    }

    fn import(id: &str) -> Result<Self, Diagnostic> {
        import::import(id)
    }
}

impl AuditTrail {
    fn arn(&self) -> &str {
        self.arn.as_deref().unwrap_or_default()
    }

    async fn bring_tags(&mut self, call: &Call, prior: &Self, plan: &Self) -> Result<(), Failure> {
        let generation = prior.lifecycle.generation.as_deref();
        let changes = plan.tagging.changes(&prior.tagging, generation, &call.claim);
        let client = call.scope.cloudtrail();
        if !changes.set.is_empty() {
            let tags = tag_list(changes.set)?;
            let request = client.add_tags().resource_id(self.arn()).set_tags_list(Some(tags));
            send(call, plan, || request.clone().send()).await?;
        }
        if !changes.remove.is_empty() {
            let tags = changes.remove.into_iter().map(|key| (key, String::new())).collect();
            let request = client.remove_tags().resource_id(self.arn());
            let request = request.set_tags_list(Some(tag_list(tags)?));
            send(call, plan, || request.clone().send()).await?;
        }
        self.tagging = plan.tagging.clone();
        Ok(())
    }

    /// Brings about what the trail itself says: only that which differs, since CloudTrail may not know
    /// the rest everywhere. An empty text takes something away.
    async fn bring_itself(
        &mut self,
        call: &Call,
        prior: &Self,
        plan: &Self,
    ) -> Result<(), Failure> {
        let flag = |before: bool, after: bool| (before != after).then_some(after);
        let text = |before: &Option<String>, after: &Option<String>| {
            (before != after).then(|| after.clone().unwrap_or_default())
        };
        let group = |trail: &Self| trail.log_group.as_deref().map(planning::log_group);
        let groups = (group(prior), group(plan));
        // These two go together.
        let is_elsewhere = groups.0 != groups.1 || prior.log_group_role != plan.log_group_role;
        let role = plan.log_group_role.clone().unwrap_or_default();
        let validation = flag(prior.log_file_validation, plan.log_file_validation);
        let request = call
            .scope
            .cloudtrail()
            .update_trail()
            .name(self.arn())
            .set_s3_bucket_name((prior.bucket != plan.bucket).then(|| plan.bucket.clone()))
            .set_s3_key_prefix(text(&prior.prefix, &plan.prefix))
            .set_is_multi_region_trail(flag(prior.multi_region, plan.multi_region))
            .set_is_organization_trail(flag(prior.organization, plan.organization))
            .set_include_global_service_events(
                // One of all regions needs it, which counts together.
                (prior.global_service_events != plan.global_service_events
                    || prior.multi_region != plan.multi_region)
                    .then_some(plan.global_service_events),
            )
            .set_enable_log_file_validation(validation)
            .set_recursive_logging(flag(prior.recursive_logging, plan.recursive_logging))
            .set_kms_key_id(text(&prior.kms_key, &plan.kms_key))
            .set_sns_topic_name(text(&prior.sns_topic, &plan.sns_topic))
            .set_cloud_watch_logs_log_group_arn(
                is_elsewhere.then(|| groups.1.clone().unwrap_or_default()),
            )
            .set_cloud_watch_logs_role_arn(is_elsewhere.then_some(role));
        let nothing = call.scope.cloudtrail().update_trail().name(self.arn());
        if request.as_input() != nothing.as_input() {
            send(call, plan, || request.clone().send()).await?;
        }
        *self = Self {
            arn: self.arn.clone(),
            logging: self.logging,
            event_selectors: self.event_selectors.clone(),
            basic_event_selectors: self.basic_event_selectors.clone(),
            insights: self.insights.clone(),
            aggregations: self.aggregations.clone(),
            lifecycle: self.lifecycle.clone(),
            ..plan.clone()
        };
        Ok(())
    }

    /// Brings about which events the trail takes, and whether it does. What needs certain events goes
    /// before them, and comes after them.
    async fn bring_around(&mut self, call: &Call, plan: &Self) -> Result<(), Failure> {
        let kept = around::common(&self.insights, &plan.insights);
        self.bring_insights(call, plan, kept).await?;
        let kept = self.aggregations.intersection(&plan.aggregations).cloned().collect();
        self.bring_aggregations(call, plan, kept).await?;
        if !selectors::same(self, plan) {
            call.proceed()?;
            selectors::put(call, self.arn(), plan).await?;
        }
        self.event_selectors.clone_from(&plan.event_selectors);
        self.basic_event_selectors.clone_from(&plan.basic_event_selectors);
        self.bring_insights(call, plan, plan.insights.clone()).await?;
        self.bring_aggregations(call, plan, plan.aggregations.clone()).await?;
        self.bring_logging(call, plan).await
    }

    async fn bring_insights(
        &mut self,
        call: &Call,
        plan: &Self,
        wanted: around::Insights,
    ) -> Result<(), Failure> {
        if self.insights != wanted {
            call.proceed()?;
            around::put_insights(call, self.arn(), plan, &wanted).await?;
        }
        self.insights = wanted;
        Ok(())
    }

    async fn bring_aggregations(
        &mut self,
        call: &Call,
        plan: &Self,
        wanted: BTreeSet<String>,
    ) -> Result<(), Failure> {
        if self.aggregations != wanted {
            call.proceed()?;
            around::put_aggregations(call, self.arn(), plan, &wanted).await?;
        }
        self.aggregations = wanted;
        Ok(())
    }

    async fn bring_logging(&mut self, call: &Call, plan: &Self) -> Result<(), Failure> {
        if self.logging != plan.logging {
            call.proceed()?;
            let client = call.scope.cloudtrail();
            if plan.logging {
                let request = client.start_logging().name(self.arn());
                send(call, plan, || request.clone().send()).await?;
            } else {
                let request = client.stop_logging().name(self.arn());
                send(call, plan, || request.clone().send()).await?;
            }
        }
        self.logging = plan.logging;
        Ok(())
    }

    /// Waits until a read shows what was written, so that the next plan is empty.
    async fn settle(&self, call: &Call) -> Result<(), Failure> {
        let wanted = self.to_value();
        settle(call, SETTLING, || async {
            Ok(observed::read(call, self).await?.is_some_and(|seen| seen.to_value() == wanted))
        })
        .await
    }
}

/// Tags as the service takes them, which has no empty values: those without one are without.
fn tag_list(tags: Tags) -> Result<Vec<Tag>, Failure> {
    let one = |(key, value): (String, String)| {
        Tag::builder().key(key).set_value(Some(value).filter(|it| !it.is_empty())).build()
    };
    let tags: Result<_, _> = tags.into_iter().map(one).collect();
    tags.map_err(|error| crate::error::incomplete(&error))
}

#[cfg(test)]
mod tests;
