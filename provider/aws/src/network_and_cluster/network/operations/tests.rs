mod flow_logs;

use super::*;
use crate::network_and_cluster::network::observed::Association;
use crate::network_and_cluster::network::tests::{made, network};
use crate::settings::Settings;
use crate::testing::{Fake, Reply, Request, call_on};

fn marked(parts: &[(&str, &str)]) -> String {
    let items: Vec<String> = parts
        .iter()
        .flat_map(|(id, kind)| {
            let tags = [
                ("travel:deployment", "dev/test"),
                ("travel:resource", "travel_network/main"),
                ("travel:generation", "g1"),
            ];
            tags.map(|(key, value)| {
                format!(
                    "<item><resourceId>{id}</resourceId><resourceType>{kind}</resourceType>\
                     <key>{key}</key><value>{value}</value></item>"
                )
            })
        })
        .collect();
    format!("<tagSet>{}</tagSet>", items.concat())
}

#[tokio::test]
async fn a_search_that_finds_nothing_is_one_call() {
    let fake = Fake::new(|_| Reply::ec2("DescribeTags", "<tagSet/>"));
    let call = call_on(&fake, Settings::default(), "travel_network/main").await;
    let before = fake.calls().len();
    assert!(Network::find(&call, &network(1)).await.unwrap().is_empty());
    assert_eq!(fake.actions()[before..], ["ec2:DescribeTags"]);
}

#[tokio::test]
async fn what_another_deployment_has_is_no_candidate() {
    let others = marked(&[("vpc-1", "vpc")]).replace("dev/test", "prod/network");
    let fake = Fake::new(move |_| Reply::ec2("DescribeTags", &others));
    let call = call_on(&fake, Settings::default(), "travel_network/main").await;
    assert!(Network::find(&call, &network(1)).await.unwrap().is_empty());
}

/// The answer that there is none of what may hold on to a VPC.
fn nothing(action: &str) -> Reply {
    let (action, set) = match action.trim_start_matches("ec2:") {
        it @ "DescribeNetworkInterfaces" => (it, "networkInterfaceSet"),
        it @ "DescribeNetworkAcls" => (it, "networkAclSet"),
        it @ "DescribeVpcPeeringConnections" => (it, "vpcPeeringConnectionSet"),
        it @ "DescribeVpnGateways" => (it, "vpnGatewaySet"),
        it @ "DescribeCarrierGateways" => (it, "carrierGatewaySet"),
        other => panic!("{other}"),
    };
    Reply::ec2(action, &format!("<{set}/>"))
}

#[tokio::test]
async fn a_delete_is_refused_for_all_that_holds_on_to_the_vpc() {
    for (action, answer, expected) in [
        (
            "DescribeNetworkAcls",
            "<networkAclSet><item><networkAclId>acl-1</networkAclId></item></networkAclSet>",
            Some("network ACL acl-1"),
        ),
        (
            "DescribeVpcPeeringConnections",
            "<vpcPeeringConnectionSet><item><vpcPeeringConnectionId>pcx-1\
             </vpcPeeringConnectionId></item></vpcPeeringConnectionSet>",
            Some("VPC peering connection pcx-1"),
        ),
        (
            "DescribeVpnGateways",
            "<vpnGatewaySet><item><vpnGatewayId>vgw-1</vpnGatewayId><attachments><item>\
             <vpcId>vpc-1</vpcId><state>attached</state></item></attachments></item>\
             </vpnGatewaySet>",
            Some("virtual private gateway vgw-1"),
        ),
        (
            "DescribeVpnGateways",
            "<vpnGatewaySet><item><vpnGatewayId>vgw-1</vpnGatewayId><attachments><item>\
             <vpcId>vpc-1</vpcId><state>detached</state></item></attachments></item>\
             </vpnGatewaySet>",
            None,
        ),
        (
            "DescribeCarrierGateways",
            "<carrierGatewaySet><item><carrierGatewayId>cagw-1</carrierGatewayId></item>\
             </carrierGatewaySet>",
            Some("carrier gateway cagw-1"),
        ),
    ] {
        let fake = Fake::new(move |request: &Request| match request.action.as_str() {
            asked if asked.ends_with(action) => Reply::ec2(action, answer),
            other => nothing(other),
        });
        let call = call_on(&fake, Settings::default(), "travel_network/main").await;
        let refused = refuse_if_used(&call, &made(&network(1))).await;
        let refused = refused.err().map(|failure| failure.into_diagnostic().detail);
        match (expected, refused) {
            (None, refused) => assert_eq!(refused, None),
            (Some(words), refused) => {
                assert!(refused.as_ref().is_some_and(|it| it.contains(words)), "{refused:?}");
            }
        }
    }
}

