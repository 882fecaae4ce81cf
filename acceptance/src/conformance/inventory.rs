//! What is there, counted: what carries our ownership tags in any account and region of a case,
//! what has a name but no tags, the tree of the organization, and what stands in the case's cluster.
//! Two runs that end alike have the same inventory, whatever ids they were given.

mod identity;

use std::collections::BTreeMap;

use anyhow::{Context, Result, anyhow, ensure};
use serde_json::{Value, json};

use crate::case::Case;
use crate::cluster::kubectl;
use crate::sandbox::Sandbox;
use crate::sandbox::client::Client;
use crate::sandbox::xml::Element;

/// The regions that cases work in.
const REGIONS: [&str; 3] = ["eu-central-1", "eu-west-1", "us-east-1"];
/// What lists the things of EC2, and what the list is called in the answer.
const EC2: [(&str, &str); 14] = [
    ("DescribeVpcs", "vpcSet"),
    ("DescribeSubnets", "subnetSet"),
    ("DescribeRouteTables", "routeTableSet"),
    ("DescribeInternetGateways", "internetGatewaySet"),
    ("DescribeEgressOnlyInternetGateways", "egressOnlyInternetGatewaySet"),
    ("DescribeNatGateways", "natGatewaySet"),
    ("DescribeAddresses", "addressesSet"),
    ("DescribeVpcEndpoints", "vpcEndpointSet"),
    ("DescribeSecurityGroups", "securityGroupInfo"),
    ("DescribeNetworkInterfaces", "networkInterfaceSet"),
    ("DescribeFlowLogs", "flowLogSet"),
    ("DescribeLaunchTemplates", "launchTemplates"),
    ("DescribeInstanceStatus", "instanceStatusSet"),
    ("DescribeVolumes", "volumeSet"),
];
/// The types of policies of an organization.
const POLICIES: [&str; 4] =
    ["BACKUP_POLICY", "RESOURCE_CONTROL_POLICY", "SERVICE_CONTROL_POLICY", "TAG_POLICY"];
/// What lists the things of IAM: the operation, its parameters, the list in the answer, what its
/// elements are, and what names one.
type Listing = (
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static str,
    &'static str,
    &'static str,
);
const IAM: [Listing; 3] = [
    ("ListRoles", &[], "Roles", "role", "RoleName"),
    ("ListPolicies", &[("Scope", "Local")], "Policies", "policy", "PolicyName"),
    ("ListOpenIDConnectProviders", &[], "OpenIDConnectProviderList", "OIDC provider", "Arn"),
];
/// The states of what is gone.
const GONE: [&str; 3] = ["deleting", "deleted", "terminated"];
/// The kinds of Kubernetes whose objects are ours to make; others are made from them.
const KINDS: &str = "namespaces,deployments,services,configmaps,secrets,serviceaccounts,\
                     customresourcedefinitions";
/// The columns that name an object.
const COLUMNS: &str = "custom-columns=KIND:.kind,NAMESPACE:.metadata.namespace,NAME:.metadata.name";

/// What is there at one moment: how many of each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory(BTreeMap<String, u64>);

/// What was there at each moment of a walk.
pub type Inventories = BTreeMap<String, Inventory>;

impl Inventory {
    /// Looks what is there.
    ///
    /// # Errors
    /// Where a list fails.
    pub async fn take(sandbox: &Sandbox, case: &Case) -> Result<Self> {
        let mut there = Self::default();
        let management = &sandbox.connection().management_account;
        for account in sandbox.accounts().await?.iter().filter(|account| account.open) {
            let client = match account.id == *management {
                true => sandbox.client(),
                false => sandbox.client_in(&account.id).await?,
            };
            there.add(format!("{} (account)", account.name));
            there.take_iam(&account.name, &client).await?;
            for region in REGIONS {
                let place = format!("{} {region}", account.name);
                let client = client.clone().in_region(region);
                there.take_tagged(&place, &client).await?;
                there.take_ec2(&place, &client).await?;
                there.take_named(&place, &client).await?;
            }
        }
        there.take_units(&sandbox.client()).await?;
        there.take_identities(&sandbox.client()).await?;
        if let Some(name) = case.cluster() {
            there.take_objects(&sandbox.client(), name).await?;
        }
        Ok(there)
    }

    /// The same without what has one of these texts in its name.
    pub fn without(mut self, texts: &[String]) -> Self {
        self.0.retain(|name, _| !texts.iter().any(|text| name.contains(text)));
        self
    }

