//! Protection plans of a detector, and the agents that GuardDuty keeps for them.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_guardduty::types::{
    DetectorAdditionalConfiguration, DetectorFeature, DetectorFeatureConfiguration,
    DetectorFeatureConfigurationResult, FeatureAdditionalConfiguration, FeatureStatus,
};
use travel_framework::Plan;
use travel_value::Value;

use super::Feature;

/// What a detector always looks at.
const FOUNDATIONAL: [&str; 3] = ["CLOUD_TRAIL", "DNS_LOGS", "FLOW_LOGS"];
/// Plans with agents, and theirs.
const AGENTS: [(&str, &[&str]); 2] = [
    ("EKS_RUNTIME_MONITORING", &["EKS_ADDON_MANAGEMENT"]),
    (
        "RUNTIME_MONITORING",
        &["EC2_AGENT_MANAGEMENT", "ECS_FARGATE_AGENT_MANAGEMENT", "EKS_ADDON_MANAGEMENT"],
    ),
];

/// The rule of the attribute: names may be newer than this provider, but not those of what is always on.
pub fn are_features(value: &Value) -> Result<(), String> {
    let mut names = value.entries().into_iter().flatten().map(|(name, _)| name);
    let is_name = |name: &str| {
        name.bytes().all(|it| it.is_ascii_uppercase() || it == b'_' || it.is_ascii_digit())
    };
    match names.find(|name| FOUNDATIONAL.contains(&name.as_str()) || !is_name(name)) {
        Some(name) if is_name(name) => {
            Err(format!("plans that can be turned off, which {name} cannot"))
        }
        Some(name) => {
            Err(format!("GuardDuty's names, such as S3_DATA_EVENTS, which {name:?} is none of"))
        }
        None => Ok(()),
    }
}

/// Refuses combinations that GuardDuty would.
pub fn validate(plan: &mut Plan<'_>) {
    let Some(features) = plan.config.get("features").entries().cloned() else { return };
    let is_on = |name: &str| {
        features
            .get(name)
            .is_some_and(|it| it.entries().is_some() && it.get("enabled").as_bool() != Some(false))
    };
    if is_on("EKS_RUNTIME_MONITORING") && is_on("RUNTIME_MONITORING") {
        plan.refuse(
            "features",
            "two plans for the same",
            "RUNTIME_MONITORING has all that EKS_RUNTIME_MONITORING has. Leave out the latter.",
        );
    }
    for (name, feature) in &features {
        let known = agents_of(name);
        let agents = feature.get("agents").elements().unwrap_or_default();
        let unknown = agents.iter().filter_map(Value::as_str).find(|it| !known.contains(it));
        if let Some(unknown) = unknown {
            let detail = match known {
                [] => format!("{name} has no agents."),
                known => format!("The agents of {name} are {}.", known.join(", ")),
            };
            plan.refuse("features", format!("{name} has no agent {unknown:?}"), detail);
        }
    }
}

fn agents_of(name: &str) -> &'static [&'static str] {
    AGENTS.iter().find(|(known, _)| *known == name).map_or(&[], |(_, agents)| agents)
}

/// As the service takes them.
pub fn wire(features: &BTreeMap<String, Feature>) -> Vec<DetectorFeatureConfiguration> {
    let status = |on: bool| if on { FeatureStatus::Enabled } else { FeatureStatus::Disabled };
    let one = |(name, feature): (&String, &Feature)| {
        let agents: Vec<_> = agents_of(name)
            .iter()
            .map(|agent| {
                DetectorAdditionalConfiguration::builder()
                    .name(FeatureAdditionalConfiguration::from(*agent))
                    .status(status(feature.enabled && feature.agents.contains(*agent)))
                    .build()
            })
            .collect();
        DetectorFeatureConfiguration::builder()
            .name(DetectorFeature::from(name.as_str()))
            .status(status(feature.enabled))
            .set_additional_configuration((!agents.is_empty()).then_some(agents))
            .build()
    };
    features.iter().map(one).collect()
}

/// Those that an update has to write.
pub fn changed(
    before: Option<&BTreeMap<String, Feature>>,
    after: Option<&BTreeMap<String, Feature>>,
) -> BTreeMap<String, Feature> {
    let after = after.into_iter().flatten();
    let changed =
        after.filter(|(name, feature)| before.and_then(|it| it.get(*name)) != Some(*feature));
    changed.map(|(name, feature)| (name.clone(), feature.clone())).collect()
}

/// Those of a detector that are `ours`.
pub fn read(
    there: &[DetectorFeatureConfigurationResult],
    ours: impl Fn(&str) -> bool,
) -> BTreeMap<String, Feature> {
    let is_on = |status: Option<&FeatureStatus>| status == Some(&FeatureStatus::Enabled);
    let mut found = BTreeMap::new();
    for feature in there {
        let name = feature.name().map(|it| it.as_str()).unwrap_or_default();
        if FOUNDATIONAL.contains(&name) || !ours(name) {
            continue;
        }
        let agents = feature.additional_configuration().iter();
        let agents = agents.filter(|agent| is_on(agent.status()));
        let agents: BTreeSet<String> =
            agents.filter_map(|agent| Some(agent.name()?.as_str().to_owned())).collect();
        let known = agents_of(name);
        let agents = agents.into_iter().filter(|agent| known.contains(&agent.as_str())).collect();
        found.insert(name.to_owned(), Feature { enabled: is_on(feature.status()), agents });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feature(enabled: bool, agents: &[&str]) -> Feature {
        Feature { enabled, agents: agents.iter().map(|&it| it.to_owned()).collect() }
    }

    #[test]
    fn names_are_those_of_guardduty() {
        for (name, is) in [("S3_DATA_EVENTS", true), ("FLOW_LOGS", false), ("s3", false)] {
            let value = Value::map([(name, Value::object([("enabled", true.into())]))]);
            assert_eq!(are_features(&value).is_ok(), is, "{name}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let features = BTreeMap::from([
            ("RUNTIME_MONITORING".to_owned(), feature(true, &["EKS_ADDON_MANAGEMENT"])),
            ("S3_DATA_EVENTS".to_owned(), feature(false, &[])),
        ]);
        let there: Vec<_> = wire(&features)
            .into_iter()
            .map(|it| {
                use aws_sdk_guardduty::types::{
                    DetectorAdditionalConfigurationResult as Agent, DetectorFeatureResult,
                };
                let agents = it.additional_configuration().iter().map(|agent| {
                    Agent::builder()
                        .set_name(agent.name().cloned())
                        .set_status(agent.status().cloned())
                        .build()
                });
                DetectorFeatureConfigurationResult::builder()
                    .set_name(it.name().map(|name| DetectorFeatureResult::from(name.as_str())))
                    .set_status(it.status().cloned())
                    .set_additional_configuration(Some(agents.collect()))
                    .build()
            })
            .collect();
        assert_eq!(there[0].additional_configuration().len(), 3);
        assert_eq!(read(&there, |_| true), features);
        assert_eq!(read(&there, |name| name == "S3_DATA_EVENTS").len(), 1);
    }

    #[test]
    fn only_what_differs_is_written() {
        let one = BTreeMap::from([
            ("A".to_owned(), feature(true, &[])),
            ("B".to_owned(), feature(true, &[])),
        ]);
        let other = BTreeMap::from([("A".to_owned(), feature(false, &[]))]);
        assert_eq!(changed(Some(&one), Some(&other)), other);
        assert_eq!(changed(None, Some(&one)), one);
        assert!(changed(Some(&one), None).is_empty());
    }
}
