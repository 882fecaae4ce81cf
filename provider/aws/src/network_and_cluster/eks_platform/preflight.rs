//! What is looked up before anything is changed, so that a wrong version is told within seconds.

use std::collections::BTreeMap;

use futures::{StreamExt, TryStreamExt, stream};
use travel_framework::{Diagnostic, Failure};

use super::listing::CONCURRENCY;
use super::observed::Observed;
use super::{EksPlatform, addon_versions};
use crate::consistency::Call;
use crate::error::{Reply, is_code};

/// The version that an add-on is to have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chosen {
    /// The version.
    pub version: Option<String>,
    /// The versions that there are, where they were looked up.
    pub available: Vec<String>,
}

/// Chooses the versions of add-ons, and makes sure that EKS has the version of Kubernetes.
///
/// # Errors
/// Where a version is not to be had, or a call fails.
pub async fn check(
    call: &Call,
    wanted: &EksPlatform,
    observed: &Observed,
) -> Result<BTreeMap<String, Chosen>, Failure> {
    let version = &wanted.version;
    let current = observed.cluster.as_ref().and_then(|cluster| cluster.version());
    if current != Some(version.as_str()) {
        check_version(call, version).await?;
    }
    let choices = wanted.addons.iter().map(|(name, addon)| {
        let there = observed.addons.get(name).and_then(|item| item.found.addon_version());
        choose(call, version, name.clone(), addon.version.clone(), there.map(str::to_owned))
    });
    // In this order, so that of several mistakes it is always the first that is told.
    stream::iter(choices.collect::<Vec<_>>()).buffered(CONCURRENCY).try_collect().await
}

/// The version of one add-on for this version of Kubernetes: the one it has, if that is the one it
/// is to have; otherwise it is looked up.
async fn choose(
    call: &Call,
    kubernetes: &str,
    name: String,
    wished: Option<String>,
    there: Option<String>,
) -> Result<(String, Chosen), Failure> {
    if there.is_some() && wished == there {
        return Ok((name, Chosen { version: wished, available: Vec::new() }));
    }
    let available = addon_versions::available(call, &name, kubernetes).await?;
    let version = addon_versions::choose(&name, wished.as_deref(), &available, kubernetes)?;
    Ok((name, Chosen { version: Some(version), available }))
}

async fn check_version(call: &Call, version: &str) -> Result<(), Failure> {
    let request = call.scope.eks().describe_cluster_versions();
    let answer = request.into_paginator().items().send().try_collect().await;
    if let Err(error) = &answer
        && is_code(error, &["AccessDeniedException"])
    {
        tracing::warn!("not allowed to look up the versions EKS has: {version} is taken as it is");
        return Ok(());
    }
    let known = answer.at(&call.scope)?;
    let mut known: Vec<String> = known.into_iter().filter_map(|it| it.cluster_version).collect();
    if known.iter().any(|known| known == version) {
        return Ok(());
    }
    known.sort_by(|one, other| addon_versions::compare(other, one));
    Err(Diagnostic::error(
        format!("EKS has no Kubernetes {version}"),
        format!("It has {} ({}). Write one of these.", known.join(", "), call.scope.place()),
    )
    .at_attribute("version")
    .into())
}