/// A network interface that goes by itself is waited for.
#[tokio::test(start_paused = true)]
async fn a_delete_waits_for_what_is_going() {
    let looks = std::sync::atomic::AtomicUsize::new(0);
    let fake = Fake::new(move |request: &Request| {
        let interfaces = request.action == "ec2:DescribeNetworkInterfaces";
        if interfaces && looks.fetch_add(1, std::sync::atomic::Ordering::SeqCst) < 3 {
            let item = "<item><networkInterfaceId>eni-9</networkInterfaceId>\
                        <requesterManaged>true</requesterManaged></item>";
            let set = format!("<networkInterfaceSet>{item}</networkInterfaceSet>");
            return Reply::ec2("DescribeNetworkInterfaces", &set);
        }
        nothing(&request.action)
    });
    let call = call_on(&fake, Settings::default(), "travel_network/main").await;
    refuse_if_used(&call, &made(&network(1))).await.unwrap();
    let looks = fake.actions().into_iter().filter(|it| it == "ec2:DescribeNetworkInterfaces");
    assert_eq!(looks.count(), 4);
}

/// A change to `plan` in a VPC with somebody else's interface in every subnet, and with somebody
/// else's subnet at 100.64.7.0/24: where it is refused, before anything is changed.
async fn check_eviction(prior: &Network, plan: &Network, expected: &str) {
    let fake = Fake::new(|request: &Request| match request.action.as_str() {
        "ec2:DescribeNetworkInterfaces" => Reply::ec2(
            "DescribeNetworkInterfaces",
            "<networkInterfaceSet><item><networkInterfaceId>eni-9</networkInterfaceId>\
             <status>in-use</status></item></networkInterfaceSet>",
        ),
        "ec2:DescribeSubnets" => Reply::ec2(
            "DescribeSubnets",
            "<subnetSet><item><subnetId>subnet-9</subnetId></item></subnetSet>",
        ),
        other => panic!("{other} before the refusal"),
    });
    let call = call_on(&fake, Settings::default(), "travel_network/main").await;
    // A plan keeps the places that the state knows.
    let subnets = Wanted::of(prior).unwrap().subnets.into_iter().map(|(key, it)| {
        let cidr = Some(it.cidr.to_string());
        (key, super::super::Subnet { cidr, ..Default::default() })
    });
    let plan = &Network { subnets: Some(subnets.collect()), ..plan.clone() };
    let wanted = Wanted::of(plan).unwrap();
    let mut observed = made(prior);
    let association = Association { id: "assoc-9".into(), associated: true };
    observed.vpc.as_mut().unwrap().cidrs.insert("100.64.0.0/16".into(), association);
    observed.strangers.push(Stranger {
        kind: "subnet",
        id: "subnet-9".into(),
        words: "100.64.7.0/24".into(),
        passing: false,
    });
    let work = Work::new(&call, &wanted, prior, observed);
    let error = run(&work, plan).await.unwrap_err().into_diagnostic();
    let found = format!("{}: {}", error.path.as_ref().unwrap(), error.summary);
    assert_eq!(found, expected);
}

#[tokio::test(start_paused = true)]
async fn what_is_in_use_is_not_taken_away() {
    let subnets =
        |subnets: &str| format!("what is to leave the network (subnets {subnets}) is still in use");
    let (b, two) = ("eu-central-1b", network(2));
    let leaving = subnets(&format!("data/{b}, private/{b}, public/{b}"));
    check_eviction(&two, &network(1), &format!("zones: {leaving}")).await;
    let mut plan = network(2);
    plan.tiers.remove("data");
    let leaving = subnets("data/eu-central-1a, data/eu-central-1b");
    check_eviction(&two, &plan, &format!("tiers: {leaving}")).await;
    let mut prior = network(2);
    prior.secondary_cidrs = ["100.64.0.0/16".to_owned()].into();
    let expected = "secondary_cidrs: block 100.64.0.0/16 is still in use";
    check_eviction(&prior, &network(2), expected).await;
}

