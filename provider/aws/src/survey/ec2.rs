//! What is marked in EC2: listed by its tags, which outlast it for a while, and looked at again by
//! its kind.

use std::collections::{BTreeMap, BTreeSet};

use travel_framework::Failure;
use travel_framework::orphan::Marked;
use travel_framework::ownership::{DEPLOYMENT_TAG, GENERATION_TAG, RESOURCE_TAG};

use super::marked;
use crate::Scope;
use crate::ec2::{any_of, filter};
use crate::error::Reply;
use crate::tags::Tags;

/// Everything with a mark.
///
/// # Errors
/// Where a call fails.
pub async fn tagged(scope: &Scope) -> Result<Vec<Marked>, Failure> {
    let keys = any_of("key", [DEPLOYMENT_TAG, RESOURCE_TAG, GENERATION_TAG]);
    let request = scope.ec2().describe_tags().filters(keys);
    let tags = request.into_paginator().items().send().try_collect().await.at(scope)?;
    let mut kinds: BTreeMap<String, BTreeMap<String, Tags>> = BTreeMap::new();
    for tag in tags {
        let kind = tag.resource_type.map(|it| it.as_str().to_owned()).unwrap_or_default();
        if let (Some(id), Some(key)) = (tag.resource_id, tag.key) {
            let of_kind = kinds.entry(kind).or_default();
            of_kind.entry(id).or_default().insert(key, tag.value.unwrap_or_default());
        }
    }
    let mut found = Vec::new();
    for (kind, tagged) in kinds {
        let there = there(scope, &kind).await?;
        let is_there = |id: &String| there.as_ref().is_none_or(|there| there.contains(id));
        for (id, tags) in tagged.iter().filter(|(id, _)| is_there(id)) {
            let arn = scope.arn("ec2", &format!("{kind}/{id}"));
            found.extend(marked(scope, &arn, &format!("ec2 {kind}"), tags));
        }
    }
    Ok(found)
}

/// What EC2 still tells of for a while after it is gone, by its state.
const GONE: [&str; 2] = ["deleting", "deleted"];

/// The ids of what is marked of a kind, from the list of it.
macro_rules! ids {
    ($scope:ident, $describe:ident, $id:ident) => {{
        let request = $scope.ec2().$describe().filters(filter("tag-key", DEPLOYMENT_TAG));
        let found = request.into_paginator().items().send().try_collect().await.at($scope)?;
        found.into_iter().filter_map(|it| it.$id).collect::<BTreeSet<String>>()
    }};
}

/// The ids of what is marked of a kind and still there; none for a kind of which the tags are all
/// that is looked at.
async fn there(scope: &Scope, kind: &str) -> Result<Option<BTreeSet<String>>, Failure> {
    Ok(Some(match kind {
        "vpc" => ids!(scope, describe_vpcs, vpc_id),
        "subnet" => ids!(scope, describe_subnets, subnet_id),
        "route-table" => ids!(scope, describe_route_tables, route_table_id),
        "internet-gateway" => ids!(scope, describe_internet_gateways, internet_gateway_id),
        "egress-only-internet-gateway" => {
            ids!(scope, describe_egress_only_internet_gateways, egress_only_internet_gateway_id)
        }
        "security-group" => ids!(scope, describe_security_groups, group_id),
        "natgateway" => nat_gateways(scope).await?,
        "vpc-endpoint" => endpoints(scope).await?,
        "elastic-ip" => addresses(scope).await?,
        "vpc-flow-log" => flow_logs(scope).await?,
        _ => return Ok(None),
    }))
}

fn is_gone(state: Option<&str>) -> bool {
    state.is_some_and(|state| GONE.contains(&state.to_lowercase().as_str()))
}

async fn nat_gateways(scope: &Scope) -> Result<BTreeSet<String>, Failure> {
    let request = scope.ec2().describe_nat_gateways().filter(filter("tag-key", DEPLOYMENT_TAG));
    let found = request.into_paginator().items().send().try_collect().await.at(scope)?;
    let there = found.into_iter().filter(|it| !is_gone(it.state().map(|state| state.as_str())));
    Ok(there.filter_map(|it| it.nat_gateway_id).collect())
}

async fn endpoints(scope: &Scope) -> Result<BTreeSet<String>, Failure> {
    let request = scope.ec2().describe_vpc_endpoints().filters(filter("tag-key", DEPLOYMENT_TAG));
    let found = request.into_paginator().items().send().try_collect().await.at(scope)?;
    let there = found.into_iter().filter(|it| !is_gone(it.state().map(|state| state.as_str())));
    Ok(there.filter_map(|it| it.vpc_endpoint_id).collect())
}

async fn addresses(scope: &Scope) -> Result<BTreeSet<String>, Failure> {
    let request = scope.ec2().describe_addresses().filters(filter("tag-key", DEPLOYMENT_TAG));
    let found = request.send().await.at(scope)?.addresses.unwrap_or_default();
    Ok(found.into_iter().filter_map(|it| it.allocation_id).collect())
}

async fn flow_logs(scope: &Scope) -> Result<BTreeSet<String>, Failure> {
    let request = scope.ec2().describe_flow_logs().filter(filter("tag-key", DEPLOYMENT_TAG));
    let found = request.into_paginator().items().send().try_collect().await.at(scope)?;
    Ok(found.into_iter().filter_map(|it| it.flow_log_id).collect())
}
