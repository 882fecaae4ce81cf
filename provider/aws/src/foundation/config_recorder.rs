//! `travel_config_recorder`: what AWS Config records of an account in a region, and where it delivers that.
//!
//! Source: AWS Config API reference, PutConfigurationRecorder, PutDeliveryChannel,
//! PutRetentionConfiguration; its developer guide, "Managing the configuration recorder".

mod channel;
mod group;
mod planning;
mod role;

use std::collections::BTreeSet;

use async_trait::async_trait;
use aws_sdk_config::types::ConfigurationRecorder;
use travel_framework::ownership::Mark;
use travel_framework::resource::{Found, Resource, Timeouts};
use travel_framework::timeouts::Lifecycle;
use travel_framework::{Diagnostic, Failure, Model, Plan};

use super::config;
use crate::consistency::{self, Call, send_when_ready};
use crate::error::{Reply, is_code};
use crate::platform::Aws;
use crate::tags::Tags;
use crate::{Placement, Tagging};

/// What the service answers where there is no recorder of a name.
const ABSENT: &str = "NoSuchConfigurationRecorderException";
/// The name of the only retention there can be.
const RETENTION: &str = "default";

/// The recorder of AWS Config in an account and a region, its delivery channel, and whether it records:
/// what exists and how it changes, for rules to judge and for whoever asks later.
///
/// An account has one recorder of its own in a region, and one delivery channel. One that stands there
/// already has to be imported.
///
/// A destroy stops it. What it has delivered stays in the bucket.
#[derive(Clone, Debug, Default, Model)]
#[resource(
    type = "travel_config_recorder",
    id = "arn",
    proof = tags,
    refresh = "4, and 1 more for retention_days",
    identity("region", "name"),
    keeps("what was delivered to the bucket", "the role AWSServiceRoleForConfig of the service"),
    consistency_seconds = 3
)]
pub struct ConfigRecorder {
    /// The name, which the delivery channel has, too. Another name means another recorder.
    #[model(optional, default = "default", replace, length(1, 256))]
    pub name: String,
    /// The ARN of the role that it looks at everything with; by default that of the service itself,
    /// `AWSServiceRoleForConfig`, which is made where it is not there yet.
    #[model(optional, computed, rule = planning::is_role)]
    pub role_arn: Option<String>,
    /// The types it records, such as `AWS::EC2::Instance`; all that Config knows where neither this nor
    /// `excluded_resource_types` is set.
    #[model(optional, length(1, 1000), rule = planning::are_types)]
    pub resource_types: Option<BTreeSet<String>>,
    /// The types it leaves out.
    #[model(optional, length(1, 1000), rule = planning::are_types)]
    pub excluded_resource_types: Option<BTreeSet<String>>,
    /// Whether it records what IAM has, which is the same everywhere, where it records all types. One
    /// region is enough for that.
    #[model(optional, default = true)]
    pub global_resource_types: bool,
    /// Whether it records each change (`CONTINUOUS`), or how things stand once a day (`DAILY`).
    #[model(optional, default = "CONTINUOUS", one_of("CONTINUOUS", "DAILY"))]
    pub frequency: String,
    /// Types that are recorded otherwise.
    #[model(optional)]
    pub frequency_override: Option<FrequencyOverride>,
    /// Where it delivers what it records.
    #[model(required)]
    pub delivery: Delivery,
    /// For how many days Config itself keeps what it has recorded, 30 to 2557. Without it, that stays as
    /// it is: 2557 where nobody has said otherwise.
    #[model(optional, range(30, 2557))]
    pub retention_days: Option<i32>,
    /// Whether it records at all.
    #[model(optional, default = true)]
    pub recording: bool,
    /// The ARN.
    #[model(computed)]
    pub arn: Option<String>,
    /// Account and region.
    #[model(flatten)]
    pub placement: Placement,
    /// Tags of the recorder.
    #[model(flatten)]
    pub tagging: Tagging,
    /// What the framework keeps.
    #[model(flatten)]
    pub lifecycle: Lifecycle,
}

/// Types that are recorded otherwise than the others.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct FrequencyOverride {
    /// The types.
    #[model(required, length(1, 1000), rule = planning::are_types)]
    pub resource_types: BTreeSet<String>,
    /// `CONTINUOUS` or `DAILY`.
    #[model(required, one_of("CONTINUOUS", "DAILY"))]
    pub frequency: String,
    /// Why.
    #[model(optional, length(1, 256))]
    pub description: Option<String>,
}