/// Whoever made the subnets in a block may take them away at the same time.
#[tokio::test(start_paused = true)]
async fn a_block_waits_for_subnets_that_are_going() {
    let looks = std::sync::atomic::AtomicUsize::new(0);
    let fake = Fake::new(move |request: &Request| match request.action.as_str() {
        "ec2:DescribeSubnets" => {
            let going = looks.fetch_add(1, std::sync::atomic::Ordering::SeqCst) < 2;
            let item = if going { "<item><subnetId>subnet-9</subnetId></item>" } else { "" };
            Reply::ec2("DescribeSubnets", &format!("<subnetSet>{item}</subnetSet>"))
        }
        other => panic!("{other}"),
    });
    let call = call_on(&fake, Settings::default(), "travel_network/main").await;
    let stranger =
        |id: &str| Stranger { kind: "subnet", id: id.into(), words: String::new(), passing: false };
    let subnets = || vec![stranger("subnet-9")];
    let left = blockers::that_stay(&call, subnets(), Duration::ZERO).await.unwrap();
    assert_eq!(left, subnets());
    let left = blockers::that_stay(&call, subnets(), blockers::PASSING).await.unwrap();
    assert_eq!(left, []);
}

/// A delete in an account where only a network interface stands in the way.
#[tokio::test]
async fn a_delete_is_refused_before_anything_is_gone() {
    let fake = Fake::new(|request: &Request| match request.action.as_str() {
        "ec2:DescribeNetworkInterfaces" => Reply::ec2(
            "DescribeNetworkInterfaces",
            "<networkInterfaceSet><item><networkInterfaceId>eni-9</networkInterfaceId>\
             <description>ELB app/shop/1</description></item><item>\
             <networkInterfaceId>eni-nat-eu-central-1a</networkInterfaceId></item>\
             </networkInterfaceSet>",
        ),
        other => nothing(other),
    });
    let call = call_on(&fake, Settings::default(), "travel_network/main").await;
    let observed = made(&network(1));
    let error = refuse_if_used(&call, &observed).await.unwrap_err().into_diagnostic();
    assert!(error.detail.contains("eni-9 (ELB app/shop/1)"), "{error}");
    assert!(!error.detail.contains("eni-nat"), "the network's own gateway goes with it: {error}");
}

#[tokio::test]
async fn parts_lead_to_their_vpcs() {
    let fake = Fake::new(|request: &Request| match request.action.as_str() {
        "ec2:DescribeRouteTables" => Reply::ec2(
            "DescribeRouteTables",
            "<routeTableSet><item><vpcId>vpc-1</vpcId></item><item><vpcId>vpc-2</vpcId></item>\
             </routeTableSet>",
        ),
        "ec2:DescribeSubnets" => Reply::ec2("DescribeSubnets", "<subnetSet/>"),
        "ec2:DescribeVpcs" => {
            Reply::ec2("DescribeVpcs", "<vpcSet><item><vpcId>vpc-1</vpcId></item></vpcSet>")
        }
        other => panic!("{other}"),
    });
    let call = call_on(&fake, Settings::default(), "travel_network/main").await;
    // The tags of a VPC that is gone are listed for a while.
    let parts = [
        ("vpc-0", "vpc"),
        ("vpc-1", "vpc"),
        ("rtb-1", "route-table"),
        ("rtb-2", "route-table"),
        ("subnet-1", "subnet"),
    ];
    let parts = parts.map(|(id, kind)| (id.to_owned(), kind.to_owned()));
    let found = vpcs_of(&call, &parts.into()).await.unwrap();
    assert_eq!(found, [("vpc-1".to_owned(), false), ("vpc-2".to_owned(), true)].into());
}

#[test]
fn an_id_for_import_has_one_of_these_forms() {
    for (id, expected) in [
        ("main", Some(("main", None, None))),
        ("vpc-0abc12", Some(("", Some("vpc-0abc12"), None))),
        ("vpc-0abc12/main", Some(("main", Some("vpc-0abc12"), None))),
        ("us-gov-west-1/main", Some(("main", None, Some("us-gov-west-1")))),
        ("vpc-production", Some(("vpc-production", None, None))),
        ("", None),
        ("a/b", None),
        ("1/2/3", None),
        ("vpc-0abc12/", None),
    ] {
        let found = Network::import(id).ok();
        let found = found
            .as_ref()
            .map(|it| (it.name.as_str(), it.id.as_deref(), it.placement.region.as_deref()));
        assert_eq!(found, expected, "{id}");
    }
}
