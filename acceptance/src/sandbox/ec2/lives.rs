//! Things whose state takes time: NAT gateways and VPC endpoints are pending, then there, then deleting, then gone.
//!
//! Time is counted in looks: every description of a thing, and every refusal because of it, brings it one step on. So
//! a caller that waits gets on, however fast it looks, and tests need no clock.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::lists::List;
use crate::sandbox::xml::Element;

/// How far each thing is, by its id.
#[derive(Debug, Default)]
pub struct Lives(Mutex<HashMap<String, Life>>);

/// How far one thing is, and what it holds on to.
#[derive(Clone, Debug, Default)]
pub struct Life {
    phase: Phase,
    failure: Option<(String, String)>,
    vpc: String,
    subnets: Vec<String>,
    allocations: Vec<String>,
    groups: Vec<Element>,
    interfaces: Vec<String>,
    interface_type: &'static str,
    interface_description: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Phase {
    Pending(u32),
    #[default]
    There,
    Deleting(u32),
}

impl Life {
    /// The life of a NAT gateway, from its description.
    pub fn nat_gateway(item: &Element, pending: u32) -> Self {
        let addresses = item.items("natGatewayAddressSet");
        let all = |name: &str| {
            let texts = addresses.iter().map(|address| address.text_at(name).to_owned());
            texts.filter(|text| !text.is_empty()).collect::<Vec<String>>()
        };
        let id = item.text_at("natGatewayId");
        Self {
            phase: Phase::pending(pending),
            vpc: item.text_at("vpcId").to_owned(),
            subnets: vec![item.text_at("subnetId").to_owned()],
            allocations: all("allocationId"),
            interfaces: all("networkInterfaceId"),
            interface_type: "nat_gateway",
            interface_description: format!("Interface for NAT Gateway {id}"),
            ..Self::default()
        }
    }

    /// The life of a VPC endpoint, from its description.
    pub fn vpc_endpoint(item: &Element, pending: u32) -> Self {
        let texts = |set: &str| item.items(set).iter().map(|one| one.content.clone()).collect();
        let id = item.text_at("vpcEndpointId");
        Self {
            phase: Phase::pending(pending),
            vpc: item.text_at("vpcId").to_owned(),
            subnets: texts("subnetIdSet"),
            groups: item.items("groupSet").to_vec(),
            interfaces: texts("networkInterfaceIdSet"),
            interface_type: "vpc_endpoint",
            interface_description: format!("VPC Endpoint Interface {id}"),
            ..Self::default()
        }
    }

    /// Takes in how an endpoint was changed, and tells its description of the network interfaces moto does not know.
    fn follow(&mut self, item: &mut Element) {
        if self.interface_type != "vpc_endpoint" || matches!(self.phase, Phase::Deleting(_)) {
            return;
        }
        let current = Self::vpc_endpoint(item, 0);
        self.subnets = current.subnets;
        self.groups = current.groups;
        if let Some(set) = item.child_mut("networkInterfaceIdSet") {
            let ids = self.interfaces.iter();
            set.children = ids.map(|id| Element::text("item", id)).collect();
        }
    }

    /// Lets it fail after it was pending.
    pub fn fail(&mut self, code: &str, message: &str) {
        self.failure = Some((code.to_owned(), message.to_owned()));
    }
}

impl Phase {
    fn pending(looks: u32) -> Self {
        if looks == 0 { Self::There } else { Self::Pending(looks) }
    }

    /// One look on.
    fn step(&mut self) {
        *self = match *self {
            Self::Pending(left) => Self::pending(left - 1),
            Self::Deleting(left) => Self::Deleting(left.saturating_sub(1)),
            Self::There => Self::There,
        };
    }
}

impl Lives {
    /// A new thing.
    pub fn begin(&self, id: &str, life: Life) {
        self.lives().insert(id.to_owned(), life);
    }

    /// A thing is deleted; `otherwise` describes one that was not seen to begin.
    pub fn end(&self, id: &str, otherwise: Life, looks: u32) {
        let mut lives = self.lives();
        let life = lives.entry(id.to_owned()).or_insert(otherwise);
        if !matches!(life.phase, Phase::Deleting(_)) {
            life.phase = Phase::Deleting(looks);
        }
    }

    /// Writes the state of a thing into its description; false where lists show it no more. A `look` brings it on.
    pub fn show(&self, item: &mut Element, list: &List, look: bool) -> bool {
        let id = item.text_at(list.id).to_owned();
        let mut lives = self.lives();
        (list.complete)(item);
        let Some(life) = lives.get_mut(&id) else {
            return list.shows_deleted || item.text_at("state") != "deleted";
        };
        life.follow(item);
        let shown = match life.phase {
            Phase::Pending(_) => {
                item.set_text("state", "pending");
                true
            }
            Phase::Deleting(left) if left > 0 => {
                item.set_text("state", "deleting");
                true
            }
            Phase::Deleting(_) => {
                item.set_text("state", "deleted");
                list.shows_deleted
            }
            Phase::There => {
                if let Some((code, message)) = &life.failure {
                    item.set_text("state", "failed");
                    item.set_text("failureCode", code);
                    item.set_text("failureMessage", message);
                }
                true
            }
        };
        if look {
            life.phase.step();
        }
        shown
    }

