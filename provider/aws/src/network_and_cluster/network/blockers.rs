//! What keeps a network or a part of it from being removed, because somebody else still uses it.

use aws_sdk_ec2::types::{Filter, NetworkInterface, NetworkInterfaceType};
use travel_framework::{Diagnostic, Failure};

use super::observed::Stranger;
use crate::consistency::Call;
use crate::error::Reply;

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
    fn lists_what_is_in_the_way() {
        let stranger = |id: &str, words: &str| Stranger {
            kind: "subnet",
            id: id.to_owned(),
            words: words.to_owned(),
        };
        let error = refusal("VPC vpc-1", &[stranger("subnet-2", ""), stranger("subnet-1", "a")]);
        assert_eq!(error.summary, "VPC vpc-1 is still in use");
        assert!(error.detail.contains("- subnet subnet-1 (a)\n- subnet subnet-2\n"), "{error}");
    }
}
