use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::network_and_cluster::network::Endpoint as EndpointAttributes;
use crate::network_and_cluster::network::tests::{made, network};
use crate::network_and_cluster::network::wanted::Wanted;
use crate::settings::Settings;
use crate::testing::{Fake, Reply, Request, call_on};

const ALL: &str = r#"{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Principal":"*",
    "Action":"*","Resource":"*"}]}"#;
const SOME: &str = r#"{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Principal":"*",
    "Action":"s3:GetObject","Resource":"*"}]}"#;

#[test]
fn changes_a_policy_only_where_it_means_something_else() {
    for (there, wanted, expected) in [
        (None, None, None),
        (Some(ALL), None, None),
        (Some(SOME), None, Some(None)),
        (Some(ALL), Some(SOME), Some(Some(SOME.to_owned()))),
        (Some(SOME), Some(SOME), None),
        (None, Some(SOME), Some(Some(SOME.to_owned()))),
    ] {
        assert_eq!(new_policy(there, wanted), expected, "{there:?} {wanted:?}");
    }
}

/// A listing of endpoint vpce-sts in these subnets.
fn listing(subnets: &[&str]) -> Reply {
    let subnets: String = subnets.iter().map(|id| format!("<item>{id}</item>")).collect();
    Reply::ec2(
        "DescribeVpcEndpoints",
        &format!(
            "<vpcEndpointSet><item><vpcEndpointId>vpce-sts</vpcEndpointId>\
             <vpcEndpointType>Interface</vpcEndpointType><state>available</state>\
             <privateDnsEnabled>true</privateDnsEnabled><subnetIdSet>{subnets}</subnetIdSet>\
             <groupSet><item><groupId>sg-1</groupId></item></groupSet>\
             <serviceName>com.amazonaws.eu-central-1.sts</serviceName></item></vpcEndpointSet>"
        ),
    )
}

#[tokio::test(start_paused = true)]
async fn a_change_is_awaited_in_the_listing() {
    const BOTH: [&str; 2] = ["subnet-private/eu-central-1a", "subnet-private/eu-central-1b"];
    for (lag, looks) in [(3, 4..=4), (usize::MAX, 5..=200)] {
        let seen = AtomicUsize::new(0);
        let fake = Fake::new(move |request: &Request| match request.action.as_str() {
            "ec2:ModifyVpcEndpoint" => Reply::ec2("ModifyVpcEndpoint", "<return>true</return>"),
            "ec2:DescribeVpcEndpoints" if seen.fetch_add(1, Ordering::SeqCst) < lag => {
                listing(&BOTH)
            }
            "ec2:DescribeVpcEndpoints" => listing(&BOTH[1..]),
            other => panic!("{other}"),
        });
        let call = call_on(&fake, Settings::default(), "travel_network/main").await;
        let mut network = network(2);
        network.endpoints.insert("sts".into(), EndpointAttributes::default());
        let mut observed = made(&network);
        let tags = observed.tags_mut("endpoint/sts").unwrap();
        tags.extend(call.claim.tags());
        tags.insert("travel:part".into(), "endpoint/sts".into());
        observed.endpoints.get_mut("sts").unwrap().interface_ids = ["eni-1".to_owned()].into();
        let zones = Some(["eu-central-1b".to_owned()].into());
        network.endpoints.get_mut("sts").unwrap().zones = zones;
        let wanted = Wanted::of(&network).unwrap();
        let work = Work::new(&call, &wanted, &network, observed);
        let part = EndpointPart { service: "sts".into() };
        assert_eq!(part.observe(&work), Standing::Different);
        part.ensure(&work).await.unwrap();
        let seen = fake.actions().into_iter().filter(|it| it == "ec2:DescribeVpcEndpoints").count();
        assert!(looks.contains(&seen), "{seen} looks");
        assert_eq!(part.observe(&work) == Standing::AsPlanned, lag == 3);
        assert!(work.see(|it| it.interface_ids().contains("eni-1")), "it goes by itself");
        let sent = fake.calls();
        let modified = sent.iter().find(|it| it.action == "ec2:ModifyVpcEndpoint").unwrap();
        assert_eq!(modified.input["RemoveSubnetId.1"], BOTH[0]);
    }
}

#[test]
fn a_zone_without_the_service_has_a_remedy() {
    let failure = |detail: &str| Failure::from(Diagnostic::error("failed", detail));
    for (detail, told) in [
        ("The VPC endpoint service x does not support the availability zone of the subnet", true),
        ("something else", false),
    ] {
        let found = with_remedy(failure(detail)).into_diagnostic().detail;
        assert_eq!(found.contains("describe-vpc-endpoint-services"), told, "{found}");
    }
}
