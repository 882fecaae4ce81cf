//! A firewall as it stands, with its policy, its rule groups and its logs.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::try_join_all;
use travel_framework::Failure;
use travel_framework::ownership::Mark;

use super::parts::{Kind, group_arn, is_own, key_of, name_in};
use super::rules::{StatefulGroup, StatelessGroup};
use super::{
    ABSENT, NetworkFirewall, OtherGroup, firewall, groups, logging, policy, removal, wire,
};
use crate::consistency::Call;
use crate::tags::{Tags, mark};
use crate::{Tagging, tags};

/// The firewall with its mark; where there is none, but parts of it are left, what is known of it.
/// None where nothing is left.
///
/// # Errors
/// Where a call fails.
pub async fn look(
    call: &Call,
    state: &NetworkFirewall,
) -> Result<Option<(NetworkFirewall, Option<Mark>)>, Failure> {
    let seen = firewall::look(call, &state.name).await?;
    let Some(seen) = seen.filter(|seen| !seen.is_going()) else {
        return remains(call, state).await;
    };
    let policy_arn = seen.firewall.firewall_policy_arn.clone();
    let (policy, logging) =
        futures::try_join!(policy::look(call, &policy_arn), logging::look(call, &state.name),)?;
    let (tagging, mark) =
        Tagging::read(seen.tags.clone(), &state.tagging, &call.scope.settings().tags);
    let mut object = NetworkFirewall {
        vpc_id: seen.firewall.vpc_id.clone(),
        subnet_ids: seen.subnet_ids(),
        ip_address_type: seen.ip_address_type(&state.ip_address_type),
        description: seen.firewall.description.clone().unwrap_or_default(),
        delete_protection: seen.firewall.delete_protection,
        subnet_change_protection: seen.firewall.subnet_change_protection,
        policy_change_protection: seen.firewall.firewall_policy_change_protection,
        kms_key_arn: wire::key_in(seen.firewall.encryption_configuration.as_ref()),
        // Nothing is the same as no destination.
        logging: logging.or_else(|| state.logging.clone().filter(|it| *it == Default::default())),
        arn: seen.firewall.firewall_arn.clone(),
        policy_arn: Some(policy_arn),
        endpoints: Some(seen.endpoints()),
        firewall_status: Some(seen.status.status.as_str().to_owned()),
        tagging,
        ..state.clone()
    };
    if let Some(policy) = policy {
        read_policy(call, &mut object, policy.content).await?;
    }
    let used = object.rule_group_arns.iter().flatten().map(|(_, arn)| arn.clone());
    let used: BTreeSet<String> = used.chain(object.policy_arn.clone()).collect();
    let leftovers = removal::parts_beside(call, &object.name, &used).await?;
    object.leftover_arns = Some(leftovers.into_iter().map(|part| part.arn).collect());
    Ok(Some((object, mark)))
}

/// What is known of a firewall of which only parts are left.
async fn remains(
    call: &Call,
    state: &NetworkFirewall,
) -> Result<Option<(NetworkFirewall, Option<Mark>)>, Failure> {
    let parts = removal::own_parts(call, &state.name).await?;
    let Some(part) = parts.first() else { return Ok(None) };
    let (tagging, mark) =
        Tagging::read(part.tags.clone(), &state.tagging, &call.scope.settings().tags);
    let arn = call.scope.arn("network-firewall", &format!("firewall/{}", state.name));
    let object = NetworkFirewall {
        arn: Some(arn),
        endpoints: Some(BTreeMap::new()),
        firewall_status: Some(ABSENT.to_owned()),
        leftover_arns: Some(BTreeSet::new()),
        tagging,
        ..state.clone()
    };
    Ok(Some((object, mark)))
}

async fn read_policy(
    call: &Call,
    object: &mut NetworkFirewall,
    content: policy::Content,
) -> Result<(), Failure> {
    object.stateful_rule_order = content.order;
    object.stateful_default_actions = content.stateful_actions;
    object.stream_exception_policy = content.stream_exceptions;
    object.tcp_idle_timeout_seconds = content.idle_seconds;
    object.stateless_default_actions = content.stateless_actions;
    object.stateless_fragment_default_actions = content.fragment_actions;
    object.custom_actions = content.custom_actions;
    object.variables = content.variables;
    object.tls_inspection_configuration_arn = content.tls_inspection;
    let name = object.name.clone();
    let looks = content.groups.into_iter().map(|reference| {
        let name = &name;
        async move {
            let kind = Kind::of(&reference.arn);
            let key = key_of(name, name_in(&reference.arn)).map(str::to_owned);
            let is_here = reference.arn == group_arn(call, kind, name_in(&reference.arn));
            let Some(key) = key.filter(|_| is_here) else { return Ok((reference, None)) };
            let seen = groups::look(call, &reference.arn).await?;
            let own = seen.filter(|seen| is_own(call, mark(&seen.tags).as_ref()));
            Ok::<_, Failure>((reference, own.map(|seen| (kind, key, seen))))
        }
    });
    let (mut stateful, mut stateless) = (BTreeMap::new(), BTreeMap::new());
    let (mut others, mut arns) = (BTreeSet::new(), BTreeMap::new());
    for (reference, own) in try_join_all(looks).await? {
        let Some((kind, key, seen)) = own else {
            others.insert(reference);
            continue;
        };
        arns.insert(format!("{}/{key}", kind.word()), reference.arn.clone());
        match kind {
            Kind::Stateful => drop(stateful.insert(key, stateful_of(&reference, seen))),
            Kind::Stateless => drop(stateless.insert(key, stateless_of(&reference, seen))),
        }
    }
    object.stateful_rule_groups = stateful;
    object.stateless_rule_groups = stateless;
    object.other_rule_groups = others;
    object.rule_group_arns = Some(arns);
    Ok(())
}

fn stateful_of(reference: &OtherGroup, seen: groups::Seen) -> StatefulGroup {
    let said = seen.content.map(|content| wire::from_stateful(content).0).unwrap_or_default();
    StatefulGroup {
        capacity: seen.face.capacity.unwrap_or_default(),
        priority: reference.priority,
        description: seen.face.description.unwrap_or_default(),
        ..said
    }
}

fn stateless_of(reference: &OtherGroup, seen: groups::Seen) -> StatelessGroup {
    let said = seen.content.map(wire::from_stateless).unwrap_or_default();
    StatelessGroup {
        capacity: seen.face.capacity.unwrap_or_default(),
        priority: reference.priority.unwrap_or_default(),
        description: seen.face.description.unwrap_or_default(),
        ..said
    }
}

/// A part that carries the mark of the firewall.
#[derive(Clone, Debug)]
pub struct Part {
    /// Its ARN.
    pub arn: String,
    /// Its tags.
    pub tags: Tags,
}

impl Part {
    /// The part, where it belongs to this very firewall.
    pub fn own(call: &Call, arn: String, tags: Tags) -> Option<Self> {
        is_own(call, tags::mark(&tags).as_ref()).then_some(Self { arn, tags })
    }
}
