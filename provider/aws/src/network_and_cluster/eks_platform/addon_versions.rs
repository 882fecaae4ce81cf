//! Versions of add-ons: which is newer, which fit a version of Kubernetes, and the way from one to
//! another.

use std::cmp::Ordering;

use travel_framework::{Diagnostic, Failure};
use travel_value::Path;

use crate::consistency::Call;
use crate::error::Reply;

/// The configuration that turns on network policies (EKS User Guide, "Configure the Amazon VPC
/// CNI plugin for Kubernetes to use network policies").
pub const NETWORK_POLICIES: &str = r#"{"enableNetworkPolicy":"true"}"#;

/// Add-ons that take one minor version at a time (EKS User Guide, "Update the Amazon VPC CNI").
const STEPWISE: [&str; 1] = ["vpc-cni"];

/// The numbers in a version, such as 1, 20, 1 and 2 in `v1.20.1-eksbuild.2`.
fn numbers(version: &str) -> Vec<u64> {
    version
        .split(|character: char| !character.is_ascii_digit())
        .filter_map(|digits| digits.parse().ok())
        .collect()
}

/// Orders versions from the oldest to the newest.
pub fn compare(one: &str, other: &str) -> Ordering {
    numbers(one).cmp(&numbers(other))
}

/// The versions to go through from `current` to `target`, which is the last of them: for an add-on
/// that takes one minor version at a time the newest of each in between that there is.
pub fn steps(addon: &str, current: &str, target: &str, available: &[String]) -> Vec<String> {
    let mut steps = Vec::new();
    let (from, to) = (numbers(current), numbers(target));
    if let ([major, from, ..], [same, to, ..]) = (from.as_slice(), to.as_slice())
        && major == same
        && STEPWISE.contains(&addon)
    {
        let mut between: Vec<u64> = (*from.min(to) + 1..*from.max(to)).collect();
        if to < from {
            between.reverse();
        }
        for minor in between {
            let of_minor =
                available.iter().filter(|version| numbers(version).starts_with(&[*major, minor]));
            steps.extend(of_minor.max_by(|one, other| compare(one, other)).cloned());
        }
    }
    steps.push(target.to_owned());
    steps
}

/// The versions of an add-on that fit a version of Kubernetes, newest first.
///
/// # Errors
/// Where the call fails, or there is no such add-on.
pub async fn available(call: &Call, addon: &str, kubernetes: &str) -> Result<Vec<String>, Failure> {
    let request =
        call.scope.eks().describe_addon_versions().addon_name(addon).kubernetes_version(kubernetes);
    // EKS says in several ways that it has no such add-on.
    let unknown = ["ResourceNotFoundException", "InvalidParameterException"];
    let addons = request.into_paginator().items().send().try_collect().await;
    let addons = addons.found(&call.scope, &unknown)?.unwrap_or_default();
    let infos = addons.into_iter().flat_map(|addon| addon.addon_versions.unwrap_or_default());
    let mut versions: Vec<String> = infos.filter_map(|info| info.addon_version).collect();
    versions.sort_by(|one, other| compare(other, one));
    versions.dedup();
    if versions.is_empty() {
        return Err(Diagnostic::error(
            format!("no add-on {addon} for Kubernetes {kubernetes}"),
            format!(
                "EKS has no add-on of this name for this version ({}). See aws eks \
                 describe-addon-versions --kubernetes-version {kubernetes}.",
                call.scope.place(),
            ),
        )
        .at(Path::attribute("addons").key(addon))
        .into());
    }
    Ok(versions)
}

/// The version that an add-on is to have: the one wished for, if it fits, else the newest.
///
/// # Errors
/// Where the version wished for is not among those that fit.
pub fn choose(
    addon: &str,
    wished: Option<&str>,
    available: &[String],
    kubernetes: &str,
) -> Result<String, Diagnostic> {
    match wished {
        Some(version) if !available.iter().any(|known| known == version) => {
            let some: Vec<&str> = available.iter().take(8).map(String::as_str).collect();
            Err(Diagnostic::error(
                format!("no version {version} of add-on {addon}"),
                format!(
                    "For Kubernetes {kubernetes} EKS has {}{}. Write one of these, or leave \
                     version out for the newest.",
                    some.join(", "),
                    if available.len() > some.len() { " and older ones" } else { "" },
                ),
            )
            .at(Path::attribute("addons").key(addon).field("version")))
        }
        Some(version) => Ok(version.to_owned()),
        None => Ok(available.first().cloned().unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn versions(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn orders_versions_by_their_numbers() {
        for (one, other, expected) in [
            ("v1.9.0-eksbuild.1", "v1.10.0-eksbuild.1", Ordering::Less),
            ("v1.10.0-eksbuild.10", "v1.10.0-eksbuild.9", Ordering::Greater),
            ("v1.10.0-eksbuild.1", "v1.10.0-eksbuild.1", Ordering::Equal),
            ("v2.0.0", "v1.99.9-eksbuild.9", Ordering::Greater),
        ] {
            assert_eq!(compare(one, other), expected, "{one} {other}");
        }
    }

    #[test]
    fn goes_through_every_minor_version_where_it_must() {
        let available = versions(&[
            "v1.20.1-eksbuild.1",
            "v1.19.5-eksbuild.3",
            "v1.19.5-eksbuild.1",
            "v1.18.0-eksbuild.1",
            "v1.17.0-eksbuild.1",
        ]);
        let (old, new) = ("v1.17.0-eksbuild.1", "v1.20.1-eksbuild.1");
        for (addon, from, to, expected) in [
            ("vpc-cni", old, new, versions(&["v1.18.0-eksbuild.1", "v1.19.5-eksbuild.3", new])),
            ("vpc-cni", new, old, versions(&["v1.19.5-eksbuild.3", "v1.18.0-eksbuild.1", old])),
            ("vpc-cni", "v1.19.5-eksbuild.1", new, versions(&[new])),
            ("vpc-cni", "v1.16.0-eksbuild.1", old, versions(&[old])),
            ("coredns", old, new, versions(&[new])),
        ] {
            assert_eq!(steps(addon, from, to, &available), expected, "{addon} {from} {to}");
        }
    }

    #[test]
    fn chooses_the_newest_or_what_is_wished_for() {
        let available = versions(&["v2", "v1"]);
        let choose = |wished| choose("coredns", wished, &available, "1.35");
        assert_eq!(choose(None).unwrap(), "v2");
        assert_eq!(choose(Some("v1")).unwrap(), "v1");
        let error = choose(Some("v3")).unwrap_err();
        assert_eq!(error.path.unwrap().to_string(), r#"addons["coredns"].version"#);
        assert!(error.detail.contains("has v2, v1."), "{}", error.detail);
    }
}
