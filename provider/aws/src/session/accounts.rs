//! Accounts by their names in AWS Organizations.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_organizations::operation::list_accounts::ListAccountsError;
use aws_sdk_organizations::types::{Account, AccountState, AccountStatus};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_types::SdkConfig;
use tokio::time::Instant;
use travel_framework::Diagnostic;

use super::{Session, with_region};
use crate::error::{self, is_code};
use crate::settings::Setting;

/// The ids of the accounts of each name. Closed accounts have none.
pub type Directory = Arc<BTreeMap<String, Vec<String>>>;

impl Session {
    /// The id of an account by its id or name: from the configuration, else from Organizations.
    ///
    /// # Errors
    /// Where there is none, or more than one, or Organizations cannot be asked.
    pub async fn account_id(&self, account: &str) -> Result<String, Diagnostic> {
        if let Some(id) = self.settings.account_id(account) {
            return Ok(id);
        }
        if self.settings.accounts.is_unknown() {
            return Err(super::not_yet("accounts"));
        }
        let asked = Instant::now();
        let mut ids = self.directory().await?.get(account).cloned().unwrap_or_default();
        if ids.is_empty() {
            // It may have been made since the list was fetched.
            self.organization.forget(asked).await;
            ids = self.directory().await?.get(account).cloned().unwrap_or_default();
        }
        match ids.as_slice() {
            [id] => Ok(id.clone()),
            [] => Err(Diagnostic::error(
                format!("no account named {account:?}"),
                "AWS Organizations has no active account of this name, nor has the provider's \
                 accounts. Check the name, write the account's id, or make the account first \
                 (travel_account).",
            )
            .at_attribute("account")),
            ids => Err(Diagnostic::error(
                format!("more than one account is named {account:?}"),
                format!("They are {}. Write the id of the one that is meant.", ids.join(", ")),
            )
            .at_attribute("account")),
        }
    }

    /// What an object in the account of this id calls it that says nothing of it yet: what the provider's
    /// default does, where that means the same, and elsewhere its id. None where there is no default, and
    /// where that cannot be told.
    pub async fn called(&self, account_id: &str) -> Option<String> {
        let default = match &self.settings.account {
            Setting::Unknown => return None,
            Setting::Absent => self.caller().await.map(|caller| caller.account_id),
            Setting::Known(default) => self.account_id(default).await,
        };
        match default {
            Ok(default) if default == account_id => self.settings.account.known().cloned(),
            Ok(_) => Some(account_id.to_owned()),
            Err(error) => {
                tracing::debug!("not naming account {account_id}: {error}");
                None
            }
        }
    }

    /// The name that means the account of this id, and no other.
    pub async fn name_of(&self, account_id: &str) -> Option<String> {
        if let Some(name) = self.settings.name_of(account_id) {
            return Some(name);
        }
        match self.directory().await {
            Ok(directory) => {
                let mut named = directory.iter();
                named.find(|(_, ids)| ids.as_slice() == [account_id]).map(|(name, _)| name.clone())
            }
            Err(error) => {
                tracing::debug!("not naming account {account_id}: {error}");
                None
            }
        }
    }

    /// The accounts that the caller can reach, by their ids with their names: all of the
    /// organization where it is its management account, otherwise its own alone.
    ///
    /// # Errors
    /// Where AWS does not answer.
    pub async fn reachable_accounts(&self) -> Result<BTreeMap<String, String>, Diagnostic> {
        let own = self.caller().await?.account_id;
        if !self.manages(&own).await? {
            return Ok(BTreeMap::from([(own.clone(), own)]));
        }
        let directory = self.directory().await?;
        let names = directory.iter().flat_map(|(name, ids)| ids.iter().map(move |id| (id, name)));
        Ok(names.map(|(id, name)| (id.clone(), name.clone())).collect())
    }

    /// Whether the account of this id is the management account of its organization.
    ///
    /// # Errors
    /// Where AWS does not answer.
    pub async fn manages(&self, account_id: &str) -> Result<bool, Diagnostic> {
        self.caller().await?;
        let client = aws_sdk_organizations::Client::new(&with_region(&self.base().await?));
        let answer = client.describe_organization().send().await;
        let alone = ["AWSOrganizationsNotInUseException", "AccessDeniedException"];
        match answer {
            Err(error) if is_code(&error, &alone) => Ok(false),
            Err(error) => Err(error::diagnostic(&error, "looking for the organization")),
            Ok(answer) => {
                let organization = answer.organization();
                let management = organization.and_then(|it| it.master_account_id());
                Ok(management == Some(account_id))
            }
        }
    }

    async fn directory(&self) -> Result<Directory, Diagnostic> {
        // Asking who calls comes first: it soon tells an endpoint that does not answer.
        self.caller().await?;
        self.organization.get(async { list(&with_region(&self.base().await?)).await }).await
    }
}

async fn list(config: &SdkConfig) -> Result<Directory, Diagnostic> {
    let client = aws_sdk_organizations::Client::new(config);
    let mut pages = client.list_accounts().into_paginator().send();
    let mut directory: BTreeMap<String, Vec<String>> = BTreeMap::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| cannot_list(&error))?;
        for account in page.accounts.unwrap_or_default() {
            if is_closed(&account) {
                continue;
            }
            if let (Some(name), Some(id)) = (account.name, account.id) {
                directory.entry(name).or_default().push(id);
            }
        }
    }
    Ok(Arc::new(directory))
}

fn cannot_list(error: &SdkError<ListAccountsError, HttpResponse>) -> Diagnostic {
    let told = error::diagnostic(error, "looking up an account's name");
    let summary = if is_code(error, &["AWSOrganizationsNotInUseException"]) {
        "there is no AWS organization to look up an account's name in".to_owned()
    } else {
        told.summary
    };
    let detail = format!(
        "{} Names of accounts are looked up in AWS Organizations, which the management account \
         (or a delegated one) may ask. Otherwise write the account's id, or name the account in \
         the provider's accounts.",
        told.detail,
    );
    Diagnostic::error(summary, detail).at_attribute("account")
}

/// Whether an account is closed, or about to be: its name may be in use again.
fn is_closed(account: &Account) -> bool {
    if let Some(state) = &account.state {
        let closed = [AccountState::Closed, AccountState::PendingClosure, AccountState::Suspended];
        return closed.contains(state);
    }
    // Answers from before September 2025 have only this attribute.
    let closed = [AccountStatus::PendingClosure, AccountStatus::Suspended];
    account.status.as_ref().is_some_and(|status| closed.contains(status))
}
