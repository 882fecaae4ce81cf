use super::*;
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
        other => panic!("{other}"),
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
        other => panic!("{other}"),
    });
    let call = call_on(&fake, Settings::default(), "travel_network/main").await;
    let parts = [
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
