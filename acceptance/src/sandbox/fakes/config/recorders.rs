//! What an account has of Config in a region: at most one recorder of its own, one channel, one
//! retention; and rules and aggregators.

use serde_json::{Value, json};
use uuid::Uuid;

use super::aggregators::{self, Aggregators};
use super::rules::{self, Rules};
use super::tags::Tags;
use super::{Place, listed};
use crate::sandbox::fakes::input::Input;
use crate::sandbox::fakes::neighbours::partition;
use crate::sandbox::wire::ServiceError;

/// The name of the retention.
const RETENTION: &str = "default";

/// A recorder.
#[derive(Debug)]
pub struct Recorder {
    /// Its ARN.
    pub arn: String,
    /// Its tags.
    pub tags: Tags,
    name: String,
    said: Value,
    is_recording: bool,
}

/// An account in a region.
#[derive(Debug, Default)]
pub struct Region {
    /// The recorder.
    pub recorder: Option<Recorder>,
    /// The rules by name.
    pub rules: Rules,
    /// The aggregators by name.
    pub aggregators: Aggregators,
    channel: Option<Value>,
    retention: Option<i64>,
}

impl Region {
    /// Carries out an operation.
    ///
    /// # Errors
    /// What the service refuses.
    pub fn perform(
        &mut self,
        place: &Place,
        operation: &str,
        input: &Input,
    ) -> Result<Value, ServiceError> {
        match operation {
            "PutConfigurationRecorder" => self.put_recorder(place, input),
            "DescribeConfigurationRecorders" => {
                let recorder = self.named(input)?.map(Recorder::shown);
                Ok(listed("ConfigurationRecorders", recorder))
            }
            "DescribeConfigurationRecorderStatus" => {
                let status = self.named(input)?.map(|recorder| {
                    json!({
                        "arn": recorder.arn,
                        "name": recorder.name,
                        "recording": recorder.is_recording,
                        "lastStatus": if recorder.is_recording { "Pending" } else { "NotApplicable" },
                    })
                });
                Ok(listed("ConfigurationRecordersStatus", status))
            }
            "StartConfigurationRecorder" => {
                let has_channel = self.channel.is_some();
                let recorder = self.known(input)?;
                if !has_channel {
                    return Err(ServiceError::new(
                        "NoAvailableDeliveryChannelException",
                        "Delivery channel is not available to start configuration recorder.",
                    ));
                }
                recorder.is_recording = true;
                Ok(json!({}))
            }
            "StopConfigurationRecorder" => {
                self.known(input)?.is_recording = false;
                Ok(json!({}))
            }
            "DeleteConfigurationRecorder" => {
                self.known(input)?;
                self.recorder = None;
                Ok(json!({}))
            }
            "PutDeliveryChannel" => self.put_channel(input),
            "DescribeDeliveryChannels" => self.channels(input),
            "DeleteDeliveryChannel" => self.delete_channel(input),
            "PutRetentionConfiguration" => {
                self.retention = input.number("RetentionPeriodInDays");
                Ok(json!({"RetentionConfiguration": self.shown_retention()}))
            }
            "DescribeRetentionConfigurations" => {
                Ok(listed("RetentionConfigurations", self.shown_retention()))
            }
            "DeleteRetentionConfiguration" => {
                let is_it = input.text("RetentionConfigurationName") == RETENTION;
                match self.retention.take().filter(|_| is_it) {
                    Some(_) => Ok(json!({})),
                    None => Err(ServiceError::new(
                        "NoSuchRetentionConfigurationException",
                        "Cannot find retention configuration with the specified name.",
                    )),
                }
            }
            "TagResource" | "UntagResource" | "ListTagsForResource" => self.tags(operation, input),
            "PutConfigRule" if self.recorder.is_none() => Err(ServiceError::new(
                "NoAvailableConfigurationRecorderException",
                "Configuration recorder is not available to put config rule.",
            )),
            "PutConfigRule" => rules::put(&mut self.rules, place, input),
            "DescribeConfigRules" => rules::describe(&mut self.rules, input),
            "GetCustomRulePolicy" => rules::policy(&self.rules, input),
            "DeleteConfigRule" => rules::delete(&mut self.rules, input),
            "PutConfigurationAggregator" => aggregators::put(&mut self.aggregators, place, input),
            "DescribeConfigurationAggregators" => aggregators::describe(&self.aggregators, input),
            "DeleteConfigurationAggregator" => aggregators::delete(&mut self.aggregators, input),
            other => {
                let message = format!("the sandbox does not know {other} of Config");
                Err(ServiceError::new("SandboxNotImplemented", message).with_status(501))
            }
        }
    }

