//! `travel_config_rule`: a rule of AWS Config, which judges what is recorded.
//!
//! Source: AWS Config API reference, PutConfigRule, DescribeConfigRules, DeleteConfigRule, GetCustomRulePolicy;
//! its developer guide, "Evaluating resources with AWS Config rules".

mod planning;
mod service;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_config::error::SdkError;
use aws_sdk_config::types::ConfigRuleState;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use tokio::time::Instant;
use travel_framework::ownership::Mark;
use travel_framework::resource::{Found, Resource, Timeouts};
use travel_framework::timeouts::Lifecycle;
use travel_framework::wait::{Look, Pace};
use travel_framework::{Diagnostic, Failure, Model, Plan};

use super::config;
use crate::consistency::{self, Call, answer_when_ready};
use crate::error::{Reply, diagnostic, is_code, message};
use crate::platform::Aws;
use crate::tags::Tags;
use crate::{Placement, Tagging};

/// What the service answers for a rule that is not there.
const ABSENT: &str = "NoSuchConfigRuleException";
/// What it answers where the rule is being removed, its results are, or something is attached to it.
const IN_USE: &str = "ResourceInUseException";
/// What it answers where nothing is recorded.
const NO_RECORDER: &str = "NoAvailableConfigurationRecorderException";
/// What it answers where it may not do what the rule needs.
const NOT_ALLOWED: &str = "InsufficientPermissionsException";
/// How long the removal of a rule with its results may take.
const REMOVAL: Duration = Duration::from_secs(600);

/// A rule of AWS Config: one that AWS manages, one that a Lambda function judges by, or a policy in the
/// language of Guard. What it finds are resources that do not comply.
///
/// It needs a recorder (`travel_config_recorder`) in the same account and region; have it depend on that.
/// A rule that judges by something else than before is another rule.
///
/// A destroy loses its results. A rule with a remediation is not removed: the remediation has to go
/// before.
#[derive(Clone, Debug, Default, Model)]
#[resource(
    type = "travel_config_rule",
    id = "arn",
    proof = tags,
    refresh = "2, and 1 more for policy",
    identity("region", "name"),
    moves("hashicorp/aws aws_config_config_rule.name"),
    consistency_seconds = 3
)]
pub struct ConfigRule {
    /// The name. Another name means another rule.
    #[model(required, replace, length(1, 128))]
    pub name: String,
    /// What it is for.
    #[model(optional, length(1, 256))]
    pub description: Option<String>,
    /// The identifier of a rule that AWS manages, such as `S3_BUCKET_VERSIONING_ENABLED`.
    #[model(
        optional,
        pattern("^[A-Z][A-Z0-9_-]{0,255}$", "an identifier such as S3_BUCKET_VERSIONING_ENABLED")
    )]
    pub managed: Option<String>,
    /// The ARN of a Lambda function that judges. Its policy has to let `config.amazonaws.com` invoke it.
    #[model(optional, rule = planning::is_function)]
    pub function_arn: Option<String>,
    /// A policy that judges.
    #[model(optional)]
    pub policy: Option<GuardPolicy>,
    /// What makes a function or a policy judge: `ConfigurationItemChangeNotification`,
    /// `OversizedConfigurationItemChangeNotification`, `ConfigurationSnapshotDeliveryCompleted`,
    /// `ScheduledNotification`; by default both kinds of changes. A managed rule knows by itself.
    #[model(optional, computed, length(1, 4), rule = planning::are_message_types)]
    pub message_types: Option<BTreeSet<String>>,
    /// How often it judges, for managed rules that do so by time, and with `ScheduledNotification`:
    /// `One_Hour`, `Three_Hours`, `Six_Hours`, `Twelve_Hours` or `TwentyFour_Hours`, which is also meant
    /// where nothing is said.
    #[model(
        optional,
        one_of("One_Hour", "Three_Hours", "Six_Hours", "Twelve_Hours", "TwentyFour_Hours")
    )]
    pub frequency: Option<String>,
    /// What the rule takes into account, by name. As JSON they are at most 1024 characters.
    #[model(optional, default, rule = planning::are_parameters)]
    pub parameters: BTreeMap<String, String>,
    /// Which resources it judges; all that it can without it.
    #[model(optional)]
    pub scope: Option<RuleScope>,
    /// Whether it judges what is there (`DETECTIVE`), what is to be made (`PROACTIVE`), or both; what is
    /// there by default.
    #[model(optional, computed, length(1, 2), rule = planning::are_modes)]
    pub evaluation_modes: Option<BTreeSet<String>>,
    /// The id.
    #[model(computed)]
    pub rule_id: Option<String>,
    /// The ARN.
    #[model(computed)]
    pub arn: Option<String>,
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

