//! The policies of the organization as they hold for each account, as an object in a bucket: a member
//! account may not ask AWS Organizations for them.
//!
//! Source: AWS Organizations User Guide, "SCP evaluation", "RCP evaluation".

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::policy::denial::{Request, denial, may_allow};

/// The version of the form that is written here.
pub const FORM: u32 = 1;
/// The type of policies without which nothing is allowed, once it is enabled.
pub const SERVICE_CONTROL: &str = "SERVICE_CONTROL_POLICY";

/// What is published.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// The version of its form.
    pub form: u32,
    /// The organization's id, `o-…`.
    pub organization_id: String,
    /// The account that no service control policy holds for.
    pub management_account_id: String,
    /// The types of policies that are enabled.
    pub types: BTreeSet<String>,
    /// Root, organizational units and accounts, by their ids.
    pub nodes: BTreeMap<String, Node>,
    /// The policies that are attached to any of them, by their ids.
    pub policies: BTreeMap<String, Policy>,
}

/// A root, an organizational unit or an account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// What it stands in; none for the root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// The ids of the policies that are attached to it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub policies: BTreeSet<String>,
}

/// A policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// Its type, such as `SERVICE_CONTROL_POLICY`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it says.
    pub content: Map<String, Json>,
}

/// What stands against a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Who says so, as in `statement "Regions" of policy "guard" (p-1), attached to "root" (r-1)`.
    pub source: String,
    /// Whether it depends on the region.
    pub is_regional: bool,
}

impl Published {
    /// What stands against a request in an account.
    ///
    /// # Errors
    /// Where nothing was published of the account.
    pub fn verdict(
        &self,
        account: &str,
        request: &Request<'_>,
    ) -> Result<Option<Verdict>, UnknownAccount> {
        if account == self.management_account_id {
            return Ok(None);
        }
        let path = self.path(account).ok_or(UnknownAccount)?;
        let denied = path.iter().find_map(|(id, node)| self.denied_at(id, node, request));
        let not_allowed = || {
            let is_on = self.types.contains(SERVICE_CONTROL);
            let nowhere = path.iter().find(|(_, node)| is_on && !self.may_pass(node, request));
            nowhere.map(|(id, node)| Verdict {
                source: format!(
                    "no service control policy that is attached to {} allows it",
                    named(id, node)
                ),
                is_regional: false,
            })
        };
        Ok(denied.or_else(not_allowed))
    }

    /// An account with all it stands in, up to the root; none where part of that is missing.
    fn path(&self, account: &str) -> Option<Vec<(&str, &Node)>> {
        let (mut id, mut node) = self.nodes.get_key_value(account)?;
        let mut path = vec![(id.as_str(), node)];
        while let Some(parent) = &node.parent {
            (id, node) = self.nodes.get_key_value(parent)?;
            // Nothing stands in itself, whoever wrote that.
            if path.iter().any(|(known, _)| known == id) {
                return None;
            }
            path.push((id, node));
        }
        Some(path)
    }

    fn attached<'a>(&'a self, node: &'a Node) -> impl Iterator<Item = (&'a String, &'a Policy)> {
        node.policies.iter().filter_map(|id| self.policies.get_key_value(id))
    }

    fn denied_at(&self, id: &str, node: &Node, request: &Request<'_>) -> Option<Verdict> {
        self.attached(node).find_map(|(policy_id, policy)| {
            let statement = denial(&policy.content, request)?;
            let sid = statement.get("Sid").and_then(Json::as_str).filter(|sid| !sid.is_empty());
            let statement_name = sid.map_or("a statement".to_owned(), |sid| format!("statement {sid:?}"));
            let condition = statement.get("Condition").map(Json::to_string).unwrap_or_default();
            let (name, place) = (&policy.name, named(id, node));
            Some(Verdict {
                source: format!(
                    "{statement_name} of policy {name:?} ({policy_id}), attached to {place}, denies it"
                ),
                is_regional: condition.to_lowercase().contains("aws:requestedregion"),
            })
        })
    }

    fn may_pass(&self, node: &Node, request: &Request<'_>) -> bool {
        let mut policies = self.attached(node).filter(|(_, policy)| policy.kind == SERVICE_CONTROL);
        policies.any(|(_, policy)| may_allow(&policy.content, request))
    }
}

/// Nothing was published of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownAccount;

fn named(id: &str, node: &Node) -> String {
    format!("{:?} ({id})", node.name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::policy::denial::Context;

    fn published() -> Published {
        let all = json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}});
        let some = json!({"Statement": {"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}});
        let regions = json!({"Statement": [{
            "Sid": "Regions", "Effect": "Deny", "NotAction": ["iam:*"], "Resource": "*",
            "Condition": {"StringNotEquals": {"aws:RequestedRegion": "eu-central-1"}},
        }]});
        let policy = |name: &str, kind: &str, content: &Json| json!({"name": name, "type": kind, "content": content});
        serde_json::from_value(json!({
            "form": 1, "organization_id": "o-1", "management_account_id": "1", "types": [SERVICE_CONTROL],
            "nodes": {
                "r-1": {"name": "Root", "policies": ["p-all"]},
                "ou-1": {"name": "Workloads", "parent": "r-1", "policies": ["p-all", "p-regions"]},
                "2": {"name": "dev", "parent": "ou-1", "policies": ["p-some"]},
                "3": {"name": "lost", "parent": "ou-2"},
                "4": {"name": "round", "parent": "4"},
                "1": {"name": "management", "parent": "r-1"},
            },
            "policies": {
                "p-all": policy("FullAWSAccess", SERVICE_CONTROL, &all),
                "p-some": policy("some", SERVICE_CONTROL, &some),
                "p-regions": policy("regions", SERVICE_CONTROL, &regions),
            },
        }))
        .unwrap()
    }

    fn check(
        account: &str,
        action: &str,
        region: &str,
        expected: Result<Option<&str>, UnknownAccount>,
    ) {
        let context = Context::default().with("aws:RequestedRegion", region);
        let request = Request { action, resource: None, context: &context };
        let found = published().verdict(account, &request);
        let found = found.map(|verdict| verdict.map(|verdict| verdict.source));
        assert_eq!(found, expected.map(|text| text.map(str::to_owned)), "{account} {action}");
    }

    #[test]
    fn says_who_denies_what() {
        let regions = "statement \"Regions\" of policy \"regions\" (p-regions), attached to \
                       \"Workloads\" (ou-1), denies it";
        check("2", "kms:CreateKey", "eu-north-1", Ok(Some(regions)));
        check("2", "kms:CreateKey", "eu-central-1", Ok(None));
        check("2", "iam:CreateRole", "us-east-1", Ok(None));
        let nowhere = "no service control policy that is attached to \"dev\" (2) allows it";
        check("2", "s3:CreateBucket", "eu-central-1", Ok(Some(nowhere)));
        check("1", "kms:CreateKey", "eu-north-1", Ok(None));
        for account in ["3", "4", "5"] {
            check(account, "kms:CreateKey", "eu-central-1", Err(UnknownAccount));
        }
    }

    #[test]
    fn without_service_control_policies_everything_is_allowed() {
        let context = Context::default();
        let request = Request { action: "s3:CreateBucket", resource: None, context: &context };
        let published = Published { types: BTreeSet::new(), ..published() };
        assert_eq!(published.verdict("2", &request), Ok(None));
    }
}
