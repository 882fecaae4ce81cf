//! `travel_accounts`: the accounts of the organization.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use async_trait::async_trait;
use aws_sdk_organizations::types::Account;
use futures::StreamExt;
use travel_framework::data::DataSource;
use travel_framework::{Failure, Model};

use crate::consistency::Call;
use crate::error::Reply;
use crate::foundation::organizations::tags;
use crate::placement::GlobalPlacement;
use crate::platform::Aws;
use crate::tags::Tags;

/// How many accounts are asked for their tags side by side; the service shows them one by one.
const SIDE_BY_SIDE: usize = 4;

/// The accounts of the organization, which its management account and delegated administrators may
/// list: all of them, or those that a filter lets through.
#[derive(Clone, Debug, Default, Model)]
pub struct AccountsData {
    /// Where to ask.
    #[model(flatten)]
    pub placement: GlobalPlacement,
    /// Only accounts that stand in one of these units (`ou-…`) or roots (`r-…`), or in units below
    /// them. By default all.
    #[model(optional)]
    pub parent_ids: Option<BTreeSet<String>>,
    /// Whether accounts count that stand in units below `parent_ids`. By default they do.
    #[model(optional)]
    pub recursive: Option<bool>,
    /// Only accounts in one of these states: `ACTIVE`, `SUSPENDED`, `CLOSED`, `PENDING_ACTIVATION`,
    /// `PENDING_CLOSURE`. By default those that are active.
    #[model(optional)]
    pub states: Option<BTreeSet<String>>,
    /// Only accounts that have all of these tags.
    #[model(optional)]
    pub tags: Option<Tags>,
    /// The ids of the accounts, in order.
    #[model(computed)]
    pub ids: Option<Vec<String>>,
    /// The accounts, by their ids.
    #[model(computed)]
    pub accounts: Option<BTreeMap<String, AccountData>>,
}

/// An account of the organization.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct AccountData {
    /// The account's name.
    #[model(computed)]
    pub name: Option<String>,
    /// The e-mail address of its root user.
    #[model(computed)]
    pub email: Option<String>,
    /// Its ARN.
    #[model(computed)]
    pub arn: Option<String>,
    /// Its state.
    #[model(computed)]
    pub state: Option<String>,
}

#[async_trait]
impl DataSource for AccountsData {
    type Platform = Aws;

    const TYPE_NAME: &'static str = "travel_accounts";

    async fn read(&mut self, call: &Call) -> Result<(), Failure> {
        let mut found = match &self.parent_ids {
            None => all(call).await?,
            Some(parents) => below(call, parents, self.recursive.unwrap_or(true)).await?,
        };
        let states = self.states.clone().unwrap_or_else(|| ["ACTIVE".to_owned()].into());
        found.retain(|_, account| account.state.as_ref().is_some_and(|it| states.contains(it)));
        if let Some(wanted) = self.tags.as_ref().filter(|wanted| !wanted.is_empty()) {
            let having = having(call, found.keys().cloned().collect(), wanted).await?;
            found.retain(|id, _| having.contains(id));
        }
        self.ids = Some(found.keys().cloned().collect());
        self.accounts = Some(found);
        Ok(())
    }
}

async fn all(call: &Call) -> Result<BTreeMap<String, AccountData>, Failure> {
    let mut pages = call.scope.organizations().list_accounts().into_paginator().send();
    let mut found = BTreeMap::new();
    while let Some(page) = pages.next().await {
        found.extend(page.at(&call.scope)?.accounts().iter().filter_map(told));
    }
    Ok(found)
}