/// A policy in the language of Guard, version 2.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct GuardPolicy {
    /// The policy, of at most 10000 characters.
    #[model(required, length(1, 10000))]
    pub text: String,
    /// Whether its evaluations are written to a log group of CloudWatch Logs.
    #[model(optional, default = false)]
    pub debug: bool,
}

/// Which resources a rule judges: those of types, one of a type, or those with a tag.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct RuleScope {
    /// Types, such as `AWS::EC2::Instance`.
    #[model(optional, length(1, 100), rule = planning::are_types)]
    pub resource_types: Option<BTreeSet<String>>,
    /// The id of one resource, whose type is the only one in `resource_types`.
    #[model(optional, length(1, 768))]
    pub resource_id: Option<String>,
    /// The key of a tag.
    #[model(optional, length(1, 128))]
    pub tag_key: Option<String>,
    /// The value of that tag.
    #[model(optional, length(1, 256))]
    pub tag_value: Option<String>,
}

#[async_trait]
impl Resource for ConfigRule {
    type Platform = Aws;

    const TIMEOUTS: Timeouts = Timeouts::minutes(15);

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
        config::check_free(call, plan, &format!("rule {}", plan.name)).await?;
        put(call, plan, Some(plan.tagging.for_create(&call.claim))).await?;
        // The service gives the id to nobody but who asks for the rule.
        let seen = call
            .wait_until(&format!("rule {}", plan.name), Pace::QUICK, || async {
                let seen = service::observe(call, &plan.name).await?;
                let waits = || Look::Pending("not there yet".to_owned());
                Ok(seen.filter(service::is_there).map_or_else(waits, Look::Done))
            })
            .await?;
        (state.arn, state.rule_id) = (seen.config_rule_arn, seen.config_rule_id);
        Ok(())
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
        if !plan.judges_as(prior) {
            put(call, plan, None).await?;
        }
        *state = Self { lifecycle: state.lifecycle.clone(), ..plan.clone() };
        Ok(())
    }

    async fn delete(call: &Call, prior: &Self) -> Result<(), Failure> {
        let request = call.scope.config().delete_config_rule().config_rule_name(&prior.name);
        // The rule, or what it has found, may be on its way out already.
        let is_busy = |error: &_| is_code(error, &[IN_USE]) && !has_remediation(error);
        let send = || request.clone().send();
        let answer = answer_when_ready(call, REMOVAL, is_busy, send).await?;
        if let Err(error) = &answer
            && has_remediation(error)
        {
            return Err(explained(error, &call.scope.place()).into());
        }
        answer.found(&call.scope, &[ABSENT])?;
        call.wait_until(&format!("the end of rule {}", prior.name), Pace::QUICK, || async {
            let seen = service::observe(call, &prior.name).await?;
            let state = seen.map(|it| it.config_rule_state);
            Ok(state.map_or(Look::Done(()), |state| {
                Look::Pending(state.as_ref().map_or("there", ConfigRuleState::as_str).to_owned())
            }))
        })
        .await
    }

    async fn mark(call: &Call, state: &Self) -> Result<Option<Mark>, Failure> {
        let tags = config::tags(call, state.arn.as_deref().unwrap_or_default()).await?;
        Ok(tags.as_ref().and_then(crate::tags::mark))
    }

    fn import(id: &str) -> Result<Self, Diagnostic> {
        planning::import(id)
    }
}

