//! A rule as the service takes and gives it.

use std::collections::BTreeMap;

use aws_sdk_config::types::{
    ConfigRule as Seen, ConfigRuleState, CustomPolicyDetails, EvaluationMode,
    EvaluationModeConfiguration, EventSource, MaximumExecutionFrequency, MessageType, Owner, Scope,
    Source, SourceDetail,
};
use serde_json::Value as Json;
use travel_framework::{Diagnostic, Failure};

use super::planning::{DAILY, SCHEDULED};
use super::{ABSENT, ConfigRule, GuardPolicy, RuleScope};
use crate::consistency::Call;
use crate::error::{Reply, incomplete};

/// The only runtime of policies there is.
const RUNTIME: &str = "guard-2.x.x";

/// What the service says of a rule; none where there is none.
///
/// # Errors
/// The service's error, other than that.
pub async fn observe(call: &Call, name: &str) -> Result<Option<Seen>, Failure> {
    let request = call.scope.config().describe_config_rules().config_rule_names(name);
    let answer = request.send().await.found(&call.scope, &[ABSENT])?;
    Ok(answer.and_then(|answer| answer.config_rules?.into_iter().next()))
}

/// Whether a rule is there to stay.
pub fn is_there(seen: &Seen) -> bool {
    seen.config_rule_state != Some(ConfigRuleState::Deleting)
}

/// The policy that a rule judges by, if it does; a list of rules does not tell.
///
/// # Errors
/// The service's error, other than that the rule is gone.
pub async fn policy_text(call: &Call, seen: &Seen) -> Result<Option<String>, Failure> {
    if seen.source.as_ref().map(|it| &it.owner) != Some(&Owner::CustomPolicy) {
        return Ok(None);
    }
    let request = call.scope.config().get_custom_rule_policy();
    let request = request.set_config_rule_name(seen.config_rule_name.clone());
    let answer = request.send().await.found(&call.scope, &[ABSENT])?;
    Ok(answer.and_then(|answer| answer.policy_text))
}

/// A rule as the service takes it.
///
/// # Errors
/// Where the SDK refuses it.
pub fn rule(plan: &ConfigRule) -> Result<Seen, Failure> {
    let parameters = match plan.parameters.is_empty() {
        true => None,
        false => Some(Json::from_iter(plan.parameters.clone()).to_string()),
    };
    let modes = plan.evaluation_modes.iter().flatten().map(|mode| {
        EvaluationModeConfiguration::builder().mode(EvaluationMode::from(mode.as_str())).build()
    });
    // A function or a policy has its frequency beside what makes it judge.
    let frequency = plan.frequency.as_deref().filter(|_| plan.managed.is_some());
    let built = Seen::builder()
        .config_rule_name(&plan.name)
        .description(plan.description.as_deref().unwrap_or_default())
        .set_scope(plan.scope.as_ref().map(scope))
        .source(source(plan)?)
        .set_input_parameters(parameters)
        .set_maximum_execution_frequency(frequency.map(MaximumExecutionFrequency::from))
        .set_evaluation_modes(Some(modes.collect()));
    Ok(built.build())
}

fn scope(plan: &RuleScope) -> Scope {
    let types = plan.resource_types.as_ref().map(|types| types.iter().cloned().collect());
    Scope::builder()
        .set_compliance_resource_types(types)
        .set_compliance_resource_id(plan.resource_id.clone())
        .set_tag_key(plan.tag_key.clone())
        .set_tag_value(plan.tag_value.clone())
        .build()
}