/// Where a recorder delivers to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Delivery {
    /// The name of the bucket, whose policy must let `config.amazonaws.com` write.
    #[model(required, length(3, 63))]
    pub bucket: String,
    /// What the keys of what is delivered begin with.
    #[model(optional, length(1, 512))]
    pub prefix: Option<String>,
    /// The ARN of the key that it is encrypted with.
    #[model(optional, rule = planning::is_key)]
    pub kms_key_arn: Option<String>,
    /// The ARN of a topic that hears of each change.
    #[model(optional, rule = planning::is_topic)]
    pub sns_topic_arn: Option<String>,
    /// How often a snapshot of everything is delivered: `One_Hour`, `Three_Hours`, `Six_Hours`,
    /// `Twelve_Hours` or `TwentyFour_Hours`; never without it.
    #[model(
        optional,
        one_of("One_Hour", "Three_Hours", "Six_Hours", "Twelve_Hours", "TwentyFour_Hours")
    )]
    pub snapshot_frequency: Option<String>,
}

#[async_trait]
impl Resource for ConfigRecorder {
    type Platform = Aws;

    const TIMEOUTS: Timeouts = Timeouts::minutes(10);

    fn validate(plan: &mut Plan<'_>) {
        planning::check(plan);
    }

    fn plan(plan: &mut Plan<'_>) {
        planning::plan(plan);
    }

    async fn read(call: &Call, state: &Self) -> Result<Option<Self>, Failure> {
        Ok(state.look(call).await?.map(|(seen, _)| seen))
    }

    async fn find(call: &Call, plan: &Self) -> Result<Vec<Found<Self>>, Failure> {
        let found = plan.look(call).await?.map(|(object, mark)| Found {
            label: object.arn.clone().unwrap_or_default(),
            complete: true,
            object,
            mark,
        });
        Ok(found.into_iter().collect())
    }

    async fn create(call: &Call, plan: &Self, state: &mut Self) -> Result<(), Failure> {
        let role = role::of(call, plan).await?;
        state.role_arn = Some(role);
        // Nothing of it is there yet.
        state.recording = false;
        state.delivery = Delivery::default();
        state.retention_days = None;
        state.put(call, plan, Some(plan.tagging.for_create(&call.claim))).await?;
        state.arn = observe(call, &plan.name).await?.and_then(|seen| seen.arn);
        state.bring_around(call, plan).await
    }

    async fn update(
        call: &Call,
        prior: &Self,
        plan: &Self,
        state: &mut Self,
    ) -> Result<(), Failure> {
        let generation = prior.lifecycle.generation.as_deref();
        let changes = plan.tagging.changes(&prior.tagging, generation, &call.claim);
        config::retag(call, prior.arn.as_deref().unwrap_or_default(), changes).await?;
        state.tagging = plan.tagging.clone();
        if !plan.records_as(prior) {
            state.role_arn = Some(role::of(call, plan).await?);
            state.put(call, plan, None).await?;
        }
        state.bring_around(call, plan).await
    }

    async fn delete(call: &Call, prior: &Self) -> Result<(), Failure> {
        let client = call.scope.config();
        let request = client.stop_configuration_recorder().configuration_recorder_name(&prior.name);
        request.send().await.found(&call.scope, &[ABSENT])?;
        call.proceed()?;
        channel::remove(call).await?;
        call.proceed()?;
        if prior.retention_days.is_some() {
            remove_retention(call).await?;
        }
        let request =
            client.delete_configuration_recorder().configuration_recorder_name(&prior.name);
        request.send().await.found(&call.scope, &[ABSENT]).map(drop)
    }

    async fn mark(call: &Call, state: &Self) -> Result<Option<Mark>, Failure> {
        let tags = config::tags(call, state.arn.as_deref().unwrap_or_default()).await?;
        Ok(tags.as_ref().and_then(crate::tags::mark))
    }

    fn import(id: &str) -> Result<Self, Diagnostic> {
        planning::import(id)
    }
}

impl ConfigRecorder {
    /// Whether this is all that an import says.
    fn is_import(&self) -> bool {
        self.frequency.is_empty()
    }

    /// The recorder with what is around it, and its mark; none where there is none.
    async fn look(&self, call: &Call) -> Result<Option<(Self, Option<Mark>)>, Failure> {
        let Some(seen) = observe(call, &self.name).await? else { return Ok(None) };
        let arn = seen.arn.clone().unwrap_or_default();
        let (tags, is_recording, delivery, retention_days) = futures::try_join!(
            config::tags(call, &arn),
            is_recording(call, &self.name),
            channel::read(call),
            self.retention(call),
        )?;
        let Some(tags) = tags else { return Ok(None) };
        let (tagging, mark) = Tagging::read(tags, &self.tagging, &call.scope.settings().tags);
        let mut object = Self {
            role_arn: seen.role_arn.clone(),
            delivery: delivery.unwrap_or_default(),
            retention_days,
            recording: is_recording,
            arn: Some(arn),
            tagging,
            ..self.clone()
        };
        group::read(&mut object, seen);
        Ok(Some((object, mark)))
    }

