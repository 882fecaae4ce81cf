//! Routes, as EC2 has them: each kind of destination and target in a field of its own.

use aws_sdk_ec2::operation::create_route::builders::CreateRouteFluentBuilder;
use aws_sdk_ec2::operation::replace_route::builders::ReplaceRouteFluentBuilder;
use aws_sdk_ec2::types::{Route, RouteOrigin};
use travel_framework::Failure;

use crate::consistency::{Call, WITHIN_SERVICE, send_when_ready};
use crate::error::{Reply as _, is_code};

/// What a route names that is not there yet.
const TOO_EARLY: [&str; 11] = [
    "InvalidRouteTableID.NotFound",
    "InvalidRouteTableId.NotFound",
    "InvalidInternetGatewayID.NotFound",
    "InvalidInternetGatewayId.NotFound",
    "NatGatewayNotFound",
    "InvalidVpcEndpointId.NotFound",
    "InvalidGatewayID.NotFound",
    "InvalidNatGatewayID.NotFound",
    "InvalidVpcPeeringConnectionID.NotFound",
    "InvalidNetworkInterfaceID.NotFound",
    "InvalidEgressOnlyInternetGatewayId.NotFound",
];
/// What EC2 says of a transit gateway that the VPC is not attached to, or not yet.
pub const UNATTACHED: &str = "InvalidTransitGatewayID.NotFound";

/// Destination and target of a route; none for those of AWS: the local ones, those of gateway
/// endpoints, and those that a virtual private gateway propagates or a route server advertises.
pub fn read(route: Route) -> Option<(String, String)> {
    let made_by = route.origin.as_ref().map(RouteOrigin::as_str);
    if matches!(made_by, Some("CreateRouteTable" | "EnableVgwRoutePropagation" | "Advertisement")) {
        return None;
    }
    let prefix_list = route.destination_prefix_list_id;
    let target = route
        .gateway_id
        .or(route.nat_gateway_id)
        .or(route.transit_gateway_id)
        .or(route.vpc_peering_connection_id)
        .or(route.egress_only_internet_gateway_id)
        .or(route.network_interface_id)
        .or(route.local_gateway_id)
        .or(route.carrier_gateway_id)
        .or(route.core_network_arn)
        .or(route.instance_id)
        .unwrap_or_default();
    if target == "local" || (prefix_list.is_some() && target.starts_with("vpce-")) {
        return None;
    }
    let destination =
        route.destination_cidr_block.or(route.destination_ipv6_cidr_block).or(prefix_list)?;
    Some((destination, target))
}

/// Where a route leads from, as EC2 wants it: each kind in a field of its own.
macro_rules! leading_from {
    ($request:expr, $destination:expr) => {{
        let (request, destination) = ($request, $destination);
        if destination.starts_with("pl-") {
            request.destination_prefix_list_id(destination)
        } else if destination.contains(':') {
            request.destination_ipv6_cidr_block(destination)
        } else {
            request.destination_cidr_block(destination)
        }
    }};
}

/// Where a route leads from, and to.
macro_rules! directed {
    ($request:expr, $destination:expr, $target:expr) => {{
        let (request, target) = (leading_from!($request, $destination), $target);
        match target.split('-').next().unwrap_or_default() {
            "nat" => request.nat_gateway_id(target),
            "eigw" => request.egress_only_internet_gateway_id(target),
            "tgw" => request.transit_gateway_id(target),
            "pcx" => request.vpc_peering_connection_id(target),
            "eni" => request.network_interface_id(target),
            "vpce" => request.vpc_endpoint_id(target),
            "lgw" => request.local_gateway_id(target),
            "cagw" => request.carrier_gateway_id(target),
            _ if target.starts_with("arn:") => request.core_network_arn(target),
            _ => request.gateway_id(target),
        }
    }};
}

fn create(request: CreateRouteFluentBuilder, from: &str, to: &str) -> CreateRouteFluentBuilder {
    directed!(request, from, to)
}

fn replace(request: ReplaceRouteFluentBuilder, from: &str, to: &str) -> ReplaceRouteFluentBuilder {
    directed!(request, from, to)
}

/// Lets a destination lead to a target, in the place of what it leads to already where it `replaces`
/// that.
///
/// # Errors
/// As the request fails.
pub async fn set(
    call: &Call,
    table_id: &str,
    destination: &str,
    target: &str,
    replaces: bool,
) -> Result<(), Failure> {
    let client = call.scope.ec2();
    let creation = create(client.create_route().route_table_id(table_id), destination, target);
    let change = replace(client.replace_route().route_table_id(table_id), destination, target);
    if !replaces {
        let created = send_when_ready(
            call,
            WITHIN_SERVICE,
            |error| is_code(error, &TOO_EARLY) || is_code(error, &[UNATTACHED]),
            || async {
                match creation.clone().send().await {
                    Err(error) if is_code(&error, &["RouteAlreadyExists"]) => Ok(false),
                    answer => answer.map(|_| true),
                }
            },
        )
        .await?;
        if created {
            return Ok(());
        }
    }
    send_when_ready(
        call,
        WITHIN_SERVICE,
        |error| is_code(error, &TOO_EARLY) || is_code(error, &[UNATTACHED]),
        || change.clone().send(),
    )
    .await
    .map(drop)
}

/// Takes a route out of a table. One that is gone already is no error.
///
/// # Errors
/// As the request fails.
pub async fn delete(call: &Call, table_id: &str, destination: &str) -> Result<(), Failure> {
    let client = call.scope.ec2();
    let request = leading_from!(client.delete_route().route_table_id(table_id), destination);
    request.send().await.found(&call.scope, &["InvalidRoute.NotFound"]).map(drop)
}
