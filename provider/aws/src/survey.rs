//! Everything that carries a mark of ours, over accounts and regions, whoever's page has made it:
//! found by its tags, as its service shows them.

mod ec2;
mod global;
mod regional;

use std::collections::BTreeMap;

use aws_sdk_ec2::types::Region;
use futures::StreamExt;
use travel_framework::orphan::Marked;
use travel_framework::ownership::Mark;
use travel_framework::{Diagnostic, Failure};

use crate::Scope;
use crate::error::Reply;
use crate::partition::Arn;
use crate::platform::Aws;
use crate::tags::{Tags, mark};

/// How many accounts and regions are looked at side by side.
const SIDE_BY_SIDE: usize = 8;

/// Where to look.
#[derive(Clone, Debug, Default)]
pub struct Area {
    /// The accounts, by id or name; all that can be reached where none is named.
    pub accounts: Vec<String>,
    /// The regions; all that are enabled where none is named.
    pub regions: Vec<String>,
}

/// What was found, and what could not be looked at.
#[derive(Debug, Default)]
pub struct Survey {
    /// What carries a mark.
    pub marked: Vec<Marked>,
    /// What was not looked at, so that the rest is not all there may be.
    pub gaps: Vec<Diagnostic>,
}

impl Survey {
    /// Takes what was found, or notes that it was not.
    pub fn take(&mut self, what: &str, found: Result<Vec<Marked>, Failure>) {
        match found {
            Ok(found) => self.marked.extend(found),
            Err(failure) => self.gaps.push(gap(what, failure.into_diagnostic())),
        }
    }
}

/// The warning that something was not looked at.
pub fn gap(what: &str, error: Diagnostic) -> Diagnostic {
    let Diagnostic { summary, detail, .. } = error;
    Diagnostic::warning(format!("{what} was not looked at"), format!("{summary}: {detail}"))
}

/// An account that can be worked in, and the regions of it to look at.
#[derive(Clone, Debug)]
pub struct Reached {
    /// The account, in the first of the regions.
    pub scope: Scope,
    /// The regions.
    pub regions: Vec<String>,
}

impl Aws {
    /// Looks for everything that is marked.
    pub async fn survey(&self, area: &Area) -> Survey {
        let (reached, gaps) = self.reach(area).await;
        let mut survey = Survey { gaps, ..Survey::default() };
        let mut places = Vec::new();
        for Reached { scope, regions } in &reached {
            let account = scope.account_id();
            let what = format!("IAM of account {account}");
            survey.take(&what, global::roles(scope).await);
            survey.take(&what, global::oidc_providers(scope).await);
            survey.take(&what, global::policies(scope).await);
            match self.session().manages(account).await {
                Ok(true) => {
                    let found = global::organization(scope).await;
                    survey.take(&format!("the organization of account {account}"), found);
                }
                Ok(false) => {}
                Err(error) => survey.gaps.push(gap("the organization", error)),
            }
            places.extend(regions.iter().map(|region| scope.in_region(region)));
        }
        let looks = places.into_iter().map(|scope| async move {
            let (tagged, of_ec2) = futures::join!(regional::tagged(&scope), ec2::tagged(&scope));
            (scope.place(), tagged, of_ec2)
        });
        let mut looks = futures::stream::iter(looks).buffer_unordered(SIDE_BY_SIDE);
        while let Some((place, tagged, of_ec2)) = looks.next().await {
            survey.take(&place, tagged);
            survey.take(&format!("EC2 of {place}"), of_ec2);
        }
        // What has no region may be told of in one, too; it is known better where it was asked for.
        let mut once: BTreeMap<String, Marked> = BTreeMap::new();
        for found in survey.marked.drain(..) {
            once.entry(found.id.clone()).or_insert(found);
        }
        survey.marked = once.into_values().collect();
        survey
    }

    /// The accounts of an area with their regions, and what of it cannot be reached.
    pub async fn reach(&self, area: &Area) -> (Vec<Reached>, Vec<Diagnostic>) {
        let mut gaps = Vec::new();
        let mut accounts = area.accounts.clone();
        if accounts.is_empty() {
            match self.session().reachable_accounts().await {
                Ok(all) => accounts = all.into_keys().collect(),
                Err(error) => gaps.push(gap("any account", error)),
            }
        }
        let mut reached = Vec::new();
        for account in accounts {
            match self.reach_account(&account, &area.regions).await {
                Ok(account) => reached.push(account),
                Err(failure) => {
                    gaps.push(gap(&format!("account {account}"), failure.into_diagnostic()));
                }
            }
        }
        (reached, gaps)
    }

    async fn reach_account(&self, account: &str, regions: &[String]) -> Result<Reached, Failure> {
        let global = self.session().caller().await?.partition.global_region();
        let first = regions.first().map_or(global, String::as_str);
        let scope = self.scope_of(Some(account), Some(first)).await?;
        let regions = match regions {
            [] => enabled_regions(&scope).await?,
            named => named.to_vec(),
        };
        Ok(Reached { scope, regions })
    }
}

/// The regions that an account has enabled.
///
/// # Errors
/// Where the call fails.
pub async fn enabled_regions(scope: &Scope) -> Result<Vec<String>, Failure> {
    let answer = scope.ec2().describe_regions().all_regions(false).send().await.at(scope)?;
    let names = answer.regions.unwrap_or_default().into_iter();
    let mut names: Vec<String> =
        names.filter_map(|Region { region_name, .. }| region_name).collect();
    names.sort();
    Ok(names)
}

/// Something that is marked, if its tags say so. What is in no region is known by its account.
fn marked(scope: &Scope, arn: &str, kind: &str, tags: &Tags) -> Option<Marked> {
    let mark: Mark = mark(tags)?;
    let has_region = Arn::parse(arn).is_some_and(|arn| !arn.region.is_empty());
    let mut known = vec![("account_id", scope.account_id())];
    known.extend(has_region.then(|| ("region", scope.region())));
    let known = known.into_iter().map(|(path, value)| (path.to_owned(), value.to_owned()));
    Some(Marked::new(mark, kind, arn, known.collect()))
}

#[cfg(test)]
mod tests;
