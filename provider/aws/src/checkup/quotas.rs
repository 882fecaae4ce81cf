//! The quotas that our pages use up, each with how much of it is in use.
//!
//! Source: Service Quotas, the codes of each service's quotas.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{InstanceStateName, NatGatewayState};
use travel_framework::Failure;
use travel_framework::finding::Finding;

use crate::Scope;
use crate::ec2::any_of;
use crate::error::{Reply, failure, is_code};

const CHECK: &str = "quota";
/// From this share of it on, a quota will soon be used up.
const NEARLY: f64 = 0.8;
/// The families of instances whose processors count together: "All Standard instances".
const STANDARD: &str = "acdhimrtz";

/// A quota of a region.
struct Quota {
    name: &'static str,
    service: &'static str,
    code: &'static str,
}

const NETWORKS: Quota = Quota { name: "networks (VPCs)", service: "vpc", code: "L-F678F1CE" };
const GATEWAYS: Quota = Quota { name: "internet gateways", service: "vpc", code: "L-A4707A72" };
const ADDRESSES: Quota = Quota { name: "public addresses", service: "ec2", code: "L-0263D0A3" };
const NAT: Quota = Quota { name: "NAT gateways in a zone", service: "vpc", code: "L-FE5A380F" };
const CLUSTERS: Quota = Quota { name: "clusters", service: "eks", code: "L-1194D53C" };
const PROCESSORS: Quota = Quota { name: "virtual CPUs", service: "ec2", code: "L-1216C47A" };

/// Looks at all of them in one account and region.
pub async fn check(scope: &Scope) -> Vec<Finding> {
    // So many requests side by side are more than belongs on a thread's stack.
    let found = futures::join!(
        Box::pin(async { compared(scope, &NETWORKS, networks(scope).await).await }),
        Box::pin(async { compared(scope, &GATEWAYS, gateways(scope).await).await }),
        Box::pin(async { compared(scope, &ADDRESSES, addresses(scope).await).await }),
        Box::pin(async { compared(scope, &NAT, nat_gateways(scope).await).await }),
        Box::pin(async { compared(scope, &CLUSTERS, clusters(scope).await).await }),
        Box::pin(async { compared(scope, &PROCESSORS, processors(scope).await).await }),
    );
    let (networks, gateways, addresses, nat, clusters, processors) = found;
    vec![networks, gateways, addresses, nat, clusters, processors]
}

/// How much of a quota is in use.
async fn compared(scope: &Scope, quota: &Quota, used: Result<usize, Failure>) -> Finding {
    let subject = subject(scope, quota);
    let known = match used {
        Ok(used) => most(scope, quota).await.map(|most| (used, most)),
        Err(failure) => Err(failure),
    };
    match known {
        Ok((used, most)) => judged(quota, subject, used, most),
        Err(failure) => {
            let error = failure.into_diagnostic();
            let message = format!("it cannot be told: {}", error.summary);
            Finding::warning(CHECK, subject, message, error.detail)
        }
    }
}

fn subject(scope: &Scope, quota: &Quota) -> String {
    format!("{} {} {}", scope.account_id(), scope.region(), quota.name)
}

fn judged(quota: &Quota, subject: String, used: usize, most: f64) -> Finding {
    let message = format!("{used} of {most} in use");
    #[expect(clippy::cast_precision_loss, reason = "there are not so many of anything")]
    let used = used as f64;
    if used < most * NEARLY {
        return Finding::ok(CHECK, subject, message);
    }
    let remedy = format!(
        "If more are to be made, ask for a higher quota first (Service Quotas, {} of {}).",
        quota.code, quota.service,
    );
    Finding::warning(CHECK, subject, message, remedy)
}

/// The quota of the account, or that of every account where it has none of its own.
async fn most(scope: &Scope, quota: &Quota) -> Result<f64, Failure> {
    let client = scope.quotas();
    let own = client.get_service_quota().service_code(quota.service).quota_code(quota.code);
    let own = match own.send().await {
        Ok(answer) => answer.quota.and_then(|it| it.value),
        Err(error) if is_code(&error, &["NoSuchResourceException"]) => None,
        Err(error) => return Err(failure(&error, &scope.place())),
    };
    if let Some(own) = own {
        return Ok(own);
    }
    let default = client.get_aws_default_service_quota().service_code(quota.service);
    let answer = default.quota_code(quota.code).send().await.at(scope)?;
    Ok(answer.quota.and_then(|it| it.value).unwrap_or_default())
}

