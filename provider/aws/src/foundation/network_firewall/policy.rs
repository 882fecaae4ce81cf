//! The policy of the firewall: looking at it, and making it what it is to be.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_networkfirewall::types::{
    FirewallPolicy, FirewallPolicyResponse, FlowTimeouts, OverrideAction, PolicyVariables,
    ResourceStatus, RuleOrder, StatefulEngineOptions, StatefulRuleGroupOverride,
    StatefulRuleGroupReference, StatelessRuleGroupReference, StreamExceptionPolicy,
};
use aws_smithy_types::error::operation::BuildError;
use tokio::time::Instant;
use travel_framework::wait::{Look, Pace};
use travel_framework::{Diagnostic, Failure, ownership};

use super::groups::CONTENDED;
use super::parts::{GONE, HELD, INVALID, Kind, STALE, group_arn, groups_of, is_own, policy_name};
use super::{NetworkFirewall, OtherGroup, tags, wire};
use crate::consistency::{Call, answer_when_ready};
use crate::error::{Reply, incomplete, is_code};
use crate::tags::{Tags, mark};

/// A policy as the service has it.
#[derive(Clone, Debug)]
pub struct Seen {
    /// What to give back with a change.
    pub token: String,
    /// What it says.
    pub content: Content,
    /// What it is.
    pub face: FirewallPolicyResponse,
    /// Its tags.
    pub tags: Tags,
}

/// What a policy says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    pub order: String,
    pub stateful_actions: BTreeSet<String>,
    pub stream_exceptions: String,
    pub idle_seconds: i32,
    pub stateless_actions: BTreeSet<String>,
    pub fragment_actions: BTreeSet<String>,
    pub custom_actions: BTreeMap<String, String>,
    pub variables: BTreeMap<String, BTreeSet<String>>,
    pub tls_inspection: Option<String>,
    /// All rule groups, the firewall's own included.
    pub groups: BTreeSet<OtherGroup>,
}

impl Content {
    /// What the policy of a firewall is to say.
    pub fn of(call: &Call, wanted: &NetworkFirewall) -> Self {
        let own = groups_of(wanted).into_iter().map(|(kind, key, name)| OtherGroup {
            arn: group_arn(call, kind, &name),
            priority: match kind {
                Kind::Stateful => wanted.stateful_rule_groups.get(&key).and_then(|it| it.priority),
                Kind::Stateless => wanted.stateless_rule_groups.get(&key).map(|it| it.priority),
            },
            alert_only: false,
        });
        Self {
            order: wanted.stateful_rule_order.clone(),
            stateful_actions: wanted.stateful_default_actions.clone(),
            stream_exceptions: wanted.stream_exception_policy.clone(),
            idle_seconds: wanted.tcp_idle_timeout_seconds,
            stateless_actions: wanted.stateless_default_actions.clone(),
            fragment_actions: wanted.stateless_fragment_default_actions.clone(),
            custom_actions: wanted.custom_actions.clone(),
            variables: wanted.variables.clone(),
            tls_inspection: wanted.tls_inspection_configuration_arn.clone(),
            groups: own.chain(wanted.other_rule_groups.iter().cloned()).collect(),
        }
    }

    fn from_service(policy: FirewallPolicy) -> Self {
        let engine = policy
            .stateful_engine_options
            .unwrap_or_else(|| StatefulEngineOptions::builder().build());
        let text = |it: Option<&str>, default: &str| it.unwrap_or(default).to_owned();
        let stateful = policy.stateful_rule_group_references.unwrap_or_default().into_iter();
        let stateful = stateful.map(|it| OtherGroup {
            arn: it.resource_arn,
            priority: it.priority,
            alert_only: it.r#override.is_some_and(|it| it.action.is_some()),
        });
        let stateless = policy.stateless_rule_group_references.unwrap_or_default().into_iter();
        let stateless = stateless.map(|it| OtherGroup {
            arn: it.resource_arn,
            priority: Some(it.priority),
            alert_only: false,
        });
        let variables = policy.policy_variables.and_then(|it| it.rule_variables);
        Self {
            order: text(engine.rule_order.as_ref().map(|it| it.as_str()), "DEFAULT_ACTION_ORDER"),
            stateful_actions: policy.stateful_default_actions.into_iter().flatten().collect(),
            stream_exceptions: text(
                engine.stream_exception_policy.as_ref().map(|it| it.as_str()),
                "DROP",
            ),
            idle_seconds: engine
                .flow_timeouts
                .and_then(|it| it.tcp_idle_timeout_seconds)
                .unwrap_or(350),
            stateless_actions: policy.stateless_default_actions.into_iter().collect(),
            fragment_actions: policy.stateless_fragment_default_actions.into_iter().collect(),
            custom_actions: wire::from_custom_actions(policy.stateless_custom_actions),
            variables: wire::from_ip_sets(variables),
            tls_inspection: policy.tls_inspection_configuration_arn,
            groups: stateful.chain(stateless).collect(),
        }
    }

