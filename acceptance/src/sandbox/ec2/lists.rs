//! Lists of EC2: filters moto does not know, and tags that lists do not show yet.

use std::sync::Arc;

use super::ask;
use crate::sandbox::call::{Call, Reply};
use crate::sandbox::form::Form;
use crate::sandbox::record::wildcard;
use crate::sandbox::wire::ServiceError;
use crate::sandbox::world::World;
use crate::sandbox::xml::Element;

/// What is particular to a list of things whose state takes time.
pub struct List {
    /// The element that holds the items.
    pub set: &'static str,
    /// The element of an item's id.
    pub id: &'static str,
    /// The parameter that names ids.
    pub parameter: &'static str,
    /// The filters by a field of an item, with the field's element.
    pub filters: &'static [(&'static str, &'static str)],
    /// Whether deleted ones stay in the list for a while.
    pub shows_deleted: bool,
    /// What people call it.
    pub noun: &'static str,
    /// The code of an unknown id.
    pub not_found: &'static str,
    /// Adds to an item what moto leaves out.
    pub complete: fn(&mut Element),
}

/// NAT gateways.
pub const NAT_GATEWAYS: List = List {
    set: "natGatewaySet",
    id: "natGatewayId",
    parameter: "NatGatewayId",
    filters: &[
        ("nat-gateway-id", "natGatewayId"),
        ("state", "state"),
        ("subnet-id", "subnetId"),
        ("vpc-id", "vpcId"),
    ],
    shows_deleted: true,
    noun: "NAT gateway",
    not_found: "NatGatewayNotFound",
    complete: |item| {
        let public = item
            .items("natGatewayAddressSet")
            .iter()
            .any(|address| address.child("allocationId").is_some());
        item.set_text("connectivityType", if public { "public" } else { "private" });
    },
};

/// VPC endpoints.
pub const VPC_ENDPOINTS: List = List {
    set: "vpcEndpointSet",
    id: "vpcEndpointId",
    parameter: "VpcEndpointId",
    filters: &[
        ("service-name", "serviceName"),
        ("vpc-endpoint-id", "vpcEndpointId"),
        ("vpc-endpoint-state", "state"),
        ("vpc-endpoint-type", "vpcEndpointType"),
        ("vpc-id", "vpcId"),
    ],
    shows_deleted: false,
    noun: "VPC endpoint",
    not_found: "InvalidVpcEndpointId.NotFound",
    complete: |item| {
        if item.text_at("vpcEndpointType") == "Gateway" {
            item.set_text("privateDnsEnabled", "false");
        }
    },
};

/// A filter's name and its values, of which one must hold.
type Filter = (String, Vec<String>);

/// The filters that the gateway applies itself.
#[derive(Debug)]
pub struct OwnFilters(Vec<Filter>);

impl List {
    /// Parts the filters into those the gateway applies, by field and tag, and the rest, of which moto may know some.
    pub fn split(&self, filters: Vec<Filter>) -> (OwnFilters, Vec<Filter>) {
        let ours = |name: &str| self.field(name).is_some() || name.starts_with("tag");
        let (ours, theirs) = filters.into_iter().partition(|(name, _)| ours(name));
        (OwnFilters(ours), theirs)
    }

    /// The element that a filter is about.
    fn field(&self, filter: &str) -> Option<&'static str> {
        let known = self.filters.iter().find(|(name, _)| *name == filter);
        known.map(|(_, field)| *field)
    }
}

impl OwnFilters {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether all of them hold for an item.
    pub fn cover(&self, item: &Element, list: &List) -> bool {
        self.0.iter().all(|(name, values)| {
            let is = |text: &str| values.iter().any(|value| wildcard(value, text));
            let mut tags = item.items("tagSet").iter();
            if let Some(field) = list.field(name) {
                is(item.text_at(field))
            } else if name == "tag-key" {
                tags.any(|tag| is(tag.text_at("key")))
            } else {
                let key = name.strip_prefix("tag:").unwrap_or_default();
                tags.any(|tag| tag.text_at("key") == key && is(tag.text_at("value")))
            }
        })
    }
}

/// The element of items and that of their ids, of the lists that can be filtered by tags.
const TAGGED: [(&str, &str, &str); 14] = [
    ("DescribeAddresses", "addressesSet", "allocationId"),
    ("DescribeFlowLogs", "flowLogSet", "flowLogId"),
    ("DescribeInternetGateways", "internetGatewaySet", "internetGatewayId"),
    ("DescribeLaunchTemplates", "launchTemplates", "launchTemplateId"),
    ("DescribeNatGateways", "natGatewaySet", "natGatewayId"),
    ("DescribeNetworkAcls", "networkAclSet", "networkAclId"),
    ("DescribeNetworkInterfaces", "networkInterfaceSet", "networkInterfaceId"),
    ("DescribeRouteTables", "routeTableSet", "routeTableId"),
    ("DescribeSecurityGroups", "securityGroupInfo", "groupId"),
    ("DescribeSnapshots", "snapshotSet", "snapshotId"),
    ("DescribeSubnets", "subnetSet", "subnetId"),
    ("DescribeVolumes", "volumeSet", "volumeId"),
    ("DescribeVpcEndpoints", "vpcEndpointSet", "vpcEndpointId"),
    ("DescribeVpcs", "vpcSet", "vpcId"),
];