    /// What is there beyond another.
    pub fn beyond(mut self, other: &Self) -> Self {
        for (name, count) in &mut self.0 {
            *count = count.saturating_sub(other.0.get(name).copied().unwrap_or_default());
        }
        self.0.retain(|_, count| *count > 0);
        self
    }

    /// Whether nothing is there.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Both together.
    pub fn and(mut self, other: Self) -> Self {
        for (name, count) in other.0 {
            *self.0.entry(name).or_default() += count;
        }
        self
    }

    /// Checks that all of another is there.
    ///
    /// # Errors
    /// Where something is missing.
    pub fn holds(&self, other: &Self) -> Result<()> {
        let missing: Vec<String> = other.clone().beyond(self).0.into_keys().collect();
        ensure!(missing.is_empty(), "there is no {missing:?} any more");
        Ok(())
    }

    /// Checks that another is the same.
    ///
    /// # Errors
    /// Where it is not, with what is there more or less often.
    pub fn compare(&self, other: &Self) -> Result<()> {
        let count = |of: &Self, name: &str| of.0.get(name).copied().unwrap_or_default();
        let names = self.0.keys().chain(other.0.keys().filter(|name| !self.0.contains_key(*name)));
        let differences: Vec<String> = names
            .filter(|name| count(self, name) != count(other, name))
            .map(|name| format!("{name}: {} instead of {}", count(other, name), count(self, name)))
            .collect();
        ensure!(differences.is_empty(), "there is more or less: {}", differences.join("; "));
        Ok(())
    }

    /// Checks that nothing that is owned is there twice. Pod Identity's associations have no names;
    /// two for the same are refused by EKS itself.
    ///
    /// # Errors
    /// Where something is.
    pub fn check_single(&self) -> Result<()> {
        let is_twice = |(name, count): &(&String, &u64)| {
            **count > 1 && !name.contains(" podidentityassociation ") && !name.ends_with(" of  ()")
        };
        let twice: Vec<&String> = self.0.iter().filter(is_twice).map(|(name, _)| name).collect();
        ensure!(twice.is_empty(), "there is more than one of {twice:?}");
        Ok(())
    }

    fn add(&mut self, name: String) {
        *self.0.entry(name).or_default() += 1;
    }

    async fn take_tagged(&mut self, place: &str, client: &Client) -> Result<()> {
        let mut token = String::new();
        loop {
            let input = json!({
                "TagFilters": [{"Key": "travel:deployment"}],
                "PaginationToken": token,
            });
            let page = json(client, "resourcegroupstaggingapi", "GetResources", &input).await?;
            for resource in list(&page, "ResourceTagMappingList") {
                let arn = resource["ResourceARN"].as_str().unwrap_or_default();
                let parts: Vec<&str> = arn.splitn(6, ':').collect();
                let service = parts.get(2).copied().unwrap_or_default();
                // EC2 keeps the tags of what is gone for a while.
                if service == "ec2" {
                    continue;
                }
                let kind = match service {
                    // Their ids are of any letters and digits.
                    "rbin" => "rule".to_owned(),
                    // So are those of AWS Config.
                    "config" => {
                        let resource = parts.get(5).unwrap_or(&"");
                        resource.split('/').next().unwrap_or_default().to_owned()
                    }
                    // Six of any follow the name.
                    "secretsmanager" => "secret".to_owned(),
                    // They have names instead of ids.
                    "network-firewall" => (*parts.get(5).unwrap_or(&"")).to_owned(),
                    _ => without_ids(parts.get(5).unwrap_or(&"")),
                };
                let tags = list(&resource, "Tags");
                let tag = |name: &str| {
                    let found = tags.iter().find(|tag| tag["Key"] == name);
                    found.and_then(|tag| tag["Value"].as_str()).unwrap_or_default().to_owned()
                };
                self.add(format!(
                    "{place} {service} {kind} of {} ({})",
                    tag("travel:resource"),
                    tag("Name"),
                ));
            }
            token = page["PaginationToken"].as_str().unwrap_or_default().to_owned();
            if token.is_empty() {
                return Ok(());
            }
        }
    }

    async fn take_ec2(&mut self, place: &str, client: &Client) -> Result<()> {
        for (operation, set) in EC2 {
            let answer = client.query("ec2", operation, &[]).await;
            let answer = answer.map_err(|error| anyhow!("{operation}: {error}"))?;
            for thing in answer.find(set).map(|it| it.children.clone()).unwrap_or_default() {
                // Some are still told for an hour after they are gone.
                if GONE.contains(&thing.text_at("state")) {
                    continue;
                }
                let tags = thing.find("tagSet").map(|it| it.children.clone()).unwrap_or_default();
                let tag = |name: &str| {
                    let found = tags.iter().find(|tag| tag.text_at("key") == name);
                    found.map(|tag| tag.text_at("value")).unwrap_or_default()
                };
                // A service gives what it makes a name of its own each time.
                let owner = tag("travel:resource");
                let name = if owner.is_empty() { "" } else { tag("Name") };
                self.add(format!("{place} ec2 {set} of {owner} ({name})"));
                if !owner.is_empty() {
                    self.take_routes(place, name, &thing);
                }
            }
        }
        Ok(())
    }