    fn to_service(&self) -> Result<FirewallPolicy, BuildError> {
        let list = |set: &BTreeSet<String>| Some(set.iter().cloned().collect::<Vec<_>>());
        let engine = StatefulEngineOptions::builder()
            .rule_order(RuleOrder::from(self.order.as_str()))
            .stream_exception_policy(StreamExceptionPolicy::from(self.stream_exceptions.as_str()))
            .flow_timeouts(
                FlowTimeouts::builder().tcp_idle_timeout_seconds(self.idle_seconds).build(),
            )
            .build();
        let (mut stateful, mut stateless) = (Vec::new(), Vec::new());
        for group in &self.groups {
            if Kind::of(&group.arn) == Kind::Stateless {
                let built = StatelessRuleGroupReference::builder().resource_arn(&group.arn);
                stateless.push(built.priority(group.priority.unwrap_or(1)).build()?);
                continue;
            }
            let only_alert =
                StatefulRuleGroupOverride::builder().action(OverrideAction::DropToAlert).build();
            let built = StatefulRuleGroupReference::builder()
                .resource_arn(&group.arn)
                .set_priority(group.priority)
                .set_override(group.alert_only.then_some(only_alert));
            stateful.push(built.build()?);
        }
        let variables = wire::ip_sets(&self.variables)?
            .map(|sets| PolicyVariables::builder().set_rule_variables(Some(sets)).build());
        let actions = Some(&self.stateful_actions).filter(|it| !it.is_empty());
        FirewallPolicy::builder()
            .set_stateless_default_actions(list(&self.stateless_actions))
            .set_stateless_fragment_default_actions(list(&self.fragment_actions))
            .set_stateless_custom_actions(wire::custom_actions(&self.custom_actions)?)
            .set_stateful_default_actions(actions.and_then(list))
            .stateful_engine_options(engine)
            .set_stateful_rule_group_references((!stateful.is_empty()).then_some(stateful))
            .set_stateless_rule_group_references((!stateless.is_empty()).then_some(stateless))
            .set_policy_variables(variables)
            .set_tls_inspection_configuration_arn(self.tls_inspection.clone())
            .build()
    }
}

/// The ARN that the policy of a firewall is to have.
pub fn arn(call: &Call, wanted: &NetworkFirewall) -> String {
    let inspects = wanted.tls_inspection_configuration_arn.is_some();
    let name = policy_name(&wanted.name, &wanted.stateful_rule_order, inspects);
    call.scope.arn("network-firewall", &format!("firewall-policy/{name}"))
}

/// The policy of this ARN; none where it is gone or going.
///
/// # Errors
/// Where the call fails.
pub async fn look(call: &Call, arn: &str) -> Result<Option<Seen>, Failure> {
    let request = call.scope.network_firewall().describe_firewall_policy().firewall_policy_arn(arn);
    let Some(answer) = request.send().await.found(&call.scope, &[GONE])? else { return Ok(None) };
    let (Some(face), Some(policy)) = (answer.firewall_policy_response, answer.firewall_policy)
    else {
        return Ok(None);
    };
    if face.firewall_policy_status == Some(ResourceStatus::Deleting) {
        return Ok(None);
    }
    let tags = tags::from_service(face.tags.clone());
    let content = Content::from_service(policy);
    Ok(Some(Seen { token: answer.update_token, content, face, tags }))
}

