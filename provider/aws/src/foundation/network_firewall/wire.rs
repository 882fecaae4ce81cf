//! Rule groups as the service writes them, and as they are configured.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_networkfirewall::types::{
    ActionDefinition, Address, CustomAction, Dimension, EncryptionConfiguration, EncryptionType,
    GeneratedRulesType, Header, IpSet, IpSetReference, MatchAttributes, PortRange, PortSet,
    PublishMetricAction, ReferenceSets, RuleDefinition, RuleGroup, RuleOption as ServiceOption,
    RuleOrder, RuleVariables, RulesSource, RulesSourceList, StatefulAction, StatefulRule,
    StatefulRuleDirection, StatefulRuleOptions, StatefulRuleProtocol,
    StatelessRule as ServiceStatelessRule, StatelessRulesAndCustomActions, TargetType, TcpFlag,
    TcpFlagField,
};
use aws_smithy_types::error::operation::BuildError;

use super::rules::{
    DomainList, FiveTupleRule, RuleOption, StatefulGroup, StatelessGroup, StatelessRule, TcpFlags,
};

/// The keyword of a rule's number.
const SID: &str = "sid";

/// How everything is encrypted.
pub fn encryption(key: Option<&str>) -> Result<EncryptionConfiguration, BuildError> {
    let kind = match key {
        Some(_) => EncryptionType::CustomerKms,
        None => EncryptionType::AwsOwnedKmsKey,
    };
    EncryptionConfiguration::builder().r#type(kind).set_key_id(key.map(str::to_owned)).build()
}

