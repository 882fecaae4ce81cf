//! Firewalls: their endpoints, their protections and their logs.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{
    State, Tags, add_tags, check_token, encryption, held, invalid, missing, name_in, new_token,
    paged, shown_tags, unknown,
};
use crate::sandbox::fakes::input::Input;
use crate::sandbox::wire::ServiceError;

/// A firewall.
#[derive(Debug)]
pub(super) struct Firewall {
    pub tags: Tags,
    pub policy: String,
    pub network: String,
    id: String,
    token: String,
    description: Option<String>,
    encryption: Value,
    /// Which of the changes it is protected from.
    protections: BTreeMap<&'static str, bool>,
    pub endpoints: BTreeMap<String, Endpoint>,
    logs: Vec<Value>,
    /// How often it is still described as in the midst of a change.
    looks_left: u32,
    /// The same for the policy's way to its endpoints.
    syncs_left: u32,
    is_going: bool,
}

/// What stands in a subnet, by its id.
#[derive(Debug)]
pub(super) struct Endpoint {
    zone: String,
    pub id: String,
    mapping: Value,
    is_going: bool,
}

/// What a protection is called, and the operation that sets it.
const PROTECTIONS: [(&str, &str); 3] = [
    ("DeleteProtection", "UpdateFirewallDeleteProtection"),
    ("SubnetChangeProtection", "UpdateSubnetChangeProtection"),
    ("FirewallPolicyChangeProtection", "UpdateFirewallPolicyChangeProtection"),
];

impl Firewall {
    fn shown(&self, arn: &str) -> Value {
        let endpoints = self.endpoints.values().filter(|it| !it.is_going);
        let mut shown = json!({
            "FirewallArn": arn,
            "FirewallName": name_in(arn),
            "FirewallId": self.id,
            "FirewallPolicyArn": self.policy,
            "VpcId": self.network,
            "SubnetMappings": endpoints.map(|it| it.mapping.clone()).collect::<Vec<_>>(),
            "Description": self.description,
            "EncryptionConfiguration": self.encryption,
        });
        for (name, on) in &self.protections {
            shown[*name] = (*on).into();
        }
        if !self.tags.is_empty() {
            shown["Tags"] = shown_tags(&self.tags).into();
        }
        shown
    }

    fn status(&self) -> Value {
        let is_busy = self.looks_left > 0;
        let status = match (self.is_going, is_busy) {
            (true, _) => "DELETING",
            (false, true) => "PROVISIONING",
            (false, false) => "READY",
        };
        let is_synced = !is_busy && self.syncs_left == 0;
        let sync = if is_synced { "IN_SYNC" } else { "PENDING" };
        let mut states = Map::new();
        for (subnet, endpoint) in &self.endpoints {
            let state = match (self.is_going || endpoint.is_going, is_busy) {
                (true, _) => "DELETING",
                (false, true) => "CREATING",
                (false, false) => "READY",
            };
            let mut attachment = json!({"SubnetId": subnet, "Status": state});
            if state != "CREATING" {
                attachment["EndpointId"] = endpoint.id.as_str().into();
            }
            let config = json!({"SyncStatus": sync, "UpdateToken": self.token});
            states.insert(
                endpoint.zone.clone(),
                json!({"Attachment": attachment, "Config": {name_in(&self.policy): config}}),
            );
        }
        json!({"Status": status, "ConfigurationSyncStateSummary": sync, "SyncStates": states})
    }

    /// One more look at it: what is under way goes on.
    fn pass(&mut self) {
        if self.looks_left > 0 {
            self.looks_left -= 1;
        } else if self.syncs_left > 0 {
            self.syncs_left -= 1;
        }
        if self.looks_left == 0 {
            self.endpoints.retain(|_, endpoint| !endpoint.is_going);
        }
    }

    fn is_protected(&self, name: &str) -> bool {
        self.protections.get(name) == Some(&true)
    }

