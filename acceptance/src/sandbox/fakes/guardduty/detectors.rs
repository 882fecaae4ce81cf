//! One detector: what it looks at, and where its findings go.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use uuid::Uuid;

use super::organization::Organization;
use super::{Place, paged, refused};
use crate::sandbox::fakes::input::Input;
use crate::sandbox::wire::ServiceError;

/// Plans that can be turned on and off, with whether a new detector has them, and their agents.
const FEATURES: [(&str, bool, &[&str]); 7] = [
    ("S3_DATA_EVENTS", true, &[]),
    ("EKS_AUDIT_LOGS", true, &[]),
    ("EBS_MALWARE_PROTECTION", true, &[]),
    ("RDS_LOGIN_EVENTS", true, &[]),
    ("LAMBDA_NETWORK_LOGS", true, &[]),
    ("EKS_RUNTIME_MONITORING", false, &["EKS_ADDON_MANAGEMENT"]),
    (
        "RUNTIME_MONITORING",
        false,
        &["EKS_ADDON_MANAGEMENT", "ECS_FARGATE_AGENT_MANAGEMENT", "EC2_AGENT_MANAGEMENT"],
    ),
];
/// What is always looked at.
const FOUNDATIONAL: [&str; 3] = ["CLOUD_TRAIL", "DNS_LOGS", "FLOW_LOGS"];

/// A detector.
#[derive(Debug)]
pub struct Detector {
    pub id: String,
    pub tags: BTreeMap<String, String>,
    pub organization: Organization,
    enabled: bool,
    frequency: String,
    features: BTreeMap<&'static str, Feature>,
    destination: Option<Destination>,
}

#[derive(Clone, Debug, Default)]
struct Feature {
    enabled: bool,
    agents: BTreeMap<&'static str, bool>,
}

#[derive(Debug)]
struct Destination {
    id: String,
    token: String,
    properties: Value,
    /// Whether somebody has looked since it was made or changed: until then it is verified.
    is_verified: bool,
}

impl Detector {
    /// A new one.
    pub fn new(input: &Input) -> Result<Self, ServiceError> {
        let features = FEATURES.iter().map(|(name, enabled, agents)| {
            let agents = agents.iter().map(|agent| (*agent, false)).collect();
            (*name, Feature { enabled: *enabled, agents })
        });
        let mut detector = Self {
            id: Uuid::new_v4().simple().to_string(),
            tags: tags(input.value("tags")),
            organization: Organization::default(),
            enabled: input.flag("enable").unwrap_or_default(),
            frequency: "SIX_HOURS".to_owned(),
            features: features.collect(),
            destination: None,
        };
        detector.set(input)?;
        Ok(detector)
    }

    /// Its ARN.
    pub fn arn(&self, (account, region): &Place) -> String {
        format!("arn:aws:guardduty:{region}:{account}:detector/{}", self.id)
    }

    /// Refuses to go where members would stay behind.
    pub fn check_may_go(&self) -> Result<(), ServiceError> {
        match self.organization.members.is_empty() {
            true => Ok(()),
            false => Err(refused(
                "The request is rejected because the detector is associated with member accounts.",
            )),
        }
    }

    /// Carries out an operation on it; none where it is about the organization.
    pub fn perform(
        &mut self,
        operation: &str,
        input: &Input,
    ) -> Result<Option<Value>, ServiceError> {
        let output = match operation {
            "GetDetector" => self.shown(),
            "UpdateDetector" => {
                if let Some(enabled) = input.flag("enable") {
                    self.enabled = enabled;
                }
                self.set(input)?;
                json!({})
            }
            "CreatePublishingDestination" => self.publish(input)?,
            "ListPublishingDestinations" => {
                let shown = |it: &Destination| json!({"destinationId": it.id, "destinationType": "S3", "status": it.status()});
                let all = self.destination.iter().map(shown).collect();
                paged("destinations", all, input)?
            }
            "DescribePublishingDestination" => {
                let destination = self.destination(input)?;
                let shown = json!({
                    "destinationId": destination.id,
                    "destinationType": "S3",
                    "status": destination.status(),
                    "publishingFailureStartTimestamp": 0,
                    "destinationProperties": destination.properties,
                });
                destination.is_verified = true;
                shown
            }
            "UpdatePublishingDestination" => {
                let properties = input.value("destinationProperties").clone();
                check_destination(&properties)?;
                let destination = self.destination(input)?;
                destination.properties = properties;
                destination.is_verified = false;
                json!({})
            }
            "DeletePublishingDestination" => {
                self.destination(input)?;
                self.destination = None;
                json!({})
            }
            _ => return Ok(None),
        };
        Ok(Some(output))
    }