impl ConfigRule {
    /// The rule as it is, with its mark; none where it is gone, or going.
    async fn look(&self, call: &Call) -> Result<Option<(Self, Option<Mark>)>, Failure> {
        let seen = service::observe(call, &self.name).await?.filter(service::is_there);
        let Some(seen) = seen else { return Ok(None) };
        let arn = seen.config_rule_arn.clone().unwrap_or_default();
        let (tags, text) =
            futures::try_join!(config::tags(call, &arn), service::policy_text(call, &seen))?;
        let Some(tags) = tags else { return Ok(None) };
        let (tagging, mark) = Tagging::read(tags, &self.tagging, &call.scope.settings().tags);
        let object = Self { tagging, ..service::read(self, seen, text)? };
        Ok(Some((object, mark)))
    }

    /// Whether it judges the same by the same.
    fn judges_as(&self, other: &Self) -> bool {
        self.description == other.description
            && self.managed == other.managed
            && self.function_arn == other.function_arn
            && self.policy == other.policy
            && self.message_types == other.message_types
            && self.frequency == other.frequency
            && self.parameters == other.parameters
            && self.scope == other.scope
            && self.evaluation_modes == other.evaluation_modes
    }
}

/// Says what the rule is. A recorder, or the right to invoke a function, may be so new that the service does
/// not know of it, and one of the same name may still be going.
async fn put(call: &Call, plan: &ConfigRule, tags: Option<Tags>) -> Result<(), Failure> {
    let request = call.scope.config().put_config_rule();
    let request = request.config_rule(service::rule(plan)?).set_tags(tags.map(config::tag_list));
    let begun = Instant::now();
    let is_early = |error: &_| {
        let patience = match () {
            () if is_code(error, &[IN_USE]) => REMOVAL,
            () if is_code(error, &[NO_RECORDER]) => consistency::WITHIN_SERVICE,
            () if is_code(error, &[NOT_ALLOWED]) => consistency::IAM,
            () => Duration::ZERO,
        };
        begun.elapsed() < patience
    };
    let answer = answer_when_ready(call, REMOVAL, is_early, || request.clone().send()).await?;
    let place = call.scope.place();
    answer.map(drop).map_err(|error| explained(&error, &place).into())
}

fn has_remediation<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    is_code(error, &[IN_USE]) && message(error).contains("remediation")
}

/// What went wrong, with the remedy.
fn explained<E>(error: &SdkError<E, HttpResponse>, place: &str) -> Diagnostic
where
    E: std::error::Error + ProvideErrorMetadata + 'static,
{
    let said = diagnostic(error, place);
    let (attribute, remedy) = if has_remediation(error) {
        ("name", "Remove the remediation of the rule before the rule.")
    } else if is_code(error, &[NO_RECORDER]) {
        (
            "name",
            "Rules judge what is recorded: make a travel_config_recorder in this account and region, \
             and have the rule depend on it.",
        )
    } else if is_code(error, &[NOT_ALLOWED]) {
        (
            "function_arn",
            "Let config.amazonaws.com invoke the function (lambda:InvokeFunction, with the account as \
             its source), and the recorder's role send it what changes (config:Put*).",
        )
    } else if is_code(error, &["MaxNumberOfConfigRulesExceededException"]) {
        ("name", "Remove rules that nobody needs, or have the quota of rules in a region raised.")
    } else {
        return said;
    };
    let said = Diagnostic { detail: format!("{remedy}\n\n{}", said.detail), ..said };
    said.at_attribute(attribute)
}

#[cfg(test)]
mod tests;