    fn associate(
        &mut self,
        input: &Input,
        zones: &BTreeMap<String, String>,
    ) -> Result<(), ServiceError> {
        let mut taken: BTreeSet<String> =
            self.endpoints.values().map(|it| it.zone.clone()).collect();
        let mut new = Vec::new();
        for mapping in input.value("SubnetMappings").as_array().into_iter().flatten() {
            let subnet = mapping["SubnetId"].as_str().unwrap_or_default().to_owned();
            let zone = zones.get(&subnet).cloned().unwrap_or_default();
            if self.endpoints.contains_key(&subnet) {
                return Err(invalid(format!("subnet {subnet} is associated already")));
            }
            if !taken.insert(zone.clone()) {
                return Err(invalid(format!("the firewall has a subnet in {zone} already")));
            }
            let mut mapping = mapping.clone();
            if mapping["IPAddressType"].is_null() {
                mapping["IPAddressType"] = "IPV4".into();
            }
            // EC2 gives the id.
            new.push((subnet, Endpoint { zone, id: String::new(), mapping, is_going: false }));
        }
        self.endpoints.extend(new);
        Ok(())
    }

    /// Takes a list of destinations that differs by one from what is there.
    fn log(&mut self, input: &Input) -> Result<(), ServiceError> {
        let configuration = input.inner("LoggingConfiguration");
        let wanted =
            configuration.value("LogDestinationConfigs").as_array().cloned().unwrap_or_default();
        let kinds: BTreeSet<&str> = wanted.iter().filter_map(|it| it["LogType"].as_str()).collect();
        if kinds.len() != wanted.len() {
            return Err(invalid("a log type has one destination"));
        }
        let added = wanted.iter().filter(|it| !self.logs.contains(it)).count();
        let removed = self.logs.iter().filter(|it| !wanted.contains(it)).count();
        if added.max(removed) > 1 {
            return Err(invalid("only one log destination can be changed in a call"));
        }
        self.logs = wanted;
        Ok(())
    }
}

impl State {
    /// What firewalls follow has changed.
    pub(super) fn resync(&mut self) {
        for firewall in self.firewalls.values_mut() {
            firewall.syncs_left = self.pending_describes;
        }
    }

    pub(super) fn perform_on_firewall(
        &mut self,
        operation: &str,
        input: &Input,
        zones: &BTreeMap<String, String>,
    ) -> Result<Value, ServiceError> {
        let arn = self.arn(input, "Firewall", "firewall");
        match operation {
            "CreateFirewall" => return self.create_firewall(input, arn, zones),
            "ListFirewalls" => {
                let wanted = input.texts("VpcIds");
                let there = self.firewalls.iter();
                let there =
                    there.filter(|(_, it)| wanted.is_empty() || wanted.contains(&it.network));
                let shown =
                    there.map(|(arn, _)| json!({"FirewallName": name_in(arn), "FirewallArn": arn}));
                return paged(input, "Firewalls", shown.collect());
            }
            _ => {}
        }
        let firewall = self.firewalls.get_mut(&arn).ok_or_else(|| missing(&arn))?;
        match operation {
            "DescribeFirewall" => {
                firewall.pass();
                if firewall.is_going && firewall.looks_left == 0 {
                    self.firewalls.remove(&arn);
                    return Err(missing(&arn));
                }
                return Ok(json!({
                    "UpdateToken": firewall.token,
                    "Firewall": firewall.shown(&arn),
                    "FirewallStatus": firewall.status(),
                }));
            }
            "DescribeLoggingConfiguration" => {
                return Ok(json!({
                    "FirewallArn": arn,
                    "LoggingConfiguration": {"LogDestinationConfigs": firewall.logs},
                }));
            }
            _ if firewall.is_going => return Err(held("the firewall is being deleted")),
            "UpdateLoggingConfiguration" => {
                firewall.log(input)?;
                return Ok(json!({
                    "FirewallArn": arn,
                    "FirewallName": name_in(&arn),
                    "LoggingConfiguration": {"LogDestinationConfigs": firewall.logs},
                }));
            }
            "DeleteFirewall" => {
                if firewall.is_protected("DeleteProtection") {
                    return Err(held("the firewall has delete protection"));
                }
                if !firewall.logs.is_empty() {
                    return Err(held("the firewall has a logging configuration"));
                }
                firewall.is_going = true;
                firewall.looks_left = self.pending_describes + 1;
                return Ok(json!({
                    "Firewall": firewall.shown(&arn),
                    "FirewallStatus": firewall.status(),
                }));
            }
            _ => {}
        }
        check_token(input, &firewall.token)?;
        self.change_firewall(operation, input, &arn, zones)
    }