    async fn retention(&self, call: &Call) -> Result<Option<i32>, Failure> {
        if self.retention_days.is_none() && !self.is_import() {
            return Ok(None);
        }
        let request = call.scope.config().describe_retention_configurations();
        let answer = request.send().await.found(&call.scope, &[NO_RETENTION])?;
        let all = answer.and_then(|answer| answer.retention_configurations).unwrap_or_default();
        Ok(all.first().map(|it| it.retention_period_in_days))
    }

    /// Whether it records the same things in the same way.
    fn records_as(&self, other: &Self) -> bool {
        self.role_arn == other.role_arn
            && self.resource_types == other.resource_types
            && self.excluded_resource_types == other.excluded_resource_types
            && self.global_resource_types == other.global_resource_types
            && self.frequency == other.frequency
            && self.frequency_override == other.frequency_override
    }

    /// Says what is recorded, and how. The role may be so new that Config does not know it yet.
    async fn put(&mut self, call: &Call, plan: &Self, tags: Option<Tags>) -> Result<(), Failure> {
        let recorder = group::to_service(plan, self.role_arn.as_deref())?;
        let request = call
            .scope
            .config()
            .put_configuration_recorder()
            .configuration_recorder(recorder)
            .set_tags(tags.map(config::tag_list));
        let is_early = |error: &_| is_code(error, &["InvalidRoleException"]);
        let send = || request.clone().send();
        send_when_ready(call, consistency::IAM, is_early, send).await?;
        let role_arn = self.role_arn.take();
        self.resource_types.clone_from(&plan.resource_types);
        self.excluded_resource_types.clone_from(&plan.excluded_resource_types);
        self.global_resource_types = plan.global_resource_types;
        self.frequency.clone_from(&plan.frequency);
        self.frequency_override.clone_from(&plan.frequency_override);
        self.role_arn = role_arn;
        Ok(())
    }

    /// Brings about what is around the recorder; `self` holds what there is, and follows.
    async fn bring_around(&mut self, call: &Call, plan: &Self) -> Result<(), Failure> {
        let client = call.scope.config();
        if self.recording && !plan.recording {
            let request =
                client.stop_configuration_recorder().configuration_recorder_name(&plan.name);
            request.send().await.at(&call.scope)?;
            self.recording = false;
        }
        if self.delivery != plan.delivery {
            call.proceed()?;
            channel::put(call, &plan.name, &plan.delivery).await?;
        }
        self.delivery.clone_from(&plan.delivery);
        if self.retention_days != plan.retention_days {
            call.proceed()?;
            match plan.retention_days {
                Some(days) => {
                    let request = client.put_retention_configuration();
                    request.retention_period_in_days(days).send().await.at(&call.scope)?;
                }
                None => remove_retention(call).await?,
            }
        }
        self.retention_days = plan.retention_days;
        if plan.recording && !self.recording {
            call.proceed()?;
            let request =
                client.start_configuration_recorder().configuration_recorder_name(&plan.name);
            // The channel that was just made may not be seen yet.
            let is_early = |error: &_| is_code(error, &["NoAvailableDeliveryChannelException"]);
            let send = || request.clone().send();
            send_when_ready(call, consistency::WITHIN_SERVICE, is_early, send).await?;
            self.recording = true;
        }
        Ok(())
    }
}

/// What the service answers where nobody has said how long things are kept.
const NO_RETENTION: &str = "NoSuchRetentionConfigurationException";

async fn remove_retention(call: &Call) -> Result<(), Failure> {
    let request = call.scope.config().delete_retention_configuration();
    let request = request.retention_configuration_name(RETENTION);
    request.send().await.found(&call.scope, &[NO_RETENTION]).map(drop)
}

/// What the service says of a recorder; none where there is none.
async fn observe(call: &Call, name: &str) -> Result<Option<ConfigurationRecorder>, Failure> {
    let request = call.scope.config().describe_configuration_recorders();
    let answer = request.configuration_recorder_names(name).send().await;
    let answer = answer.found(&call.scope, &[ABSENT])?;
    Ok(answer.and_then(|answer| answer.configuration_recorders?.into_iter().next()))
}

async fn is_recording(call: &Call, name: &str) -> Result<bool, Failure> {
    let request = call.scope.config().describe_configuration_recorder_status();
    let answer = request.configuration_recorder_names(name).send().await;
    let answer = answer.found(&call.scope, &[ABSENT])?;
    let all = answer.and_then(|answer| answer.configuration_recorders_status).unwrap_or_default();
    Ok(all.first().is_some_and(|status| status.recording))
}