fn source(plan: &ConfigRule) -> Result<Source, Failure> {
    let details = plan.message_types.iter().flatten().map(|kind| {
        let frequency = plan.frequency.as_deref().filter(|_| kind == SCHEDULED);
        SourceDetail::builder()
            .event_source(EventSource::AwsConfig)
            .message_type(MessageType::from(kind.as_str()))
            .set_maximum_execution_frequency(frequency.map(MaximumExecutionFrequency::from))
            .build()
    });
    let built = Source::builder();
    let built = match (&plan.managed, &plan.function_arn, &plan.policy) {
        (Some(managed), ..) => built.owner(Owner::Aws).source_identifier(managed),
        (_, Some(function), _) => built
            .owner(Owner::CustomLambda)
            .source_identifier(function)
            .set_source_details(Some(details.collect())),
        (.., policy) => {
            let policy = policy.as_ref();
            let details_of_policy = CustomPolicyDetails::builder()
                .policy_runtime(RUNTIME)
                .policy_text(policy.map_or("", |it| it.text.as_str()))
                .enable_debug_log_delivery(policy.is_some_and(|it| it.debug))
                .build();
            built
                .owner(Owner::CustomPolicy)
                .custom_policy_details(details_of_policy.map_err(|error| incomplete(&error))?)
                .set_source_details(Some(details.collect()))
        }
    };
    built.build().map_err(|error| incomplete(&error))
}

/// What a rule is, but for its tags.
///
/// # Errors
/// Where its parameters are none.
pub fn read(state: &ConfigRule, seen: Seen, text: Option<String>) -> Result<ConfigRule, Failure> {
    let parameters = parameters(seen.input_parameters.as_deref()).map_err(|error| {
        let summary = format!("failed to read the parameters of rule {}: {error}", state.name);
        Diagnostic::error(summary, "The service's answer is not as it says it is.")
    })?;
    let (owner, identifier, details, policy) = match seen.source {
        Some(it) => (
            Some(it.owner),
            it.source_identifier,
            it.source_details.unwrap_or_default(),
            it.custom_policy_details,
        ),
        None => (None, None, Vec::new(), None),
    };
    let is = |kind: Owner| owner.as_ref() == Some(&kind);
    let scheduled = details.iter().find_map(|it| it.maximum_execution_frequency.clone());
    let frequency = seen.maximum_execution_frequency.or(scheduled);
    let frequency = frequency.map(|it| it.as_str().to_owned());
    let types = details.iter().filter_map(|it| it.message_type.as_ref());
    let modes = seen.evaluation_modes.unwrap_or_default();
    let modes = modes.into_iter().filter_map(|it| it.mode).map(|it| it.as_str().to_owned());
    Ok(ConfigRule {
        name: seen.config_rule_name.unwrap_or_else(|| state.name.clone()),
        description: seen.description.filter(|text| !text.is_empty()),
        managed: identifier.clone().filter(|_| is(Owner::Aws)),
        function_arn: identifier.filter(|_| is(Owner::CustomLambda)),
        policy: is(Owner::CustomPolicy).then(|| GuardPolicy {
            text: text.unwrap_or_default(),
            debug: policy.is_some_and(|it| it.enable_debug_log_delivery),
        }),
        message_types: Some(types.map(|it| it.as_str().to_owned()).collect())
            .filter(|_| !is(Owner::Aws)),
        // What is meant where nothing is said is not a change.
        frequency: frequency.filter(|it| state.frequency.is_some() || it != DAILY),
        parameters,
        scope: seen.scope.and_then(read_scope),
        evaluation_modes: Some(modes.collect()),
        rule_id: seen.config_rule_id,
        arn: seen.config_rule_arn,
        ..state.clone()
    })
}

fn parameters(text: Option<&str>) -> Result<BTreeMap<String, String>, serde_json::Error> {
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else {
        return Ok(BTreeMap::new());
    };
    let all: BTreeMap<String, Json> = serde_json::from_str(text)?;
    let text = |value| match value {
        Json::String(text) => text,
        other => other.to_string(),
    };
    Ok(all.into_iter().map(|(name, value)| (name, text(value))).collect())
}

fn read_scope(seen: Scope) -> Option<RuleScope> {
    let types = seen.compliance_resource_types.unwrap_or_default();
    let scope = RuleScope {
        resource_types: (!types.is_empty()).then(|| types.into_iter().collect()),
        resource_id: seen.compliance_resource_id,
        tag_key: seen.tag_key,
        tag_value: seen.tag_value,
    };
    (scope != RuleScope::default()).then_some(scope)
}
