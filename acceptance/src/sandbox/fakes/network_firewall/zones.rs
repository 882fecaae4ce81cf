//! Where subnets are: what EC2 says of those that a request names.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::invalid;
use crate::sandbox::call::Call;
use crate::sandbox::emulator::Kind;
use crate::sandbox::fakes::input::Input;
use crate::sandbox::wire::ServiceError;
use crate::sandbox::world::{Order, World};

/// The zone of each subnet that a request names, by its id.
///
/// # Errors
/// `InvalidRequestException` where one is not there, or in another network than the firewall's.
pub(super) async fn of(
    call: &Call,
    input: &Input,
    world: &Arc<World>,
) -> Result<BTreeMap<String, String>, ServiceError> {
    let mut zones = BTreeMap::new();
    for mapping in input.value("SubnetMappings").as_array().into_iter().flatten() {
        let id = mapping["SubnetId"].as_str().unwrap_or_default();
        let order = Order {
            emulator: Some(Kind::Moto),
            ..Order::new("ec2", call.account(), &call.region, "DescribeSubnets")
        };
        let absent = |_| invalid(format!("subnet {id} does not exist"));
        let answer = world.query(order, &[("SubnetId.1", id)]).await.map_err(absent)?;
        let subnet = answer.items("subnetSet").first();
        let subnet = subnet.ok_or_else(|| invalid(format!("subnet {id} does not exist")))?;
        let network = input.optional_text("VpcId");
        if network.is_some_and(|network| network != subnet.text_at("vpcId")) {
            return Err(invalid(format!("subnet {id} is not in the network of the firewall")));
        }
        zones.insert(id.to_owned(), subnet.text_at("availabilityZone").to_owned());
    }
    Ok(zones)
}