    fn change_firewall(
        &mut self,
        operation: &str,
        input: &Input,
        arn: &str,
        zones: &BTreeMap<String, String>,
    ) -> Result<Value, ServiceError> {
        let policy = input.text("FirewallPolicyArn").to_owned();
        let has_policy = self.policies.contains_key(&policy);
        let firewall = self.firewalls.get_mut(arn).ok_or_else(|| missing(arn))?;
        let mut answer = json!({"FirewallArn": arn, "FirewallName": name_in(arn)});
        match operation {
            "AssociateFirewallPolicy" => {
                if firewall.is_protected("FirewallPolicyChangeProtection") {
                    return Err(held("the firewall has policy change protection"));
                }
                if !has_policy {
                    return Err(missing(&policy));
                }
                answer["FirewallPolicyArn"] = policy.as_str().into();
                firewall.policy = policy;
                firewall.syncs_left = self.pending_describes;
            }
            "AssociateSubnets" | "DisassociateSubnets" => {
                if firewall.is_protected("SubnetChangeProtection") {
                    return Err(held("the firewall has subnet change protection"));
                }
                if firewall.looks_left > 0 {
                    return Err(held("the firewall is in the midst of another change"));
                }
                if operation == "AssociateSubnets" {
                    firewall.associate(input, zones)?;
                } else {
                    for subnet in input.texts("SubnetIds") {
                        let endpoint = firewall.endpoints.get_mut(&subnet);
                        let absent = || invalid(format!("subnet {subnet} is not associated"));
                        endpoint.ok_or_else(absent)?.is_going = true;
                    }
                }
                firewall.looks_left = self.pending_describes + 1;
                answer["SubnetMappings"] = firewall.shown(arn)["SubnetMappings"].clone();
            }
            "UpdateFirewallDescription" => {
                firewall.description = input.optional_text("Description").map(str::to_owned);
            }
            "UpdateFirewallEncryptionConfiguration" => firewall.encryption = encryption(input),
            other => {
                let found = PROTECTIONS.into_iter().find(|(_, operation)| *operation == other);
                let (name, _) = found.ok_or_else(|| unknown(other))?;
                let on = input.flag(name).unwrap_or_default();
                answer[name] = on.into();
                firewall.protections.insert(name, on);
            }
        }
        firewall.token = new_token();
        answer["UpdateToken"] = firewall.token.as_str().into();
        Ok(answer)
    }

    fn create_firewall(
        &mut self,
        input: &Input,
        arn: String,
        zones: &BTreeMap<String, String>,
    ) -> Result<Value, ServiceError> {
        if self.firewalls.contains_key(&arn) {
            return Err(invalid("A resource with the specified name already exists"));
        }
        let policy = input.text("FirewallPolicyArn").to_owned();
        if !self.policies.contains_key(&policy) {
            return Err(invalid(format!("the policy {policy} does not exist")));
        }
        let protections = PROTECTIONS.map(|(name, _)| (name, input.flag(name).unwrap_or_default()));
        let mut firewall = Firewall {
            tags: Tags::new(),
            policy,
            network: input.text("VpcId").to_owned(),
            id: Uuid::new_v4().to_string(),
            token: new_token(),
            description: input.optional_text("Description").map(str::to_owned),
            encryption: encryption(input),
            protections: protections.into(),
            endpoints: BTreeMap::new(),
            logs: Vec::new(),
            looks_left: self.pending_describes + 1,
            syncs_left: self.pending_describes,
            is_going: false,
        };
        firewall.associate(input, zones)?;
        add_tags(&mut firewall.tags, input)?;
        let shown = json!({"Firewall": firewall.shown(&arn), "FirewallStatus": firewall.status()});
        self.firewalls.insert(arn, firewall);
        Ok(shown)
    }
}