    fn put_recorder(&mut self, place: &Place, input: &Input) -> Result<Value, ServiceError> {
        let said = input.value("ConfigurationRecorder");
        let name = said["name"].as_str().filter(|name| !name.is_empty()).unwrap_or("default");
        check_group(&said["recordingGroup"])?;
        if let Some(there) = &mut self.recorder {
            if there.name != name {
                let message = format!(
                    "Failed to put configuration recorder '{name}' because the maximum number of configuration \
                     recorders: 1 is reached.",
                );
                let code = "MaxNumberOfConfigurationRecordersExceededException";
                return Err(ServiceError::new(code, message));
            }
            // Tags of a recorder that is there already are not looked at.
            there.said = said.clone();
            return Ok(json!({}));
        }
        let (account, region) = place;
        let id = Uuid::new_v4().simple().to_string();
        let arn = format!(
            "arn:{}:config:{region}:{account}:configuration-recorder/{name}/{}",
            partition(region),
            id.get(..16).unwrap_or(&id),
        );
        let recorder = Recorder {
            arn,
            tags: Tags::of(input.value("Tags"))?,
            name: name.to_owned(),
            said: said.clone(),
            is_recording: false,
        };
        self.recorder = Some(recorder);
        Ok(json!({}))
    }

    /// The recorder that a request is about by a list of names, or whichever there is.
    fn named(&self, input: &Input) -> Result<Option<&Recorder>, ServiceError> {
        let names = input.texts("ConfigurationRecorderNames");
        let found = self.recorder.as_ref();
        let found = found.filter(|it| names.is_empty() || names.contains(&it.name));
        match names.first() {
            Some(name) if found.is_none() => Err(no_recorder(name)),
            _ => Ok(found),
        }
    }

    fn known(&mut self, input: &Input) -> Result<&mut Recorder, ServiceError> {
        let name = input.text("ConfigurationRecorderName");
        let recorder = self.recorder.as_mut().filter(|it| it.name == name);
        recorder.ok_or_else(|| no_recorder(name))
    }

    fn put_channel(&mut self, input: &Input) -> Result<Value, ServiceError> {
        if self.recorder.is_none() {
            return Err(ServiceError::new(
                "NoAvailableConfigurationRecorderException",
                "Configuration recorder is not available to put delivery channel.",
            ));
        }
        let mut said = input.value("DeliveryChannel").clone();
        if said["name"].as_str().unwrap_or_default().is_empty() {
            said["name"] = "default".into();
        }
        if self.channel.as_ref().is_some_and(|there| there["name"] != said["name"]) {
            let message = format!(
                "Failed to put delivery channel {} because the maximum number of delivery channels: 1 is reached.",
                said["name"],
            );
            return Err(ServiceError::new("MaxNumberOfDeliveryChannelsExceededException", message));
        }
        self.channel = Some(said);
        Ok(json!({}))
    }

    fn channels(&self, input: &Input) -> Result<Value, ServiceError> {
        let names = input.texts("DeliveryChannelNames");
        let is_asked = |channel: &&Value| {
            names.is_empty() || names.iter().any(|name| channel["name"] == name.as_str())
        };
        let found = self.channel.as_ref().filter(is_asked);
        match names.first() {
            Some(name) if found.is_none() => Err(no_channel(name)),
            _ => Ok(listed("DeliveryChannels", found.cloned())),
        }
    }

