use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::network_and_cluster::network::tests::{made, network};
use crate::network_and_cluster::network::wanted::Wanted;
use crate::settings::Settings;
use crate::testing::{Fake, Reply, Request, call_on};

/// A listing of the subnet with an association in this state.
fn listing(state: Option<&str>) -> Reply {
    let association = state.map(|state| {
        format!(
            "<item><associationId>assoc-1</associationId>\
             <ipv6CidrBlock>2001:db8:1::/64</ipv6CidrBlock>\
             <ipv6CidrBlockState><state>{state}</state></ipv6CidrBlockState></item>"
        )
    });
    let association = association.unwrap_or_default();
    Reply::ec2(
        "DescribeSubnets",
        &format!(
            "<subnetSet><item><subnetId>subnet-1</subnetId><state>available</state>\
             <ipv6CidrBlockAssociationSet>{association}</ipv6CidrBlockAssociationSet>\
             </item></subnetSet>"
        ),
    )
}

/// Waits for the block, or for none, in a cloud that lists these states one after another.
async fn check(states: &'static [Option<&'static str>], block: bool, expected: Result<usize, ()>) {
    let look = AtomicUsize::new(0);
    let fake = Fake::new(move |request: &Request| match request.action.as_str() {
        "ec2:DescribeSubnets" => {
            listing(states[look.fetch_add(1, Ordering::SeqCst).min(states.len() - 1)])
        }
        other => panic!("{other}"),
    });
    let call = call_on(&fake, Settings::default(), "travel_network/main").await;
    let network = network(1);
    let wanted = Wanted::of(&network).unwrap();
    let work = Work::new(&call, &wanted, &network, made(&network));
    let part = SubnetPart { key: "data/eu-central-1a".into() };
    let place = block.then(|| "2001:db8:1::/64".parse().unwrap());
    let seen = part.wait(&work, "subnet-1", place).await;
    let looks = fake.actions().into_iter().filter(|it| it == "ec2:DescribeSubnets").count();
    assert_eq!(seen.map(|_| looks).map_err(drop), expected, "{states:?}");
}

#[tokio::test(start_paused = true)]
async fn waits_for_what_was_asked_for() {
    // The listing may not show yet what was just asked for.
    check(&[None, Some("associating"), Some("associated")], true, Ok(3)).await;
    check(&[Some("associated"), Some("disassociating"), None], false, Ok(3)).await;
    check(&[Some("associated"), Some("disassociated")], false, Ok(2)).await;
    check(&[None], false, Ok(1)).await;
    check(&[Some("associating"), Some("failed")], true, Err(())).await;
}