/// Makes the policy what it is to be, and gives its ARN.
///
/// # Errors
/// Where a call fails, or a policy of another owner has the name.
pub async fn bring(
    call: &Call,
    wanted: &NetworkFirewall,
    before: &[String],
) -> Result<String, Failure> {
    let arn = arn(call, wanted);
    let content = Content::of(call, wanted);
    let seen = match look(call, &arn).await? {
        Some(seen) => seen,
        None => create(call, wanted, &arn, &content).await?,
    };
    let mark = mark(&seen.tags);
    if !is_own(call, mark.as_ref()) {
        let remedy = "Delete it, or give the firewall another name.";
        return Err(ownership::taken(&arn, mark.as_ref(), remedy).into());
    }
    update(call, wanted, &arn, &content).await?;
    tags::bring(call, &arn, &seen.tags, wanted, before).await?;
    Ok(arn)
}

async fn create(
    call: &Call,
    wanted: &NetworkFirewall,
    arn: &str,
    content: &Content,
) -> Result<Seen, Failure> {
    let key = wanted.kms_key_arn.as_deref();
    let request = call
        .scope
        .network_firewall()
        .create_firewall_policy()
        .firewall_policy_name(super::parts::name_in(arn))
        .description(&wanted.description)
        .firewall_policy(content.to_service().map_err(|error| incomplete(&error))?)
        .encryption_configuration(wire::encryption(key).map_err(|error| incomplete(&error))?)
        .set_tags(Some(tags::to_service(wanted.tagging.for_create(&call.claim))?));
    let answer = request.send().await;
    if answer.as_ref().is_err_and(|error| is_code(error, &[INVALID]))
        && let Some(seen) = look(call, arn).await?
    {
        return Ok(seen);
    }
    answer.at(&call.scope)?;
    call.wait_until(&format!("policy {arn}"), Pace::QUICK, || async {
        let seen = look(call, arn).await?;
        Ok(seen.map_or_else(|| Look::Pending("not there yet".to_owned()), Look::Done))
    })
    .await
}

async fn update(
    call: &Call,
    wanted: &NetworkFirewall,
    arn: &str,
    content: &Content,
) -> Result<(), Failure> {
    let key = wanted.kms_key_arn.clone();
    let encryption = wire::encryption(key.as_deref()).map_err(|error| incomplete(&error))?;
    let said = content.to_service().map_err(|error| incomplete(&error))?;
    let until = Instant::now() + CONTENDED;
    loop {
        let seen = look(call, arn).await?.ok_or_else(|| {
            Diagnostic::error(format!("{arn} is gone"), "Apply again to make it anew.")
        })?;
        let is_face_same = seen.face.description.as_deref().unwrap_or_default()
            == wanted.description
            && wire::key_in(seen.face.encryption_configuration.as_ref()) == key;
        if is_face_same && seen.content == *content {
            return Ok(());
        }
        let request = call
            .scope
            .network_firewall()
            .update_firewall_policy()
            .firewall_policy_arn(arn)
            .update_token(&seen.token)
            .description(&wanted.description)
            .firewall_policy(said.clone())
            .encryption_configuration(encryption.clone());
        match request.send().await {
            Err(error) if is_code(&error, &[STALE, HELD]) && Instant::now() < until => {
                call.pause(Pace::QUICK.pause(1)).await?;
            }
            answer => return answer.at(&call.scope).map(drop),
        }
    }
}

/// Deletes a policy, as soon as no firewall uses it any more.
///
/// # Errors
/// Where the call fails.
pub async fn delete(call: &Call, arn: &str) -> Result<(), Failure> {
    let client = call.scope.network_firewall();
    let request = client.delete_firewall_policy().firewall_policy_arn(arn);
    let is_held = |error: &_| is_code(error, &[HELD]);
    let answer = answer_when_ready(call, CONTENDED, is_held, || request.clone().send()).await?;
    answer.found(&call.scope, &[GONE])?;
    call.wait_until(&format!("deletion of {arn}"), Pace::QUICK, || async {
        let request = client.describe_firewall_policy().firewall_policy_arn(arn);
        Ok(match request.send().await.found(&call.scope, &[GONE])? {
            None => Look::Done(()),
            Some(_) => Look::Pending("still there".to_owned()),
        })
    })
    .await
}