async fn below(
    call: &Call,
    parents: &BTreeSet<String>,
    recursive: bool,
) -> Result<BTreeMap<String, AccountData>, Failure> {
    let client = call.scope.organizations();
    let mut found = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let mut left: VecDeque<String> = parents.iter().cloned().collect();
    while let Some(parent) = left.pop_front() {
        if !seen.insert(parent.clone()) {
            continue;
        }
        let mut pages =
            client.list_accounts_for_parent().parent_id(&parent).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page =
                page.at(&call.scope).map_err(|failure| failure.at_attribute("parent_ids"))?;
            found.extend(page.accounts().iter().filter_map(told));
        }
        if !recursive {
            continue;
        }
        let units = client.list_organizational_units_for_parent().parent_id(&parent);
        let mut pages = units.into_paginator().send();
        while let Some(page) = pages.next().await {
            let units = page.at(&call.scope)?.organizational_units.unwrap_or_default();
            left.extend(units.into_iter().filter_map(|unit| unit.id));
        }
    }
    Ok(found)
}

/// Those that have all of these tags.
async fn having(call: &Call, ids: Vec<String>, wanted: &Tags) -> Result<BTreeSet<String>, Failure> {
    let looks: Vec<_> = ids.into_iter().map(|id| tagged(call, id)).collect();
    let mut looks = futures::stream::iter(looks).buffer_unordered(SIDE_BY_SIDE);
    let mut having = BTreeSet::new();
    while let Some(look) = looks.next().await {
        let (id, tags) = look?;
        if wanted.iter().all(|(key, value)| tags.get(key) == Some(value)) {
            having.insert(id);
        }
    }
    Ok(having)
}

async fn tagged(call: &Call, id: String) -> Result<(String, Tags), Failure> {
    let tags = tags(call, &id).await?;
    Ok((id, tags))
}

fn told(account: &Account) -> Option<(String, AccountData)> {
    // Answers from before September 2025 have only the status.
    let state = account.state().map(|state| state.as_str());
    let state = state.or_else(|| account.status().map(|status| status.as_str()));
    let told = AccountData {
        name: account.name().map(str::to_owned),
        email: account.email().map(str::to_owned),
        arn: account.arn().map(str::to_owned),
        state: state.map(str::to_owned),
    };
    Some((account.id()?.to_owned(), told))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::testing::{Fake, Reply, Request, call};

    fn organization() -> Fake {
        let account = |id: &str, state: &str| json!({"Id": id, "Name": "a", "State": state});
        Fake::new(move |request: &Request| {
            let of = |name: &str| request.input[name].as_str().unwrap_or_default().to_owned();
            match request.action.as_str() {
                "organizations:ListAccounts" => Reply::json(json!({"Accounts": [
                    account("1", "ACTIVE"), account("2", "SUSPENDED"), account("3", "ACTIVE"),
                ]})),
                "organizations:ListAccountsForParent" => {
                    let accounts = match of("ParentId").as_str() {
                        "ou-top" => json!([account("1", "ACTIVE")]),
                        _ => json!([account("3", "ACTIVE")]),
                    };
                    Reply::json(json!({"Accounts": accounts}))
                }
                "organizations:ListOrganizationalUnitsForParent" => {
                    let units = match of("ParentId").as_str() {
                        "ou-top" => json!([{"Id": "ou-below"}]),
                        _ => Json::Array(Vec::new()),
                    };
                    Reply::json(json!({"OrganizationalUnits": units}))
                }
                "organizations:ListTagsForResource" => {
                    let tags = [json!({"Key": "of", "Value": of("ResourceId")})];
                    Reply::json(json!({"Tags": tags}))
                }
                other => panic!("{other}"),
            }
        })
    }

    #[tokio::test]
    async fn filters_let_accounts_through() {
        let set = |one: &str| Some(BTreeSet::from([one.to_owned()]));
        let none = AccountsData::default;
        let tags = Some(Tags::from([("of".to_owned(), "3".to_owned())]));
        for (mut data, expected) in [
            (none(), &["1", "3"][..]),
            (AccountsData { states: set("SUSPENDED"), ..none() }, &["2"][..]),
            (AccountsData { parent_ids: set("ou-top"), ..none() }, &["1", "3"][..]),
            (
                AccountsData { parent_ids: set("ou-top"), recursive: Some(false), ..none() },
                &["1"][..],
            ),
            (AccountsData { tags, ..none() }, &["3"][..]),
        ] {
            data.read(&call(&organization()).await).await.unwrap();
            assert_eq!(data.ids.unwrap(), expected);
        }
    }
}