    /// Where the routes of a table lead, by what the ids of targets begin with.
    fn take_routes(&mut self, place: &str, table: &str, thing: &Element) {
        for route in thing.find("routeSet").map(|it| it.children.clone()).unwrap_or_default() {
            let target = [route.text_at("gatewayId"), route.text_at("natGatewayId")].concat();
            let kind = target.split('-').next().unwrap_or_default();
            let destination = route.text_at("destinationCidrBlock");
            if !destination.is_empty() && kind != "local" {
                self.add(format!("{place} ec2 route of {table} {destination} to {kind}"));
            }
        }
    }

    async fn take_iam(&mut self, account: &str, client: &Client) -> Result<()> {
        for (operation, parameters, list, kind, name) in IAM {
            let answer = client.query("iam", operation, parameters).await;
            let answer = answer.map_err(|error| anyhow!("{operation}: {error}"))?;
            for found in answer.find(list).map(|it| it.children.clone()).unwrap_or_default() {
                self.add(format!("{account} {kind} {}", found.text_at(name)));
            }
        }
        Ok(())
    }

    async fn take_named(&mut self, place: &str, client: &Client) -> Result<()> {
        let aliases = json(client, "kms", "ListAliases", &json!({"Limit": 100})).await?;
        for alias in list(&aliases, "Aliases") {
            let name = alias["AliasName"].as_str().unwrap_or_default();
            self.add(format!("{place} {name}"));
            if !name.starts_with("alias/aws/") && alias["TargetKeyId"].is_string() {
                self.take_grants(place, client, name, &alias["TargetKeyId"]).await?;
            }
        }
        let groups = json(client, "logs", "DescribeLogGroups", &json!({})).await?;
        for group in list(&groups, "logGroups") {
            let name = group["logGroupName"].as_str().unwrap_or_default();
            self.add(format!("{place} log group {name}"));
        }
        let policies = client.rest_json("dlm", http::Method::GET, "/policies", None).await;
        let policies = policies.map_err(|error| anyhow!("GetLifecyclePolicies: {error}"))?;
        for policy in list(&policies, "Policies") {
            let description = policy["Description"].as_str().unwrap_or_default();
            self.add(format!("{place} snapshot policy {}", without_ids(description)));
        }
        Ok(())
    }

    /// The grants on a key. Those without a name are a service's own.
    async fn take_grants(
        &mut self,
        place: &str,
        client: &Client,
        alias: &str,
        key: &Value,
    ) -> Result<()> {
        let input = json!({"KeyId": key, "Limit": 1000});
        let grants = json(client, "kms", "ListGrants", &input).await?;
        for grant in list(&grants, "Grants") {
            let name = grant["Name"].as_str().filter(|name| !name.is_empty());
            if let Some(name) = name {
                self.add(format!("{place} grant {name} on {alias}"));
            }
        }
        Ok(())
    }

    async fn take_units(&mut self, client: &Client) -> Result<()> {
        let roots = client.json("organizations", "ListRoots", &json!({})).await;
        let roots = match roots {
            Ok(roots) => list(&roots, "Roots"),
            Err(error) if error.code == "AWSOrganizationsNotInUseException" => return Ok(()),
            Err(error) => return Err(anyhow!("ListRoots: {error}")),
        };
        let mut left: Vec<(String, Value)> =
            roots.iter().map(|root| ("root".to_owned(), root["Id"].clone())).collect();
        while let Some((path, id)) = left.pop() {
            let input = json!({"ParentId": id});
            let units =
                json(client, "organizations", "ListOrganizationalUnitsForParent", &input).await?;
            for unit in list(&units, "OrganizationalUnits") {
                let path = format!("{path}/{}", unit["Name"].as_str().unwrap_or_default());
                self.add(path.clone());
                left.push((path, unit["Id"].clone()));
            }
        }
        self.take_policies(client).await?;
        self.take_administrators(client).await
    }

