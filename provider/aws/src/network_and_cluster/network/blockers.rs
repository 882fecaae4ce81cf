//! What keeps a network or a part of it from being removed, because somebody else still uses it.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_ec2::types::{
    self as sdk, Filter, NetworkInterface, NetworkInterfaceStatus, NetworkInterfaceType,
};
use futures::try_join;
use tokio::time::Instant;
use travel_framework::wait::{Look, Pace};
use travel_framework::{Diagnostic, Failure};

use super::observed::Stranger;
use crate::consistency::Call;
use crate::ec2::{FILTER_VALUES, any_of, filter};
use crate::error::Reply;

/// How long the network interfaces of services may outlast what they were made for.
pub const PASSING: Duration = Duration::from_secs(300);

/// The network interfaces in these subnets that are not the network's `own`. For as long as
/// `patience`, those that may go by themselves are waited for, unless there are others.
///
/// # Errors
/// Where a call fails.
pub async fn in_subnets(
    call: &Call,
    own: &BTreeSet<String>,
    subnets: &[String],
    patience: Duration,
) -> Result<Vec<Stranger>, Failure> {
    let begun = Instant::now();
    call.wait_until("network interfaces of others", Pace::SLOW, || async {
        let mut found = Vec::new();
        for some in subnets.chunks(FILTER_VALUES) {
            found.extend(interfaces(call, any_of("subnet-id", some)).await?);
        }
        found.retain(|it| !own.contains(&it.id));
        let passing = !found.is_empty() && found.iter().all(|it| it.passing);
        if passing && begun.elapsed() < patience {
            let list: Vec<String> = found.iter().map(ToString::to_string).collect();
            return Ok(Look::Pending(format!("there: {}", list.join(", "))));
        }
        Ok(Look::Done(found))
    })
    .await
}

/// Which of these subnets of others stay. For as long as `patience`, they are waited for: whoever
/// made them may be taking them away by now.
///
/// # Errors
/// Where a call fails.
pub async fn that_stay(
    call: &Call,
    subnets: Vec<Stranger>,
    patience: Duration,
) -> Result<Vec<Stranger>, Failure> {
    if subnets.is_empty() {
        return Ok(subnets);
    }
    let place = any_of("subnet-id", subnets.iter().map(|it| &it.id));
    let request = call.scope.ec2().describe_subnets().filters(place);
    let begun = Instant::now();
    call.wait_until("subnets of others", Pace::SLOW, || async {
        let found = request.clone().into_paginator().items().send().try_collect().await;
        let found = found.at(&call.scope)?;
        let is_there = |it: &&Stranger| found.iter().any(|one| one.subnet_id() == Some(&it.id));
        let left: Vec<Stranger> = subnets.iter().filter(is_there).cloned().collect();
        if left.is_empty() || begun.elapsed() >= patience {
            return Ok(Look::Done(left));
        }
        let list: Vec<String> = left.iter().map(ToString::to_string).collect();
        Ok(Look::Pending(format!("there: {}", list.join(", "))))
    })
    .await
}

/// What holds on to a VPC that the listing of a network does not show.
///
/// # Errors
/// Where a call fails.
pub async fn of_vpc(call: &Call, vpc_id: &str) -> Result<Vec<Stranger>, Failure> {
    let (mut found, requested, accepted, vpn_gateways, carrier_gateways) = try_join!(
        network_acls(call, vpc_id),
        peerings(call, "requester-vpc-info.vpc-id", vpc_id),
        peerings(call, "accepter-vpc-info.vpc-id", vpc_id),
        vpn_gateways(call, vpc_id),
        carrier_gateways(call, vpc_id),
    )?;
    let others = [requested, accepted, vpn_gateways, carrier_gateways].concat();
    found.extend(others);
    Ok(found)
}

fn stranger(kind: &'static str, id: Option<String>) -> Stranger {
    Stranger { kind, id: id.unwrap_or_default(), words: String::new(), passing: false }
}

async fn network_acls(call: &Call, vpc_id: &str) -> Result<Vec<Stranger>, Failure> {
    let request = call.scope.ec2().describe_network_acls();
    let request = request.filters(filter("vpc-id", vpc_id)).filters(filter("default", "false"));
    let found = request.into_paginator().items().send().try_collect().await.at(&call.scope)?;
    Ok(found.into_iter().map(|it| stranger("network ACL", it.network_acl_id)).collect())
}

/// The peering connections that are there or may come to be, with the VPC on this side.
async fn peerings(call: &Call, side: &str, vpc_id: &str) -> Result<Vec<Stranger>, Failure> {
    let states = any_of("status-code", ["pending-acceptance", "provisioning", "active"]);
    let request = call.scope.ec2().describe_vpc_peering_connections();
    let request = request.filters(filter(side, vpc_id)).filters(states);
    let found = request.into_paginator().items().send().try_collect().await.at(&call.scope)?;
    let id = |it: sdk::VpcPeeringConnection| it.vpc_peering_connection_id;
    Ok(found.into_iter().map(|it| stranger("VPC peering connection", id(it))).collect())
}

