//! What is in Identity Center, by names: users, groups with their members, and who has which permission
//! set in which account.

use std::collections::BTreeMap;

use anyhow::Result;
use serde_json::{Value, json};

use super::{Inventory, json as ask, list};
use crate::sandbox::client::Client;

impl Inventory {
    pub(super) async fn take_identities(&mut self, client: &Client) -> Result<()> {
        let instances = ask(client, "sso-admin", "ListInstances", &json!({})).await?;
        for instance in list(&instances, "Instances") {
            self.take_store(client, &instance["IdentityStoreId"]).await?;
            self.take_assignments(client, &instance["InstanceArn"]).await?;
        }
        Ok(())
    }

    async fn take_store(&mut self, client: &Client, store: &Value) -> Result<()> {
        let input = json!({"IdentityStoreId": store, "MaxResults": 100});
        let users = ask(client, "identitystore", "ListUsers", &input).await?;
        let groups = ask(client, "identitystore", "ListGroups", &input).await?;
        let mut names = BTreeMap::new();
        let of = |it: &Value, member: &str| it[member].as_str().unwrap_or_default().to_owned();
        for user in list(&users, "Users") {
            let name = format!("user {}", of(&user, "UserName"));
            names.insert(of(&user, "UserId"), name.clone());
            self.add(name);
        }
        for group in list(&groups, "Groups") {
            let name = format!("group {}", of(&group, "DisplayName"));
            let input = json!({"IdentityStoreId": store, "GroupId": group["GroupId"]});
            let members = ask(client, "identitystore", "ListGroupMemberships", &input).await?;
            for member in list(&members, "GroupMemberships") {
                let user = of(&member["MemberId"], "UserId");
                self.add(format!("{} in {name}", names.get(&user).unwrap_or(&user)));
            }
            self.add(name);
        }
        Ok(())
    }

    /// The assignments, without whose they are: these outlast a user or group.
    async fn take_assignments(&mut self, client: &Client, instance: &Value) -> Result<()> {
        let input = json!({"InstanceArn": instance});
        let sets = ask(client, "sso-admin", "ListPermissionSets", &input).await?;
        for set in list(&sets, "PermissionSets") {
            let input = json!({"InstanceArn": instance, "PermissionSetArn": set});
            let shown = ask(client, "sso-admin", "DescribePermissionSet", &input).await?;
            let name = shown["PermissionSet"]["Name"].as_str().unwrap_or_default();
            let list_accounts = "ListAccountsForProvisionedPermissionSet";
            let accounts = ask(client, "sso-admin", list_accounts, &input).await?;
            for account in list(&accounts, "AccountIds") {
                let mut input = input.clone();
                input["AccountId"] = account.clone();
                let there = ask(client, "sso-admin", "ListAccountAssignments", &input).await?;
                for assignment in list(&there, "AccountAssignments") {
                    let kind = &assignment["PrincipalType"];
                    self.add(format!("permission set {name} of a {kind} in {account}"));
                }
            }
        }
        Ok(())
    }
}