async fn networks(scope: &Scope) -> Result<usize, Failure> {
    let pages = scope.ec2().describe_vpcs().into_paginator().items().send();
    Ok(pages.try_collect().await.at(scope)?.len())
}

async fn gateways(scope: &Scope) -> Result<usize, Failure> {
    let pages = scope.ec2().describe_internet_gateways().into_paginator().items().send();
    Ok(pages.try_collect().await.at(scope)?.len())
}

async fn addresses(scope: &Scope) -> Result<usize, Failure> {
    let answer = scope.ec2().describe_addresses().send().await.at(scope)?;
    Ok(answer.addresses.unwrap_or_default().len())
}

/// The most NAT gateways that one zone has.
async fn nat_gateways(scope: &Scope) -> Result<usize, Failure> {
    let states = [NatGatewayState::Pending, NatGatewayState::Available];
    let states = any_of("state", states.map(|it| it.as_str().to_owned()));
    let pages = scope.ec2().describe_nat_gateways().filter(states).into_paginator().items().send();
    let found = pages.try_collect().await.at(scope)?;
    if found.is_empty() {
        return Ok(0);
    }
    let pages = scope.ec2().describe_subnets().into_paginator().items().send();
    let subnets = pages.try_collect().await.at(scope)?.into_iter();
    let zones: BTreeMap<String, String> =
        subnets.filter_map(|it| Some((it.subnet_id?, it.availability_zone?))).collect();
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    for subnet in found.iter().filter_map(|it| it.subnet_id()) {
        *numbers.entry(zones.get(subnet).map_or("", String::as_str)).or_default() += 1;
    }
    Ok(numbers.into_values().max().unwrap_or_default())
}

async fn clusters(scope: &Scope) -> Result<usize, Failure> {
    let pages = scope.eks().list_clusters().into_paginator().items().send();
    Ok(pages.try_collect().await.at(scope)?.len())
}

/// The virtual CPUs of all instances of standard families that run or are about to.
async fn processors(scope: &Scope) -> Result<usize, Failure> {
    let states = [InstanceStateName::Pending, InstanceStateName::Running];
    let states = any_of("instance-state-name", states.map(|it| it.as_str().to_owned()));
    let pages = scope.ec2().describe_instances().filters(states).into_paginator().items().send();
    let reservations = pages.try_collect().await.at(scope)?;
    let mut processors = 0;
    for instance in reservations.iter().flat_map(|it| it.instances()) {
        let kind = instance.instance_type().map(|it| it.as_str()).unwrap_or_default();
        let is_standard = is_standard(kind);
        if let Some(options) = instance.cpu_options().filter(|_| is_standard) {
            let number =
                options.core_count().unwrap_or(1) * options.threads_per_core().unwrap_or(1);
            processors += usize::try_from(number).unwrap_or_default();
        }
    }
    Ok(processors)
}

/// Whether instances of a type count as standard: those whose family is one letter of these before
/// its generation, as in `m7g.large`; `inf1` and `trn1` do not.
fn is_standard(kind: &str) -> bool {
    let family: String = kind.chars().take_while(char::is_ascii_alphabetic).collect();
    family.len() == 1 && STANDARD.contains(&family) || family == "im" || family == "is"
}

#[cfg(test)]
mod tests {
    use travel_framework::finding::Verdict;

    use super::*;

    #[test]
    fn a_quota_that_is_nearly_used_up_is_warned_of() {
        for (used, most, expected) in [
            (0, 5.0, Verdict::Ok),
            (3, 5.0, Verdict::Ok),
            (4, 5.0, Verdict::Warning),
            (5, 5.0, Verdict::Warning),
        ] {
            let found = judged(&NETWORKS, String::new(), used, most);
            assert_eq!(found.verdict, expected, "{}", found.message);
        }
    }

    #[test]
    fn families_that_count_together_are_told_by_their_letter() {
        for (kind, expected) in [
            ("m7g.large", true),
            ("t3.micro", true),
            ("im4gn.large", true),
            ("inf1.xlarge", false),
            ("g5.xlarge", false),
            ("trn1.2xlarge", false),
            ("mac1.metal", false),
        ] {
            assert_eq!(is_standard(kind), expected, "{kind}");
        }
    }
}