/// The attached virtual private gateways: the service gives them at once, without pages.
async fn vpn_gateways(call: &Call, vpc_id: &str) -> Result<Vec<Stranger>, Failure> {
    let request = call.scope.ec2().describe_vpn_gateways();
    let request = request.filters(filter("attachment.vpc-id", vpc_id));
    let found = request.send().await.at(&call.scope)?.vpn_gateways.unwrap_or_default();
    let holds = |it: &sdk::VpcAttachment| {
        let state = it.state.as_ref().map(sdk::AttachmentStatus::as_str);
        it.vpc_id.as_deref() == Some(vpc_id) && state != Some("detached")
    };
    let attached = found.into_iter().filter(|it| it.vpc_attachments().iter().any(holds));
    Ok(attached.map(|it| stranger("virtual private gateway", it.vpn_gateway_id)).collect())
}

/// The carrier gateways, where the region has such.
async fn carrier_gateways(call: &Call, vpc_id: &str) -> Result<Vec<Stranger>, Failure> {
    let request = call.scope.ec2().describe_carrier_gateways();
    let request = request.filters(filter("vpc-id", vpc_id)).into_paginator().items();
    let unknown = ["UnsupportedOperation", "InvalidAction"];
    let found = request.send().try_collect().await.found(&call.scope, &unknown)?;
    let found = found.unwrap_or_default().into_iter();
    Ok(found.map(|it| stranger("carrier gateway", it.carrier_gateway_id)).collect())
}

/// The network interfaces at a place: in a VPC, in subnets, of a security group.
///
/// # Errors
/// Where the call fails.
pub async fn interfaces(call: &Call, place: Filter) -> Result<Vec<Stranger>, Failure> {
    let request = call.scope.ec2().describe_network_interfaces().filters(place);
    let found = request.into_paginator().items().send().try_collect().await.at(&call.scope)?;
    Ok(found.into_iter().map(interface).collect())
}

fn interface(interface: NetworkInterface) -> Stranger {
    let unused = interface.status.is_some_and(|it| it != NetworkInterfaceStatus::InUse);
    let passing = unused || interface.requester_managed == Some(true);
    let instance = interface.attachment.and_then(|it| it.instance_id);
    let kind = interface.interface_type.as_ref().map(NetworkInterfaceType::as_str);
    let words = match (instance, interface.description) {
        (Some(instance), _) => format!("of instance {instance}"),
        (None, Some(description)) if !description.is_empty() => description,
        _ => kind.unwrap_or_default().replace('_', " "),
    };
    Stranger {
        kind: "network interface",
        id: interface.network_interface_id.unwrap_or_default(),
        words,
        passing,
    }
}

/// The error for something that cannot be removed because of these.
pub fn refusal(what: &str, strangers: &[Stranger]) -> Diagnostic {
    let mut list: Vec<String> = strangers.iter().map(|it| format!("- {it}")).collect();
    list.sort();
    Diagnostic::error(
        format!("{what} is still in use"),
        format!(
            "The network did not make these, and does not remove them:\n{}\nRemove them where \
             they come from (clusters, load balancers, instances, other modules) and apply again.",
            list.join("\n"),
        ),
    )
}

/// The error for something that cannot be removed for a reason that only EC2 knows.
pub fn held(what: &str, said: &str) -> Diagnostic {
    let said = said.trim_end_matches('.');
    Diagnostic::error(
        format!("{what} is still in use"),
        format!(
            "EC2 says: {said}. Nothing of the network holds on to it any more. Find what does \
             (subnets, public addresses, gateways, other modules), remove that and apply again.",
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_whose_an_interface_is() {
        let attached = aws_sdk_ec2::types::NetworkInterfaceAttachment::builder().instance_id("i-1");
        let base = || NetworkInterface::builder().network_interface_id("eni-1");
        for (found, words) in [
            (base().attachment(attached.build()).description("x"), "of instance i-1"),
            (base().description("ELB app/shop/1"), "ELB app/shop/1"),
            (base().interface_type(NetworkInterfaceType::NatGateway), "natGateway"),
            (base(), ""),
        ] {
            assert_eq!(interface(found.build()).words, words);
        }
    }

    #[test]
    fn knows_what_may_go_by_itself() {
        let (unused, used) = (NetworkInterfaceStatus::Available, NetworkInterfaceStatus::InUse);
        for (status, managed, passing) in [
            (None, None, false),
            (Some(used.clone()), Some(false), false),
            (Some(used), Some(true), true),
            (Some(unused), None, true),
            (Some(NetworkInterfaceStatus::from("detaching")), Some(false), true),
        ] {
            let found = NetworkInterface::builder().set_status(status.clone());
            let found = interface(found.set_requester_managed(managed).build());
            assert_eq!(found.passing, passing, "{status:?} {managed:?}");
        }
    }

    #[test]
    fn lists_what_is_in_the_way() {
        let stranger = |id: &str, words: &str| Stranger {
            kind: "subnet",
            id: id.to_owned(),
            words: words.to_owned(),
            passing: false,
        };
        let error = refusal("VPC vpc-1", &[stranger("subnet-2", ""), stranger("subnet-1", "a")]);
        assert_eq!(error.summary, "VPC vpc-1 is still in use");
        assert!(error.detail.contains("- subnet subnet-1 (a)\n- subnet subnet-2\n"), "{error}");
    }
}
