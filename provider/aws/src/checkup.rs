//! What an apply needs of AWS, looked at before it: credentials, accounts, regions and quotas. Every
//! call only reads.

mod quotas;

use std::time::{Duration, SystemTime};

use aws_credential_types::provider::ProvideCredentials;
use futures::StreamExt;
use travel_framework::finding::Finding;

use crate::Scope;
use crate::platform::Aws;
use crate::session::Caller;
use crate::survey::{Area, enabled_regions};

/// Credentials that end sooner may not outlast an apply.
const SHORT: Duration = Duration::from_secs(30 * 60);
/// How many accounts and regions are looked at side by side.
const SIDE_BY_SIDE: usize = 8;

impl Aws {
    /// Looks whether an apply in these accounts and regions can go well. Without regions it is the
    /// environment's own.
    pub async fn check_up(&self, area: &Area) -> Vec<Finding> {
        let caller = match self.session().caller().await {
            Ok(caller) => caller,
            // Without them, nothing else can be told.
            Err(error) => return vec![Finding::of("credentials", "environment", error)],
        };
        let mut findings = vec![self.credentials(&caller).await];
        let mut accounts = area.accounts.clone();
        if accounts.is_empty() {
            match self.session().reachable_accounts().await {
                Ok(all) => accounts = all.into_keys().collect(),
                Err(error) => {
                    findings.push(Finding::of("account", "organization", error).lenient());
                    accounts.push(caller.account_id.clone());
                }
            }
        }
        let mut places = Vec::new();
        for account in &accounts {
            let region = area.regions.first().map(String::as_str);
            match self.scope_of(Some(account), region).await {
                Ok(scope) => {
                    let message = format!("{} can be worked in", scope.account_id());
                    findings.push(Finding::ok("account", account, message));
                    let (found, usable) = regions(&scope, &area.regions).await;
                    findings.extend(found);
                    places.extend(usable);
                }
                Err(error) => findings.push(Finding::of("account", account, error)),
            }
        }
        let looks = places.iter().map(quotas::check);
        let found: Vec<Vec<Finding>> =
            futures::stream::iter(looks).buffered(SIDE_BY_SIDE).collect().await;
        findings.extend(found.into_iter().flatten());
        findings
    }

    /// Whose the credentials are, and how long they last.
    async fn credentials(&self, caller: &Caller) -> Finding {
        let message = format!("{} of account {}", caller.arn, caller.account_id);
        match self.session().expiry().await {
            None => Finding::ok("credentials", "environment", message),
            Some(expiry) => {
                let left = expiry.duration_since(SystemTime::now()).unwrap_or_default();
                let minutes = left.as_secs() / 60;
                let message = format!("{message}, for {minutes} more minutes");
                match left < SHORT {
                    true => Finding::warning(
                        "credentials",
                        "environment",
                        message,
                        "Sign in anew before a long apply, unless they are renewed by themselves.",
                    ),
                    false => Finding::ok("credentials", "environment", message),
                }
            }
        }
    }
}

/// Whether regions are enabled in an account, and those that are.
async fn regions(scope: &Scope, wanted: &[String]) -> (Vec<Finding>, Vec<Scope>) {
    let account = scope.account_id();
    let wanted = match wanted {
        [] => vec![scope.region().to_owned()],
        wanted => wanted.to_vec(),
    };
    // It answers in any region that is enabled, and that of the scope may not be.
    let asked = scope.in_region(scope.partition().global_region());
    let enabled = match enabled_regions(&asked).await {
        Ok(enabled) => enabled,
        Err(failure) => {
            let finding = Finding::of("region", account, failure.into_diagnostic()).lenient();
            return (vec![finding], wanted.iter().map(|it| scope.in_region(it)).collect());
        }
    };
    let (mut findings, mut usable) = (Vec::new(), Vec::new());
    for region in wanted {
        let subject = format!("{account} {region}");
        if enabled.contains(&region) {
            findings.push(Finding::ok("region", subject, "it is enabled"));
            usable.push(scope.in_region(&region));
        } else {
            findings.push(Finding::failed(
                "region",
                subject,
                "it is not enabled, or no region at all",
                format!("Enable it in the account, or use one of {}.", enabled.join(", ")),
            ));
        }
    }
    (findings, usable)
}

impl crate::session::Session {
    /// When the credentials of the environment end; none where they do not, or it cannot be told.
    async fn expiry(&self) -> Option<SystemTime> {
        let provider = self.base().await.ok()?.credentials_provider()?;
        provider.provide_credentials().await.ok()?.expiry()
    }
}

#[cfg(test)]
mod tests;