    fn set(&mut self, input: &Input) -> Result<(), ServiceError> {
        if let Some(frequency) = input.optional_text("findingPublishingFrequency") {
            self.frequency = frequency.to_owned();
        }
        let mut features = self.features.clone();
        for wanted in input.value("features").as_array().into_iter().flatten() {
            let name = wanted["name"].as_str().unwrap_or_default();
            let Some(feature) = features.get_mut(name) else {
                return Err(refused(format!("The feature {name} is not supported.")));
            };
            feature.enabled = wanted["status"] == "ENABLED";
            for agent in wanted["additionalConfiguration"].as_array().into_iter().flatten() {
                let name = agent["name"].as_str().unwrap_or_default();
                let Some(known) = feature.agents.get_mut(name) else {
                    return Err(refused(format!("The configuration {name} is not supported.")));
                };
                *known = agent["status"] == "ENABLED";
                if *known && !feature.enabled {
                    return Err(refused("Agents are managed only where the feature is enabled."));
                }
            }
        }
        if features["EKS_RUNTIME_MONITORING"].enabled && features["RUNTIME_MONITORING"].enabled {
            return Err(refused(
                "The request is rejected because both EKS_RUNTIME_MONITORING and RUNTIME_MONITORING are enabled.",
            ));
        }
        self.features = features;
        Ok(())
    }

    fn shown(&self) -> Value {
        let status = |on: bool| if on { "ENABLED" } else { "DISABLED" };
        let foundational =
            FOUNDATIONAL.iter().map(|name| json!({"name": name, "status": status(self.enabled)}));
        let features = self.features.iter().map(|(name, feature)| {
            let agents = feature.agents.iter();
            let agents: Vec<Value> =
                agents.map(|(name, on)| json!({"name": name, "status": status(*on)})).collect();
            json!({"name": name, "status": status(feature.enabled), "additionalConfiguration": agents})
        });
        let features: Vec<Value> = foundational.chain(features).collect();
        let mut shown = json!({
            "createdAt": "2026-01-01T00:00:00.000Z",
            "updatedAt": "2026-01-01T00:00:00.000Z",
            "findingPublishingFrequency": self.frequency,
            "serviceRole": "arn:aws:iam::000000000000:role/aws-service-role/guardduty.amazonaws.com/AWSServiceRoleForAmazonGuardDuty",
            "status": status(self.enabled),
            "features": features,
        });
        if !self.tags.is_empty() {
            shown["tags"] = json!(self.tags);
        }
        shown
    }

    fn publish(&mut self, input: &Input) -> Result<Value, ServiceError> {
        let token = input.text("clientToken");
        if let Some(there) = &self.destination {
            return match !token.is_empty() && there.token == token {
                true => Ok(json!({"destinationId": there.id})),
                false => Err(refused(
                    "The request failed because a publishing destination of this type already exists.",
                )),
            };
        }
        let properties = input.value("destinationProperties").clone();
        check_destination(&properties)?;
        let id = Uuid::new_v4().simple().to_string();
        let token = token.to_owned();
        self.destination =
            Some(Destination { id: id.clone(), token, properties, is_verified: false });
        Ok(json!({"destinationId": id}))
    }

    fn destination(&mut self, input: &Input) -> Result<&mut Destination, ServiceError> {
        let id = input.text("DestinationId");
        let known = self.destination.as_mut().filter(|it| it.id == id);
        known.ok_or_else(|| refused("The request failed because there is no such destination."))
    }
}

impl Destination {
    const fn status(&self) -> &'static str {
        if self.is_verified { "PUBLISHING" } else { "PENDING_VERIFICATION" }
    }
}

fn check_destination(properties: &Value) -> Result<(), ServiceError> {
    let starts = |name: &str, with: &str| {
        properties[name].as_str().is_some_and(|text| text.starts_with(with))
    };
    match starts("destinationArn", "arn:aws:s3:::") && starts("kmsKeyArn", "arn:aws:kms:") {
        true => Ok(()),
        false => Err(refused("The request failed because the destination properties are invalid.")),
    }
}

/// Tags as they come.
pub fn tags(value: &Value) -> BTreeMap<String, String> {
    let entries = value.as_object().into_iter().flatten();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    entries.map(|(key, value)| (key.clone(), text(value))).collect()
}