/// The types of tagged things as AWS names them, where moto names them otherwise.
const TYPES: [(&str, &str); 3] = [
    ("flow-logs", "vpc-flow-log"),
    ("vpc-elastic-ip", "elastic-ip"),
    ("nat-gateway", "natgateway"),
];

/// Whether a list is filtered by tags and has to stay behind.
pub fn lags(call: &Call, form: &Form, world: &World) -> bool {
    world.settings.get().tag_lag_seconds > 0.0
        && TAGGED.iter().any(|(operation, _, _)| *operation == call.operation)
        && !tag_keys(form).is_empty()
}

/// The answer of a list without the items that its tag filters cannot find yet.
pub fn without_hidden(operation: &str, form: &Form, mut answer: Element, world: &World) -> Element {
    let seconds = world.settings.get().tag_lag_seconds;
    let keys = tag_keys(form);
    let list = TAGGED.iter().find(|(name, _, _)| *name == operation);
    if let Some((_, set, id)) = list
        && let Some(set) = answer.child_mut(set)
    {
        set.children
            .retain(|item| !keys.iter().any(|key| world.lag.hides(item.text_at(id), key, seconds)));
    }
    answer
}

/// The tag keys that a list's filters name.
fn tag_keys(form: &Form) -> Vec<String> {
    let mut keys = Vec::new();
    for (name, values) in form.filters() {
        if let Some(key) = name.strip_prefix("tag:") {
            keys.push(key.to_owned());
        } else if name == "tag-key" {
            keys.extend(values);
        }
    }
    keys
}

/// DescribeTags with the types as AWS names them, without tags that lists do not show yet.
///
/// # Errors
/// EC2's error.
pub async fn describe_tags(
    mut call: Call,
    mut form: Form,
    world: &Arc<World>,
) -> Result<Reply, ServiceError> {
    let mut filters = form.filters();
    for (name, values) in &mut filters {
        if name == "resource-type" {
            for value in values {
                if let Some((moto, _)) = TYPES.iter().find(|(_, aws)| aws == value) {
                    *value = (*moto).to_owned();
                }
            }
        }
    }
    form.set_filters(&filters);
    call.set_form(&form);
    let mut answer = ask(call, world).await?;
    let seconds = world.settings.get().tag_lag_seconds;
    if let Some(set) = answer.child_mut("tagSet") {
        set.children
            .retain(|tag| !world.lag.hides(tag.text_at("resourceId"), tag.text_at("key"), seconds));
        for tag in &mut set.children {
            let kind = tag.text_at("resourceType").to_owned();
            if let Some((_, aws)) = TYPES.iter().find(|(moto, _)| *moto == kind) {
                tag.set_text("resourceType", aws);
            }
        }
    }
    Ok(Reply::xml(&answer))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(filters: &[(&str, &str)], expected: bool) {
        let item = Element::parse("<item><natGatewayId>nat-1</natGatewayId><state>pending</state><vpcId>vpc-1</vpcId><tagSet><item><key>owner</key><value>me</value></item></tagSet></item>").unwrap();
        let filters =
            filters.iter().map(|(name, value)| ((*name).to_owned(), vec![(*value).to_owned()]));
        let (ours, theirs) = NAT_GATEWAYS.split(filters.collect());
        assert!(theirs.is_empty());
        assert_eq!(ours.cover(&item, &NAT_GATEWAYS), expected, "{ours:?}");
    }

    #[test]
    fn own_filters_are_by_field_and_tag() {
        check(&[], true);
        check(&[("state", "pending")], true);
        check(&[("state", "available")], false);
        check(&[("tag:owner", "me"), ("tag-key", "owner")], true);
        check(&[("tag:owner", "m*")], true);
        check(&[("tag:owner", "you")], false);
        check(&[("tag-key", "other")], false);
        check(&[("nat-gateway-id", "nat-1"), ("vpc-id", "vpc-1")], true);
        check(&[("nat-gateway-id", "nat-1"), ("vpc-id", "vpc-2")], false);
        let other = vec![("no-such-filter".to_owned(), vec!["x".to_owned()])];
        assert_eq!(NAT_GATEWAYS.split(other.clone()).1, other);
    }
}