/// The customer's key in an answer.
pub fn key_in(encryption: Option<&EncryptionConfiguration>) -> Option<String> {
    let of_customer = encryption.filter(|it| it.r#type == EncryptionType::CustomerKms);
    of_customer.and_then(|it| it.key_id.clone())
}

/// Sets of addresses.
pub fn ip_sets(
    sets: &BTreeMap<String, BTreeSet<String>>,
) -> Result<Option<HashMap<String, IpSet>>, BuildError> {
    let set = |values: &BTreeSet<String>| {
        IpSet::builder().set_definition(Some(values.iter().cloned().collect())).build()
    };
    let sets = sets.iter().map(|(name, values)| Ok((name.clone(), set(values)?)));
    sets.collect::<Result<HashMap<_, _>, BuildError>>().map(some)
}

/// The sets in an answer.
pub fn from_ip_sets(sets: Option<HashMap<String, IpSet>>) -> BTreeMap<String, BTreeSet<String>> {
    let sets = sets.unwrap_or_default().into_iter();
    sets.map(|(name, set)| (name, set.definition.into_iter().collect())).collect()
}

/// Actions that publish a metric.
pub fn custom_actions(
    actions: &BTreeMap<String, String>,
) -> Result<Option<Vec<CustomAction>>, BuildError> {
    let action = |(name, value): (&String, &String)| {
        let dimension = Dimension::builder().value(value).build()?;
        let publish = PublishMetricAction::builder().dimensions(dimension).build()?;
        let definition = ActionDefinition::builder().publish_metric_action(publish).build();
        CustomAction::builder().action_name(name).action_definition(definition).build()
    };
    let actions: Vec<_> = actions.iter().map(action).collect::<Result<_, _>>()?;
    Ok((!actions.is_empty()).then_some(actions))
}

/// The actions in an answer.
pub fn from_custom_actions(actions: Option<Vec<CustomAction>>) -> BTreeMap<String, String> {
    let one = |action: CustomAction| {
        let published = action.action_definition.and_then(|it| it.publish_metric_action);
        let value = published.and_then(|it| it.dimensions.into_iter().next()).map(|it| it.value);
        (action.action_name, value.unwrap_or_default())
    };
    actions.unwrap_or_default().into_iter().map(one).collect()
}

/// What a stateful group says, for the service.
pub fn stateful(group: &StatefulGroup, order: &str) -> Result<RuleGroup, BuildError> {
    let list = group.domain_list.as_ref().map(domain_list).transpose()?;
    let tuples = group.five_tuple_rules.as_ref();
    let tuples = tuples.map(|rules| rules.iter().map(five_tuple).collect()).transpose()?;
    let source = RulesSource::builder()
        .set_rules_string(group.suricata_rules.clone())
        .set_rules_source_list(list)
        .set_stateful_rules(tuples)
        .build();
    let ports = group.port_sets.iter().map(|(name, values)| {
        let values = values.iter().cloned().collect();
        (name.clone(), PortSet::builder().set_definition(Some(values)).build())
    });
    let references = group
        .ip_set_references
        .iter()
        .map(|(name, arn)| (name.clone(), IpSetReference::builder().reference_arn(arn).build()));
    let (addresses, ports) = (ip_sets(&group.ip_sets)?, some(ports.collect()));
    let has_variables = addresses.is_some() || ports.is_some();
    let variables = RuleVariables::builder().set_ip_sets(addresses).set_port_sets(ports).build();
    let references = some(references.collect())
        .map(|it| ReferenceSets::builder().set_ip_set_references(Some(it)).build());
    let options = StatefulRuleOptions::builder().rule_order(RuleOrder::from(order)).build();
    Ok(RuleGroup::builder()
        .rules_source(source)
        .set_rule_variables(has_variables.then_some(variables))
        .set_reference_sets(references)
        .stateful_rule_options(options)
        .build())
}

fn some<T>(map: HashMap<String, T>) -> Option<HashMap<String, T>> {
    (!map.is_empty()).then_some(map)
}

fn domain_list(list: &DomainList) -> Result<RulesSourceList, BuildError> {
    let kinds = list.kinds.iter().map(|kind| TargetType::from(kind.as_str())).collect();
    RulesSourceList::builder()
        .generated_rules_type(GeneratedRulesType::from(list.action.as_str()))
        .set_targets(Some(list.domains.iter().cloned().collect()))
        .set_target_types(Some(kinds))
        .build()
}

fn five_tuple(rule: &FiveTupleRule) -> Result<StatefulRule, BuildError> {
    let header = Header::builder()
        .protocol(StatefulRuleProtocol::from(rule.protocol.as_str()))
        .source(&rule.source)
        .source_port(&rule.source_port)
        .direction(StatefulRuleDirection::from(rule.direction.as_str()))
        .destination(&rule.destination)
        .destination_port(&rule.destination_port)
        .build()?;
    let sid = ServiceOption::builder().keyword(SID).settings(rule.sid.to_string()).build()?;
    let mut options = vec![sid];
    for option in &rule.options {
        let settings = (!option.settings.is_empty()).then(|| option.settings.clone());
        let built = ServiceOption::builder().keyword(&option.keyword).set_settings(settings);
        options.push(built.build()?);
    }
    StatefulRule::builder()
        .action(StatefulAction::from(rule.action.as_str()))
        .header(header)
        .set_rule_options(Some(options))
        .build()
}

/// What a stateful group says, but for capacity, priority and description, and the order its rules
/// are in.
pub fn from_stateful(group: RuleGroup) -> (StatefulGroup, Option<String>) {
    let order = group.stateful_rule_options.and_then(|it| it.rule_order);
    let source = group.rules_source;
    let (text, list, tuples) = source
        .map(|it| (it.rules_string, it.rules_source_list, it.stateful_rules))
        .unwrap_or_default();
    let (addresses, ports) =
        group.rule_variables.map(|it| (it.ip_sets, it.port_sets)).unwrap_or_default();
    let references = group.reference_sets.and_then(|it| it.ip_set_references).unwrap_or_default();
    let tuples = tuples.filter(|it| !it.is_empty());
    let said = StatefulGroup {
        suricata_rules: text.filter(|text| !text.is_empty()),
        domain_list: list.map(|list| DomainList {
            action: list.generated_rules_type.as_str().to_owned(),
            domains: list.targets.into_iter().collect(),
            kinds: list.target_types.iter().map(|kind| kind.as_str().to_owned()).collect(),
        }),
        five_tuple_rules: tuples.map(|rules| rules.into_iter().map(from_five_tuple).collect()),
        ip_sets: from_ip_sets(addresses),
        port_sets: ports
            .unwrap_or_default()
            .into_iter()
            .map(|(name, set)| (name, set.definition.unwrap_or_default().into_iter().collect()))
            .collect(),
        ip_set_references: references
            .into_iter()
            .map(|(name, it)| (name, it.reference_arn.unwrap_or_default()))
            .collect(),
        ..StatefulGroup::default()
    };
    (said, order.map(|order| order.as_str().to_owned()))
}

fn from_five_tuple(rule: StatefulRule) -> FiveTupleRule {
    let mut said =
        FiveTupleRule { action: rule.action.as_str().to_owned(), ..FiveTupleRule::default() };
    if let Some(header) = rule.header {
        said.protocol = header.protocol.as_str().to_owned();
        said.source = header.source;
        said.source_port = header.source_port;
        said.destination = header.destination;
        said.destination_port = header.destination_port;
        said.direction = header.direction.as_str().to_owned();
    }
    for option in rule.rule_options {
        let settings = option.settings.unwrap_or_default();
        let number = settings.first().and_then(|it| it.parse().ok());
        match (option.keyword.as_str(), number) {
            (SID, Some(sid)) => said.sid = sid,
            _ => said.options.push(RuleOption { keyword: option.keyword, settings }),
        }
    }
    said
}

/// What a stateless group says, for the service.
pub fn stateless(group: &StatelessGroup) -> Result<RuleGroup, BuildError> {
    let rules: Vec<_> = group.rules.iter().map(stateless_rule).collect::<Result<_, _>>()?;
    let rules = StatelessRulesAndCustomActions::builder()
        .set_stateless_rules(Some(rules))
        .set_custom_actions(custom_actions(&group.custom_actions)?)
        .build()?;
    let source = RulesSource::builder().stateless_rules_and_custom_actions(rules).build();
    Ok(RuleGroup::builder().rules_source(source).build())
}

fn stateless_rule(rule: &StatelessRule) -> Result<ServiceStatelessRule, BuildError> {
    let addresses = |ranges: &BTreeSet<String>| {
        let built = ranges.iter().map(|it| Address::builder().address_definition(it).build());
        built.collect::<Result<Vec<_>, _>>().map(|it| (!it.is_empty()).then_some(it))
    };
    let ports = |ranges: &BTreeSet<String>| {
        let built = ranges.iter().filter_map(|range| {
            let (from, to) = port_range(range)?;
            Some(PortRange::builder().from_port(from).to_port(to).build())
        });
        let built: Vec<_> = built.collect();
        (!built.is_empty()).then_some(built)
    };
    let flags = |names: &BTreeSet<String>| {
        let flags = names.iter().map(|it| TcpFlag::from(it.as_str()));
        flags.collect::<Vec<_>>()
    };
    let tcp: Vec<_> = rule
        .tcp_flags
        .iter()
        .map(|it| {
            let masks = Some(flags(&it.masks)).filter(|masks| !masks.is_empty());
            TcpFlagField::builder().set_flags(Some(flags(&it.flags))).set_masks(masks).build()
        })
        .collect::<Result<_, _>>()?;
    let protocols: Vec<i32> = rule.protocols.iter().copied().collect();
    let matches = MatchAttributes::builder()
        .set_sources(addresses(&rule.sources)?)
        .set_destinations(addresses(&rule.destinations)?)
        .set_source_ports(ports(&rule.source_ports))
        .set_destination_ports(ports(&rule.destination_ports))
        .set_protocols((!protocols.is_empty()).then_some(protocols))
        .set_tcp_flags((!tcp.is_empty()).then_some(tcp))
        .build();
    let definition = RuleDefinition::builder()
        .match_attributes(matches)
        .set_actions(Some(rule.actions.iter().cloned().collect()))
        .build()?;
    ServiceStatelessRule::builder().rule_definition(definition).priority(rule.priority).build()
}

/// A range of ports, as in `443` or `1024-65535`.
pub fn port_range(text: &str) -> Option<(i32, i32)> {
    let port = |text: &str| text.parse::<u16>().ok().map(i32::from);
    let (from, to) = match text.split_once('-') {
        Some((from, to)) => (port(from)?, port(to)?),
        None => (port(text)?, port(text)?),
    };
    (from <= to).then_some((from, to))
}

/// What a stateless group says, but for capacity, priority and description.
pub fn from_stateless(group: RuleGroup) -> StatelessGroup {
    let said = group.rules_source.and_then(|it| it.stateless_rules_and_custom_actions);
    let (rules, actions) =
        said.map(|it| (it.stateless_rules, it.custom_actions)).unwrap_or_default();
    let mut rules: Vec<_> = rules.into_iter().map(from_stateless_rule).collect();
    rules.sort_by_key(|rule| rule.priority);
    StatelessGroup {
        rules,
        custom_actions: from_custom_actions(actions),
        ..StatelessGroup::default()
    }
}

fn from_stateless_rule(rule: ServiceStatelessRule) -> StatelessRule {
    let mut said = StatelessRule { priority: rule.priority, ..StatelessRule::default() };
    let Some(definition) = rule.rule_definition else { return said };
    said.actions = definition.actions.into_iter().collect();
    let Some(matches) = definition.match_attributes else { return said };
    let addresses = |ranges: Option<Vec<Address>>| {
        ranges.unwrap_or_default().into_iter().map(|it| it.address_definition).collect()
    };
    let ports = |ranges: Option<Vec<PortRange>>| {
        let text = |it: PortRange| match it.from_port == it.to_port {
            true => it.from_port.to_string(),
            false => format!("{}-{}", it.from_port, it.to_port),
        };
        ranges.unwrap_or_default().into_iter().map(text).collect()
    };
    let names = |flags: Vec<TcpFlag>| flags.iter().map(|it| it.as_str().to_owned()).collect();
    said.sources = addresses(matches.sources);
    said.destinations = addresses(matches.destinations);
    said.source_ports = ports(matches.source_ports);
    said.destination_ports = ports(matches.destination_ports);
    said.protocols = matches.protocols.unwrap_or_default().into_iter().collect();
    said.tcp_flags = matches
        .tcp_flags
        .unwrap_or_default()
        .into_iter()
        .map(|it| TcpFlags { flags: names(it.flags), masks: names(it.masks.unwrap_or_default()) })
        .collect();
    said
}
