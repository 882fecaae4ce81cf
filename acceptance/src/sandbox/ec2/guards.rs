//! What EC2 refuses and moto lets pass: deleting what others depend on, and making what is already there.

use std::sync::Arc;

use super::lives::Lives;
use super::{Asked, routes};
use crate::sandbox::call::Call;
use crate::sandbox::form::Form;
use crate::sandbox::wire::ServiceError;
use crate::sandbox::world::{Order, World};
use crate::sandbox::xml::Element;

/// Refuses a call that EC2 would refuse.
///
/// # Errors
/// EC2's error.
pub async fn check(
    call: &Call,
    form: &Form,
    lives: &Lives,
    world: &Arc<World>,
) -> Result<(), ServiceError> {
    let guard = Guard { asked: Asked::of(call), lives, world };
    let get = |name: &str| form.get(name).unwrap_or_default();
    match call.operation.as_str() {
        "DeleteSubnet" => guard.delete_subnet(get("SubnetId")).await,
        "DeleteVpc" => guard.delete_vpc(get("VpcId")).await,
        "DeleteSecurityGroup" => guard.delete_security_group(get("GroupId")).await,
        "DeleteRouteTable" => guard.delete_route_table(get("RouteTableId")).await,
        "DetachInternetGateway" => guard.detach_internet_gateway(get("VpcId")).await,
        "AttachInternetGateway" => {
            guard.attach_internet_gateway(get("InternetGatewayId"), get("VpcId")).await
        }
        "ReleaseAddress" => guard.release_address(get("AllocationId")).await,
        "DeleteNetworkInterface" => guard.delete_network_interface(get("NetworkInterfaceId")),
        "AssociateRouteTable" => {
            guard.associate_route_table(get("RouteTableId"), get("SubnetId")).await
        }
        "CreateVpcEndpoint" => guard.create_vpc_endpoint(form).await,
        "CreateRoute" | "ReplaceRoute" => routes::check(&guard.asked, form, world).await,
        _ => Ok(()),
    }
}

/// Whether a VPC has an internet gateway.
///
/// # Errors
/// EC2's error.
pub async fn has_gateway(
    asked: &Asked,
    vpc: &str,
    world: &Arc<World>,
) -> Result<bool, ServiceError> {
    let filter = ("attachment.vpc-id", vpc);
    let gateways =
        asked.filtered(world, "DescribeInternetGateways", filter, "internetGatewaySet").await?;
    Ok(!gateways.is_empty())
}

struct Guard<'a> {
    asked: Asked,
    lives: &'a Lives,
    world: &'a Arc<World>,
}

