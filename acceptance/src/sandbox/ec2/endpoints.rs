//! Changes of VPC endpoints: moto notes them, but moves neither routes nor network interfaces with them.

use std::sync::Arc;

use super::lives::Lives;
use super::{Asked, ignore_missing, plain};
use crate::sandbox::call::{Call, Reply};
use crate::sandbox::form::Form;
use crate::sandbox::wire::ServiceError;
use crate::sandbox::world::World;
use crate::sandbox::xml::Element;

/// ModifyVpcEndpoint, with the routes of added and removed route tables and the interfaces of added and removed
/// subnets.
///
/// # Errors
/// EC2's error.
pub async fn modify(
    call: Call,
    form: &Form,
    lives: &Lives,
    world: &Arc<World>,
) -> Result<Reply, ServiceError> {
    let asked = Asked::of(&call);
    let id = form.get("VpcEndpointId").unwrap_or_default();
    let found = asked
        .list(world, "DescribeVpcEndpoints", &[("VpcEndpointId.1", id)], "vpcEndpointSet")
        .await?;
    let live = found.first().filter(|item| item.text_at("state") != "deleted");
    let Some(item) = live else {
        let message = format!("The VPC endpoint {id} does not exist");
        return Err(ServiceError::new("InvalidVpcEndpointId.NotFound", message));
    };
    let change = Change { asked: &asked, id, item, lives, world };
    change.routes(form).await?;
    let reply = plain(call, world).await?;
    change.interfaces(form).await?;
    Ok(reply)
}

/// Takes a route table that is about to be deleted out of the gateway endpoints that route through it.
///
/// # Errors
/// EC2's error.
pub async fn forget_route_table(
    asked: &Asked,
    table: &str,
    world: &Arc<World>,
) -> Result<(), ServiceError> {
    for item in asked.list(world, "DescribeVpcEndpoints", &[], "vpcEndpointSet").await? {
        let routed = texts(&item, "routeTableIdSet").any(|other| other == table);
        if routed && item.text_at("state") != "deleted" {
            let id = item.text_at("vpcEndpointId");
            let parameters = [("VpcEndpointId", id), ("RemoveRouteTableId.1", table)];
            asked.query(world, "ModifyVpcEndpoint", &parameters).await?;
        }
    }
    Ok(())
}

struct Change<'a> {
    asked: &'a Asked,
    id: &'a str,
    item: &'a Element,
    lives: &'a Lives,
    world: &'a Arc<World>,
}

impl Change<'_> {
    async fn routes(&self, form: &Form) -> Result<(), ServiceError> {
        let (added, removed) = (form.list("AddRouteTableId"), form.list("RemoveRouteTableId"));
        if added.is_empty() && removed.is_empty() {
            return Ok(());
        }
        let service = self.item.text_at("serviceName");
        let lists = self.asked.list(self.world, "DescribeManagedPrefixLists", &[], "prefixListSet");
        let lists = lists.await?;
        let list = lists.iter().find(|list| list.text_at("prefixListName") == service);
        let Some(prefix) = list.map(|list| list.text_at("prefixListId")) else { return Ok(()) };
        for table in added {
            if texts(self.item, "routeTableIdSet").any(|other| other == table) {
                continue;
            }
            let parameters = [
                ("RouteTableId", table),
                ("DestinationPrefixListId", prefix),
                ("GatewayId", self.id),
            ];
            self.asked.query(self.world, "CreateRoute", &parameters).await?;
        }
        for table in removed {
            let parameters = [("RouteTableId", table), ("DestinationPrefixListId", prefix)];
            ignore_missing(self.asked.query(self.world, "DeleteRoute", &parameters).await)?;
        }
        Ok(())
    }

    async fn interfaces(&self, form: &Form) -> Result<(), ServiceError> {
        for subnet in form.list("AddSubnetId") {
            if texts(self.item, "subnetIdSet").any(|other| other == subnet) {
                continue;
            }
            let parameters = [("SubnetId", subnet)];
            let made = self.asked.query(self.world, "CreateNetworkInterface", &parameters).await?;
            let interface = made.text_at("networkInterface/networkInterfaceId");
            self.lives.add_interface(self.id, interface);
        }
        let ours = self.lives.interfaces(self.id);
        for subnet in form.list("RemoveSubnetId") {
            let filter = ("subnet-id", subnet);
            let operation = "DescribeNetworkInterfaces";
            let there =
                self.asked.filtered(self.world, operation, filter, "networkInterfaceSet").await?;
            for interface in &there {
                let interface = interface.text_at("networkInterfaceId");
                if ours.iter().any(|other| other == interface) {
                    let parameters = [("NetworkInterfaceId", interface)];
                    let asked = self.asked.query(self.world, "DeleteNetworkInterface", &parameters);
                    ignore_missing(asked.await)?;
                    self.lives.remove_interface(self.id, interface);
                }
            }
        }
        Ok(())
    }
}

fn texts<'a>(item: &'a Element, set: &str) -> impl Iterator<Item = &'a str> {
    item.items(set).iter().map(|one| one.content.as_str())
}
