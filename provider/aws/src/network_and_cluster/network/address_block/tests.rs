use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::network_and_cluster::network::observed::{Observed, Vpc};
use crate::network_and_cluster::network::tests::network;
use crate::network_and_cluster::network::wanted::Wanted;
use crate::settings::Settings;
use crate::testing::{Fake, Reply, Request, call_on};

/// Brings back a block of which a listing has shown that it is on its way: in these states one
/// after another. Returns how often it was associated anew.
async fn bring_back(states: &'static [&'static str]) -> usize {
    let looks = AtomicUsize::new(0);
    let fake = Fake::new(move |request: &Request| match request.action.as_str() {
        "ec2:DescribeVpcs" => {
            let look = looks.fetch_add(1, Ordering::SeqCst).min(states.len() - 1);
            let state = states[look];
            Reply::ec2(
                "DescribeVpcs",
                &format!(
                    "<vpcSet><item><vpcId>vpc-1</vpcId><cidrBlockAssociationSet><item>\
                     <associationId>a-{look}</associationId><cidrBlock>100.64.0.0/16</cidrBlock>\
                     <cidrBlockState><state>{state}</state></cidrBlockState></item>\
                     </cidrBlockAssociationSet></item></vpcSet>"
                ),
            )
        }
        "ec2:AssociateVpcCidrBlock" => Reply::ec2(
            "AssociateVpcCidrBlock",
            "<cidrBlockAssociation><associationId>a-new</associationId></cidrBlockAssociation>",
        ),
        other => panic!("{other}"),
    });
    let call = call_on(&fake, Settings::default(), "travel_network/main").await;
    let mut network = network(1);
    network.secondary_cidrs = ["100.64.0.0/16".to_owned()].into();
    let wanted = Wanted::of(&network).unwrap();
    let association = Association { id: "a-0".into(), associated: false };
    let cidrs = [("100.64.0.0/16".to_owned(), association)].into();
    let vpc = Vpc { id: "vpc-1".into(), own: true, cidrs, ..Vpc::default() };
    let observed = Observed { vpc: Some(vpc), ..Observed::default() };
    let work = Work::new(&call, &wanted, &network, observed);
    let block = Block::Secondary("100.64.0.0/16".parse().unwrap());
    let part = AddressBlockPart { block };
    part.ensure(&work).await.unwrap();
    assert_eq!(part.observe(&work), Standing::AsPlanned);
    fake.actions().into_iter().filter(|it| it == "ec2:AssociateVpcCidrBlock").count()
}

#[tokio::test(start_paused = true)]
async fn a_block_on_its_way_out_comes_back() {
    for (states, associations) in [
        (["disassociating", "disassociated", "associating", "associated"].as_slice(), 1),
        (["associating", "associated"].as_slice(), 0),
        (["failed", "associating", "associated"].as_slice(), 1),
    ] {
        assert_eq!(bring_back(states).await, associations, "{states:?}");
    }
}