impl Guard<'_> {
    async fn delete_subnet(&self, subnet: &str) -> Result<(), ServiceError> {
        let interfaces = self.interfaces(("subnet-id", subnet)).await?;
        let balancers = self.balancers().await?;
        let balanced = balancers.iter().any(|balancer| {
            let mut zones = balancer.items("AvailabilityZones").iter();
            zones.any(|zone| zone.text_at("SubnetId") == subnet)
        });
        if self.lives.hold(subnet) || !interfaces.is_empty() || balanced {
            return Err(dependencies("subnet", subnet));
        }
        Ok(())
    }

    async fn delete_vpc(&self, vpc: &str) -> Result<(), ServiceError> {
        let filter = ("vpc-id", vpc);
        let groups = self.list("DescribeSecurityGroups", filter, "securityGroupInfo").await?;
        let held = self.lives.hold(vpc)
            || has_gateway(&self.asked, vpc, self.world).await?
            || groups.iter().any(|group| group.text_at("groupName") != "default")
            || !self.endpoints(vpc).await?.is_empty()
            || !self.interfaces(filter).await?.is_empty();
        if held { Err(dependencies("vpc", vpc)) } else { Ok(()) }
    }

    async fn delete_security_group(&self, group: &str) -> Result<(), ServiceError> {
        let named = |element: &Element, set: &str| {
            element.items(set).iter().any(|one| one.text_at("groupId") == group)
        };
        let groups =
            self.asked.list(self.world, "DescribeSecurityGroups", &[], "securityGroupInfo");
        let groups = groups.await?;
        let Some(this) = groups.iter().find(|other| other.text_at("groupId") == group) else {
            return Ok(());
        };
        let referred =
            groups.iter().filter(|other| other.text_at("groupId") != group).any(|other| {
                let mut rules =
                    other.items("ipPermissions").iter().chain(other.items("ipPermissionsEgress"));
                rules.any(|rule| named(rule, "groups"))
            });
        let endpoints = self.endpoints(this.text_at("vpcId")).await?;
        let in_endpoint = endpoints.iter().any(|endpoint| named(endpoint, "groupSet"));
        let mut interfaces = self.interfaces(("group-id", group)).await?;
        interfaces.retain(|interface| !self.lives.manage(interface.text_at("networkInterfaceId")));
        let balancers = self.balancers().await?;
        let in_balancer = balancers.iter().any(|balancer| {
            balancer.items("SecurityGroups").iter().any(|one| one.content == group)
        });
        if self.lives.hold(group)
            || referred
            || in_endpoint
            || !interfaces.is_empty()
            || in_balancer
        {
            let message = format!("resource {group} has a dependent object");
            return Err(ServiceError::new("DependencyViolation", message));
        }
        Ok(())
    }

    async fn delete_route_table(&self, table: &str) -> Result<(), ServiceError> {
        let filter = ("association.main", "true");
        let mains = self.list("DescribeRouteTables", filter, "routeTableSet").await?;
        if mains.iter().any(|main| main.text_at("routeTableId") == table) {
            return Err(dependencies("routeTable", table));
        }
        Ok(())
    }

    async fn detach_internet_gateway(&self, vpc: &str) -> Result<(), ServiceError> {
        let interfaces = self.interfaces(("vpc-id", vpc)).await?;
        let mapped = interfaces.iter().any(|interface| interface.child("association").is_some());
        if self.lives.hold(vpc) || mapped {
            let message = format!(
                "Network {vpc} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway."
            );
            return Err(ServiceError::new("DependencyViolation", message));
        }
        Ok(())
    }

    async fn attach_internet_gateway(&self, gateway: &str, vpc: &str) -> Result<(), ServiceError> {
        let filter = ("attachment.vpc-id", vpc);
        let attached = self.list("DescribeInternetGateways", filter, "internetGatewaySet").await?;
        if attached.iter().any(|other| other.text_at("internetGatewayId") != gateway) {
            let message = format!("Network {vpc} already has an internet gateway attached");
            return Err(ServiceError::new("InvalidParameterValue", message));
        }
        Ok(())
    }

    async fn release_address(&self, allocation: &str) -> Result<(), ServiceError> {
        let filter = ("allocation-id", allocation);
        let addresses = self.list("DescribeAddresses", filter, "addressesSet").await?;
        let address = addresses.first();
        let used = address.is_some_and(|address| !address.text_at("associationId").is_empty());
        if self.lives.hold(allocation) || used {
            let ip = address.map_or("", |address| address.text_at("publicIp"));
            let message = format!("Address {ip} is in use.");
            return Err(ServiceError::new("InvalidIPAddress.InUse", message));
        }
        Ok(())
    }

    fn delete_network_interface(&self, interface: &str) -> Result<(), ServiceError> {
        if self.lives.manage(interface) {
            let message = format!("Network interface '{interface}' is currently in use.");
            return Err(ServiceError::new("InvalidParameterValue", message));
        }
        Ok(())
    }

    async fn associate_route_table(&self, table: &str, subnet: &str) -> Result<(), ServiceError> {
        if subnet.is_empty() {
            return Ok(());
        }
        let filter = ("association.subnet-id", subnet);
        let tables = self.list("DescribeRouteTables", filter, "routeTableSet").await?;
        if tables.iter().any(|other| other.text_at("routeTableId") != table) {
            let message = format!(
                "the specified association for route table {table} conflicts with an existing association"
            );
            return Err(ServiceError::new("Resource.AlreadyAssociated", message));
        }
        Ok(())
    }

    async fn create_vpc_endpoint(&self, form: &Form) -> Result<(), ServiceError> {
        let (vpc, service) = (form.get("VpcId"), form.get("ServiceName"));
        let (vpc, service) = (vpc.unwrap_or_default(), service.unwrap_or_default());
        let mut same = self.endpoints(vpc).await?;
        same.retain(|endpoint| endpoint.text_at("serviceName") == service);
        if form.get("VpcEndpointType") == Some("Interface") {
            let private = form.get("PrivateDnsEnabled") != Some("false");
            let taken = |one: &Element| {
                one.text_at("vpcEndpointType") == "Interface"
                    && one.text_at("privateDnsEnabled") == "true"
            };
            if private && same.iter().any(taken) {
                let message = format!(
                    "private-dns-enabled cannot be set because there is already a conflicting DNS domain for {service} in the VPC {vpc}"
                );
                return Err(ServiceError::new("InvalidParameter", message));
            }
            return Ok(());
        }
        for table in form.list("RouteTableId") {
            let routed = |one: &Element| {
                one.items("routeTableIdSet").iter().any(|other| other.content == table)
            };
            if same.iter().any(routed) {
                let message = format!(
                    "route table {table} already has a route with destination-prefix-list-id of {service}"
                );
                return Err(ServiceError::new("RouteAlreadyExists", message));
            }
        }
        Ok(())
    }

    async fn list(
        &self,
        operation: &str,
        filter: (&str, &str),
        set: &str,
    ) -> Result<Vec<Element>, ServiceError> {
        self.asked.filtered(self.world, operation, filter, set).await
    }

    async fn interfaces(&self, filter: (&str, &str)) -> Result<Vec<Element>, ServiceError> {
        self.list("DescribeNetworkInterfaces", filter, "networkInterfaceSet").await
    }

    /// The endpoints of a VPC that are not deleted.
    async fn endpoints(&self, vpc: &str) -> Result<Vec<Element>, ServiceError> {
        let mut all = self.list("DescribeVpcEndpoints", ("vpc-id", vpc), "vpcEndpointSet").await?;
        all.retain(|endpoint| endpoint.text_at("state") != "deleted");
        Ok(all)
    }

    async fn balancers(&self) -> Result<Vec<Element>, ServiceError> {
        let (account, region) = (&self.asked.account, &self.asked.region);
        let order = Order::new("elbv2", account, region, "DescribeLoadBalancers");
        let answer = self.world.query(order, &[]).await?;
        Ok(answer.items("DescribeLoadBalancersResult/LoadBalancers").to_vec())
    }
}

/// The violation that names no dependent.
fn dependencies(kind: &str, id: &str) -> ServiceError {
    let message = format!("The {kind} '{id}' has dependencies and cannot be deleted.");
    ServiceError::new("DependencyViolation", message)
}
