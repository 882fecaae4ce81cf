//! What is looked up before anything is changed, so that a wrong version is told within seconds.

use std::collections::BTreeMap;

use travel_framework::{Diagnostic, Failure};

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
    let mut chosen = BTreeMap::new();
    for (name, addon) in &wanted.addons {
        let there = observed.addons.get(name).and_then(|item| item.found.addon_version());
        if there.is_some() && addon.version.as_deref() == there {
            let version = addon.version.clone();
            chosen.insert(name.clone(), Chosen { version, available: Vec::new() });
            continue;
        }
        let available = addon_versions::available(call, name, version).await?;
        let wished = addon.version.as_deref();
        let version = Some(addon_versions::choose(name, wished, &available, version)?);
        chosen.insert(name.clone(), Chosen { version, available });
    }
    Ok(chosen)
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