    async fn take_policies(&mut self, client: &Client) -> Result<()> {
        for kind in POLICIES {
            let listed =
                json(client, "organizations", "ListPolicies", &json!({"Filter": kind})).await?;
            for policy in list(&listed, "Policies").iter().filter(|it| it["AwsManaged"] == false) {
                let name = policy["Name"].as_str().unwrap_or_default();
                let of = json!({"PolicyId": policy["Id"]});
                let targets = json(client, "organizations", "ListTargetsForPolicy", &of).await?;
                self.add(format!("{kind} {name} on {}", list(&targets, "Targets").len()));
            }
        }
        Ok(())
    }

    async fn take_administrators(&mut self, client: &Client) -> Result<()> {
        let none = json!({});
        let listed = json(client, "organizations", "ListDelegatedAdministrators", &none).await?;
        for account in list(&listed, "DelegatedAdministrators") {
            let of = json!({"AccountId": account["Id"]});
            let listed = "ListDelegatedServicesForAccount";
            let services = json(client, "organizations", listed, &of).await?;
            for service in list(&services, "DelegatedServices") {
                self.add(format!(
                    "{} administers {}",
                    account["Name"], service["ServicePrincipal"]
                ));
            }
        }
        Ok(())
    }

    async fn take_objects(&mut self, client: &Client, cluster: &str) -> Result<()> {
        let arguments = ["get", KINDS, "--all-namespaces", "--no-headers", "--output", COLUMNS];
        let printed = kubectl(client, cluster, &arguments.map(str::to_owned)).await?;
        for line in printed.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            let name = words.last().context("an object has no name")?;
            // Made by the cluster itself, some time after the namespace.
            if matches!(*name, "kube-root-ca.crt" | "default") {
                continue;
            }
            let line = words.join(" ");
            // How often a release was written depends on how often it was begun.
            match line.rsplit_once(".v") {
                Some((release, _)) if line.contains("sh.helm.release.v1.") => {
                    self.0.insert(release.to_owned(), 1);
                }
                _ => self.add(line),
            }
        }
        Ok(())
    }
}

async fn json(client: &Client, service: &str, operation: &str, input: &Value) -> Result<Value> {
    let answer = client.json(service, operation, input).await;
    answer.map_err(|error| anyhow!("{operation}: {error}"))
}

fn list(page: &Value, name: &str) -> Vec<Value> {
    page[name].as_array().cloned().unwrap_or_default()
}

/// A text without its words that are ids, which differ from run to run: long, and of hexadecimal
/// digits behind whatever says what they are ids of.
fn without_ids(text: &str) -> String {
    let is_id = |word: &&str| {
        let digits = word.rsplit('-').next().unwrap_or_default();
        digits.len() >= 8
            && digits.contains(|it: char| it.is_ascii_digit())
            && digits.chars().all(|it| it.is_ascii_hexdigit())
    };
    let words = text.split([' ', '/', ':']).filter(|word| !is_id(word));
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_left_out() {
        let check = |text: &str, expected: &str| assert_eq!(without_ids(text), expected);
        check("vpc/vpc-0a1b2c3d4e5f60718", "vpc");
        check(
            "addon/acceptance/vpc-cni/5f0c1b9a-1f2e-4a5b-8c7d-9e0f1a2b3c4d",
            "addon acceptance vpc-cni",
        );
        check("log-group:/travel/network/acceptance", "log-group  travel network acceptance");
        check("copies of policy-0a1b2c3d4e5f60718", "copies of");
        check("cafebabe deadbeef", "cafebabe deadbeef");
    }

    #[test]
    fn inventories_are_compared_by_number() {
        let of = |names: &[&str]| {
            let mut inventory = Inventory::default();
            names.iter().for_each(|name| inventory.add((*name).to_owned()));
            inventory
        };
        let check = |one: &[&str], other: &[&str], expected: Option<&str>| {
            let found = of(one).compare(&of(other)).err().map(|error| error.to_string());
            let expected = expected.map(|words| format!("there is more or less: {words}"));
            assert_eq!(found, expected);
        };
        check(&["a", "b"], &["b", "a"], None);
        check(&["a", "b"], &["a", "a"], Some("a: 2 instead of 1; b: 0 instead of 1"));
        check(&[], &["a"], Some("a: 1 instead of 0"));
        assert_eq!(of(&["a", "a", "b"]).beyond(&of(&["a", "b"])), of(&["a"]));
        assert!(of(&["a", "b"]).holds(&of(&["b"])).is_ok());
        assert!(of(&["a", "b"]).holds(&of(&["b", "b"])).is_err());
        assert!(of(&["a", "b"]).check_single().is_ok());
        assert!(of(&["a", "a"]).check_single().is_err());
    }
}
