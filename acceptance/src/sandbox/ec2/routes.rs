//! Routes to the endpoints of firewalls and of other balancers of gateways: moto makes them, and neither replaces
//! them nor sees that their endpoint is gone.

use std::sync::Arc;

use super::{Asked, plain};
use crate::sandbox::call::{Call, Reply};
use crate::sandbox::form::Form;
use crate::sandbox::wire::ServiceError;
use crate::sandbox::world::World;
use crate::sandbox::xml::Element;

/// The parameters that name a route's destination, with the element that tells it.
const DESTINATIONS: [(&str, &str); 3] = [
    ("DestinationCidrBlock", "destinationCidrBlock"),
    ("DestinationIpv6CidrBlock", "destinationIpv6CidrBlock"),
    ("DestinationPrefixListId", "destinationPrefixListId"),
];

/// Refuses a route to an endpoint that is not there.
///
/// # Errors
/// EC2's error.
pub async fn check(asked: &Asked, form: &Form, world: &Arc<World>) -> Result<(), ServiceError> {
    let Some(endpoint) = form.get("VpcEndpointId") else { return Ok(()) };
    let all = asked.list(world, "DescribeVpcEndpoints", &[], "vpcEndpointSet").await?;
    let there =
        |it: &Element| it.text_at("vpcEndpointId") == endpoint && it.text_at("state") != "deleted";
    if all.iter().any(there) {
        return Ok(());
    }
    let message = format!("The Vpc Endpoint Id '{endpoint}' does not exist");
    Err(ServiceError::new("InvalidVpcEndpointId.NotFound", message))
}

/// Replaces a route; one that leads to an endpoint, or is to, by another.
///
/// # Errors
/// EC2's error.
pub async fn replace(
    mut call: Call,
    form: &Form,
    world: &Arc<World>,
) -> Result<Reply, ServiceError> {
    let asked = Asked::of(&call);
    let table = form.get("RouteTableId").unwrap_or_default();
    let named =
        DESTINATIONS.iter().find_map(|(name, element)| Some((name, element, form.get(name)?)));
    let Some((name, element, destination)) = named else { return plain(call, world).await };
    let tables =
        asked.filtered(world, "DescribeRouteTables", ("route-table-id", table), "routeTableSet");
    let tables = tables.await?;
    let mut routes = tables.iter().flat_map(|table| table.items("routeSet"));
    let there = routes.find(|route| route.text_at(element) == destination);
    let leads = there.is_some_and(|route| route.text_at("gatewayId").starts_with("vpce-"));
    if there.is_none() || !(leads || form.get("VpcEndpointId").is_some()) {
        return plain(call, world).await;
    }
    let old = [("RouteTableId", table), (*name, destination)];
    asked.query(world, "DeleteRoute", &old).await?;
    let mut new = form.clone();
    new.0.retain(|(name, _)| name != "Action");
    new.0.push(("Action".to_owned(), "CreateRoute".to_owned()));
    call.set_form(&new);
    let request_id = call.request_id.clone();
    plain(call, world).await?;
    let answer = Element::new("ReplaceRouteResponse")
        .with_attribute("xmlns", "http://ec2.amazonaws.com/doc/2016-11-15/")
        .with(Element::text("requestId", &request_id))
        .with(Element::text("return", "true"));
    Ok(Reply::xml(&answer))
}
