//! The endpoints of firewalls as EC2 has them: made in their subnets, and gone with the firewall.

use std::sync::Arc;

use super::State;
use crate::sandbox::call::Call;
use crate::sandbox::emulator::Kind;
use crate::sandbox::wire::ServiceError;
use crate::sandbox::world::{Order, World};
use crate::sandbox::xml::Element;

impl State {
    /// Makes in EC2 what a request has added here, and removes what it has removed.
    ///
    /// # Errors
    /// EC2's error.
    pub(super) async fn follow_in_ec2(
        &mut self,
        call: &Call,
        world: &Arc<World>,
    ) -> Result<(), ServiceError> {
        for (arn, firewall) in &mut self.firewalls {
            for (subnet, endpoint) in &mut firewall.endpoints {
                if endpoint.id.is_empty() {
                    endpoint.id = make(call, world, arn, &firewall.network, subnet).await?;
                    self.known_endpoints.insert(endpoint.id.clone());
                }
            }
        }
        let used: Vec<&String> = self
            .firewalls
            .values()
            .flat_map(|firewall| firewall.endpoints.values().map(|endpoint| &endpoint.id))
            .collect();
        let gone: Vec<String> =
            self.known_endpoints.iter().filter(|id| !used.contains(id)).cloned().collect();
        for id in gone {
            let parameters = [("VpcEndpointId.1", id.as_str())];
            ask(call, world, "DeleteVpcEndpoints", &parameters).await?;
            self.known_endpoints.remove(&id);
        }
        Ok(())
    }
}

async fn make(
    call: &Call,
    world: &Arc<World>,
    firewall: &str,
    network: &str,
    subnet: &str,
) -> Result<String, ServiceError> {
    let service = format!("com.amazonaws.vpce.{}.vpce-svc-0123456789abcdef0", call.region);
    let parameters = [
        ("VpcId", network),
        ("ServiceName", service.as_str()),
        ("VpcEndpointType", "GatewayLoadBalancer"),
        ("SubnetId.1", subnet),
        ("TagSpecification.1.ResourceType", "vpc-endpoint"),
        ("TagSpecification.1.Tag.1.Key", "AWSNetworkFirewallManaged"),
        ("TagSpecification.1.Tag.1.Value", "true"),
        ("TagSpecification.1.Tag.2.Key", "Firewall"),
        ("TagSpecification.1.Tag.2.Value", firewall),
    ];
    let made = ask(call, world, "CreateVpcEndpoint", &parameters).await?;
    Ok(made.text_at("vpcEndpoint/vpcEndpointId").to_owned())
}

async fn ask(
    call: &Call,
    world: &Arc<World>,
    operation: &str,
    parameters: &[(&str, &str)],
) -> Result<Element, ServiceError> {
    let order = Order {
        emulator: Some(Kind::Moto),
        ..Order::new("ec2", call.account(), &call.region, operation)
    };
    world.query(order, parameters).await
}