    /// Whether something that is still being deleted holds on to a VPC, a subnet, an address or a security group; a
    /// look at it.
    pub fn hold(&self, thing: &str) -> bool {
        let mut held = false;
        for life in self.lives().values_mut() {
            let holds = life.vpc == thing
                || life.subnets.iter().chain(&life.allocations).any(|held| held == thing)
                || life.groups.iter().any(|group| group.text_at("groupId") == thing);
            if holds && matches!(life.phase, Phase::Deleting(left) if left > 0) {
                life.phase.step();
                held = true;
            }
        }
        held
    }

    /// Describes a network interface as that of the thing it belongs to.
    pub fn annotate(&self, interface: &mut Element) {
        let id = interface.text_at("networkInterfaceId").to_owned();
        let lives = self.lives();
        let Some(life) = lives.values().find(|life| life.interfaces.contains(&id)) else { return };
        interface.set_text("description", &life.interface_description);
        interface.set_text("interfaceType", life.interface_type);
        interface.set_text("requesterManaged", "true");
        interface.set_text("status", "in-use");
        if let Some(groups) = interface.child_mut("groupSet") {
            groups.children.clone_from(&life.groups);
        }
    }

    /// The network interfaces of a thing.
    pub fn interfaces(&self, id: &str) -> Vec<String> {
        self.lives().get(id).map(|life| life.interfaces.clone()).unwrap_or_default()
    }

    /// Gives a thing another network interface.
    pub fn add_interface(&self, id: &str, interface: &str) {
        if let Some(life) = self.lives().get_mut(id) {
            life.interfaces.push(interface.to_owned());
        }
    }

    /// Takes a network interface from a thing.
    pub fn remove_interface(&self, id: &str, interface: &str) {
        if let Some(life) = self.lives().get_mut(id) {
            life.interfaces.retain(|other| other != interface);
        }
    }

    /// Whether a network interface belongs to something AWS manages.
    pub fn manage(&self, interface: &str) -> bool {
        self.lives().values().any(|life| life.interfaces.iter().any(|id| id == interface))
    }

    /// Forgets all.
    pub fn clear(&self) {
        self.lives().clear();
    }

    fn lives(&self) -> MutexGuard<'_, HashMap<String, Life>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::super::lists::{NAT_GATEWAYS, VPC_ENDPOINTS};
    use super::*;

    fn nat() -> Element {
        Element::parse("<item><natGatewayId>nat-1</natGatewayId><state>available</state><subnetId>subnet-1</subnetId><vpcId>vpc-1</vpcId><natGatewayAddressSet><item><allocationId>eipalloc-1</allocationId><networkInterfaceId>eni-1</networkInterfaceId></item></natGatewayAddressSet></item>").unwrap()
    }

    fn look(lives: &Lives, list: &List, mut item: Element) -> String {
        let shown = lives.show(&mut item, list, true);
        if shown { item.text_at("state").to_owned() } else { "not shown".to_owned() }
    }

    #[test]
    fn states_take_looks() {
        let lives = Lives::default();
        lives.begin("nat-1", Life::nat_gateway(&nat(), 2));
        let states: Vec<String> = (0..3).map(|_| look(&lives, &NAT_GATEWAYS, nat())).collect();
        assert_eq!(states, ["pending", "pending", "available"]);
        lives.end("nat-1", Life::default(), 1);
        let states: Vec<String> = (0..2).map(|_| look(&lives, &NAT_GATEWAYS, nat())).collect();
        assert_eq!(states, ["deleting", "deleted"]);
    }

    #[test]
    fn deleted_endpoints_vanish() {
        let lives = Lives::default();
        let text = "<item><vpcEndpointId>vpce-1</vpcEndpointId><state>deleted</state><vpcId>vpc-1</vpcId></item>";
        let item = || Element::parse(text).unwrap();
        lives.end("vpce-1", Life::vpc_endpoint(&item(), 0), 1);
        let states: Vec<String> = (0..2).map(|_| look(&lives, &VPC_ENDPOINTS, item())).collect();
        assert_eq!(states, ["deleting", "not shown"]);
    }

    #[test]
    fn the_dying_hold_on_until_looked_at() {
        let lives = Lives::default();
        lives.begin("nat-1", Life::nat_gateway(&nat(), 0));
        assert!(!lives.hold("subnet-1"));
        lives.end("nat-1", Life::default(), 2);
        let held: Vec<bool> =
            ["subnet-1", "eipalloc-1", "vpc-1"].map(|thing| lives.hold(thing)).to_vec();
        assert_eq!(held, [true, true, false]);
    }

    #[test]
    fn a_failure_shows_after_the_wait() {
        let lives = Lives::default();
        let mut life = Life::nat_gateway(&nat(), 1);
        life.fail("Gateway.NotAttached", "no gateway");
        lives.begin("nat-1", life);
        assert_eq!(look(&lives, &NAT_GATEWAYS, nat()), "pending");
        assert_eq!(look(&lives, &NAT_GATEWAYS, nat()), "failed");
    }

    #[test]
    fn interfaces_belong_to_their_gateways() {
        let lives = Lives::default();
        lives.begin("nat-1", Life::nat_gateway(&nat(), 0));
        let mut interface = Element::new("item").with(Element::text("networkInterfaceId", "eni-1"));
        lives.annotate(&mut interface);
        assert_eq!(interface.text_at("description"), "Interface for NAT Gateway nat-1");
        assert!(lives.manage("eni-1") && !lives.manage("eni-2"));
    }
}