    fn delete_channel(&mut self, input: &Input) -> Result<Value, ServiceError> {
        let name = input.text("DeliveryChannelName");
        if self.channel.as_ref().is_none_or(|channel| channel["name"] != name) {
            return Err(no_channel(name));
        }
        if self.recorder.as_ref().is_some_and(|recorder| recorder.is_recording) {
            let message = format!(
                "Failed to delete last specified delivery channel with name '{name}', because there is a running \
                 configuration recorder.",
            );
            return Err(ServiceError::new("LastDeliveryChannelDeleteFailedException", message));
        }
        self.channel = None;
        Ok(json!({}))
    }

    fn shown_retention(&self) -> Option<Value> {
        self.retention.map(|days| json!({"Name": RETENTION, "RetentionPeriodInDays": days}))
    }

    fn tags(&mut self, operation: &str, input: &Input) -> Result<Value, ServiceError> {
        let arn = input.text("ResourceArn");
        let found = self.tagged_mut().find(|(its, _)| *its == arn);
        let (_, tags) = found.ok_or_else(|| {
            ServiceError::new("ResourceNotFoundException", format!("{arn} does not exist."))
        })?;
        tags.perform(operation, input)
    }

    fn tagged_mut(&mut self) -> impl Iterator<Item = (&str, &mut Tags)> {
        let recorder = self.recorder.iter_mut().map(|it| (it.arn.as_str(), &mut it.tags));
        let rules = self.rules.values_mut().map(|it| (it.arn.as_str(), &mut it.tags));
        let aggregators = self.aggregators.values_mut();
        recorder.chain(rules).chain(aggregators.map(|it| (it.arn.as_str(), &mut it.tags)))
    }

    /// What has tags, by ARN.
    pub fn tagged(
        &self,
    ) -> impl Iterator<Item = (String, std::collections::BTreeMap<String, String>)> {
        let recorder = self.recorder.iter().map(|it| (&it.arn, &it.tags));
        // What is on its way out is not listed any more.
        let rules = self.rules.values().filter(|it| !it.is_leaving());
        let rules = rules.map(|it| (&it.arn, &it.tags));
        let aggregators = self.aggregators.values().map(|it| (&it.arn, &it.tags));
        let all = recorder.chain(rules).chain(aggregators);
        all.map(|(arn, tags)| (arn.clone(), tags.0.clone()))
    }
}

impl Recorder {
    fn shown(&self) -> Value {
        let mut shown = self.said.clone();
        shown["name"] = self.name.as_str().into();
        shown["arn"] = self.arn.as_str().into();
        shown["recordingScope"] = "PAID".into();
        if shown["recordingMode"].is_null() {
            shown["recordingMode"] = json!({"recordingFrequency": "CONTINUOUS"});
        }
        shown
    }
}

/// A group is of all types, of some, or of all but some, and says so in one way.
fn check_group(group: &Value) -> Result<(), ServiceError> {
    let has = |list: &Value| list.as_array().is_some_and(|all| !all.is_empty());
    let is_all = group["allSupported"] == true;
    let chosen = has(&group["resourceTypes"]);
    let left_out = has(&group["exclusionByResourceTypes"]["resourceTypes"]);
    let only = group["recordingStrategy"]["useOnly"].as_str().unwrap_or_default();
    let is_one = match only {
        "ALL_SUPPORTED_RESOURCE_TYPES" => is_all && !chosen && !left_out,
        "INCLUSION_BY_RESOURCE_TYPES" => !is_all && chosen && !left_out,
        "EXCLUSION_BY_RESOURCE_TYPES" => !is_all && !chosen && left_out,
        _ => !(left_out || is_all && chosen),
    };
    let global = group["includeGlobalResourceTypes"] == true && !is_all;
    match is_one && !global {
        true => Ok(()),
        false => Err(ServiceError::new(
            "InvalidRecordingGroupException",
            "The recording group provided is not valid.",
        )),
    }
}

fn no_recorder(name: &str) -> ServiceError {
    let message = format!("Cannot find configuration recorder with the specified name '{name}'.");
    ServiceError::new("NoSuchConfigurationRecorderException", message)
}

fn no_channel(name: &str) -> ServiceError {
    let message = format!("Cannot find delivery channel with specified name '{name}'.");
    ServiceError::new("NoSuchDeliveryChannelException", message)
}
