//! Across the organization: who administers GuardDuty in a region, and which accounts take part.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::detectors::Detector;
use super::{Asked, State, paged, refused};
use crate::sandbox::fakes::input::Input;
use crate::sandbox::wire::ServiceError;

/// What can be turned on for members.
const FEATURES: [&str; 7] = [
    "S3_DATA_EVENTS",
    "EKS_AUDIT_LOGS",
    "EBS_MALWARE_PROTECTION",
    "RDS_LOGIN_EVENTS",
    "LAMBDA_NETWORK_LOGS",
    "EKS_RUNTIME_MONITORING",
    "RUNTIME_MONITORING",
];

/// What an administrator's detector knows of the organization.
#[derive(Debug)]
pub struct Organization {
    /// Who takes part, with the address and whether it is associated.
    pub members: BTreeMap<String, (String, bool)>,
    automatic: String,
    features: BTreeMap<String, String>,
}

impl Default for Organization {
    fn default() -> Self {
        let features = FEATURES.map(|name| (name.to_owned(), "NONE".to_owned()));
        Self {
            members: BTreeMap::new(),
            automatic: "NONE".to_owned(),
            features: features.into_iter().collect(),
        }
    }
}

impl Organization {
    /// Carries out an operation on it.
    pub fn perform(
        &mut self,
        asked: &Asked<'_>,
        is_administrator: bool,
    ) -> Result<Value, ServiceError> {
        let Asked { operation, input, .. } = asked;
        if *operation == "ListMembers" {
            return self.list(asked);
        }
        if !is_administrator {
            return Err(refused(
                "The request is rejected because the current account is not the administrator of the organization.",
            ));
        }
        match *operation {
            "DescribeOrganizationConfiguration" => {
                let features = self.features.iter();
                let features: Vec<Value> =
                    features.map(|(name, it)| json!({"name": name, "autoEnable": it})).collect();
                Ok(json!({
                    "autoEnable": self.automatic != "NONE",
                    "memberAccountLimitReached": false,
                    "autoEnableOrganizationMembers": self.automatic,
                    "features": features,
                }))
            }
            "UpdateOrganizationConfiguration" => {
                if let Some(automatic) = input.optional_text("autoEnableOrganizationMembers") {
                    self.automatic = automatic.to_owned();
                }
                for feature in input.value("features").as_array().into_iter().flatten() {
                    let text = |name: &str| feature[name].as_str().unwrap_or_default().to_owned();
                    self.features.insert(text("name"), text("autoEnable"));
                }
                if self.automatic == "ALL" {
                    let own = &asked.place.0;
                    let others = asked.members.iter().filter(|(id, _)| id != own);
                    let others = others.map(|(id, email)| (id.clone(), (email.clone(), true)));
                    self.members.extend(others);
                }
                Ok(json!({}))
            }
            "DisassociateMembers" => {
                if self.automatic == "ALL" {
                    return Err(refused(
                        "The request is rejected because all members of the organization are enabled automatically.",
                    ));
                }
                for id in input.texts("accountIds") {
                    if let Some((_, is_associated)) = self.members.get_mut(&id) {
                        *is_associated = false;
                    }
                }
                Ok(json!({"unprocessedAccounts": []}))
            }
            "DeleteMembers" => Ok(json!({"unprocessedAccounts": self.delete(input)})),
            other => {
                let message = format!("the sandbox does not know {other} of GuardDuty");
                Err(ServiceError::new("SandboxNotImplemented", message).with_status(501))
            }
        }
    }

    fn list(&self, asked: &Asked<'_>) -> Result<Value, ServiceError> {
        let administrator = &asked.place.0;
        let only_associated = asked.input.text("OnlyAssociated") != "false";
        let shown = self.members.iter().filter(|(_, (_, is))| *is || !only_associated);
        let shown = shown.map(|(id, (email, is_associated))| {
            json!({
                "accountId": id,
                "masterId": administrator,
                "administratorId": administrator,
                "email": email,
                "relationshipStatus": if *is_associated { "Enabled" } else { "Removed" },
                "updatedAt": "2026-01-01T00:00:00.000Z",
            })
        });
        paged("members", shown.collect(), asked.input)
    }

    fn delete(&mut self, input: &Input) -> Vec<Value> {
        let asked: BTreeSet<String> = input.texts("accountIds").into_iter().collect();
        let mut left = Vec::new();
        self.members.retain(|id, (_, is_associated)| {
            if !asked.contains(id) {
                return true;
            }
            if *is_associated {
                left.push(json!({"accountId": id, "result": "The request is rejected because the member is associated."}));
            }
            *is_associated
        });
        left
    }
}

impl State {
    /// Carries out an operation of the management account on who administers the organization.
    pub(super) fn administrator(&mut self, asked: &Asked<'_>) -> Result<Value, ServiceError> {
        let Asked { place: (account, region), operation, input, management, members } = asked;
        if account != management {
            return Err(refused(
                "The request is rejected because the current account is not the management account.",
            ));
        }
        let wanted = input.text("adminAccountId");
        let there = self.administrators.get(region).cloned();
        match *operation {
            "ListOrganizationAdminAccounts" => {
                let shown = there.map(|id| json!({"adminAccountId": id, "adminStatus": "ENABLED"}));
                paged("adminAccounts", shown.into_iter().collect(), input)
            }
            "EnableOrganizationAdminAccount" => {
                if there.is_some_and(|there| there != wanted) {
                    return Err(refused(
                        "The request is rejected because another account is already enabled as the GuardDuty delegated administrator.",
                    ));
                }
                if !members.iter().any(|(id, _)| id == wanted) {
                    return Err(refused(
                        "The request is rejected because the account is not a member of the organization.",
                    ));
                }
                self.administrators.insert(region.clone(), wanted.to_owned());
                // It is turned on there where it was not.
                let place = (wanted.to_owned(), region.clone());
                if let Entry::Vacant(none) = self.detectors.entry(place) {
                    let members = [("enable".to_owned(), true.into())];
                    let input = Input::new(members.into_iter().collect());
                    none.insert(Detector::new(&input)?);
                }
                Ok(json!({}))
            }
            _ => {
                if there.as_deref() != Some(wanted) {
                    return Err(refused(
                        "The request is rejected because the account is not currently enabled as the GuardDuty delegated administrator.",
                    ));
                }
                self.administrators.remove(region);
                Ok(json!({}))
            }
        }
    }
}
