use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::network_and_cluster::network::Network;
use crate::network_and_cluster::network::tests::{made, network};
use crate::settings::Settings;
use crate::testing::{Fake, Reply, Request, call_on};

fn check(change: impl FnOnce(&mut Network, &mut Vpc), expected: Option<&str>) {
    let mut network = network(2);
    network.vpc_id = Some("vpc-1".into());
    let association = Association { id: "a".into(), associated: true };
    let mut vpc = Vpc {
        id: "vpc-1".into(),
        cidrs: [("10.20.0.0/16".to_owned(), association)].into(),
        enable_dns_support: true,
        enable_dns_hostnames: false,
        ..Vpc::default()
    };
    change(&mut network, &mut vpc);
    let observed = Observed { vpc: Some(vpc), ..Observed::default() };
    let found = check_given(&Wanted::of(&network).unwrap(), &observed);
    let found = found.err().map(|error| {
        format!("{}: {}", error.path.as_ref().map(ToString::to_string).unwrap(), error.summary)
    });
    assert_eq!(found.as_deref(), expected);
}

#[test]
fn a_given_vpc_must_have_what_the_network_needs() {
    check(|_, _| {}, None);
    check(|network, _| network.cidr = Some("10.20.128.0/17".into()), None);
    check(
        |network, _| network.cidr = Some("10.21.0.0/16".into()),
        Some("cidr: 10.21.0.0/16 is not in VPC vpc-1"),
    );
    check(
        |network, _| {
            let tier = network.tiers.get_mut("data").unwrap();
            tier.cidr = Some("100.64.0.0/16".into());
        },
        Some(r#"tiers["data"]: 100.64.0.0/22 is not in VPC vpc-1"#),
    );
    check(|network, _| network.ipv6 = true, Some("ipv6: VPC vpc-1 has no IPv6 addresses"));
    check(
        |network, _| drop(network.endpoints.insert("sts".into(), Default::default())),
        Some("endpoints: VPC vpc-1 has no names for private addresses"),
    );
    check(
        |network, vpc| {
            network.endpoints.insert("sts".into(), Default::default());
            vpc.enable_dns_hostnames = true;
        },
        None,
    );
}

/// What EC2 shows of a change may lag behind it.
#[tokio::test(start_paused = true)]
async fn names_are_awaited() {
    let looks = AtomicUsize::new(0);
    let fake = Fake::new(move |request: &Request| match request.action.as_str() {
        "ec2:ModifyVpcAttribute" => Reply::ec2("ModifyVpcAttribute", "<return>true</return>"),
        "ec2:DescribeVpcAttribute" => {
            let shown = looks.fetch_add(1, Ordering::SeqCst) >= 4;
            Reply::ec2(
                "DescribeVpcAttribute",
                &format!(
                    "<enableDnsSupport><value>true</value></enableDnsSupport>\
                     <enableDnsHostnames><value>{shown}</value></enableDnsHostnames>"
                ),
            )
        }
        other => panic!("{other}"),
    });
    let call = call_on(&fake, Settings::default(), "travel_network/main").await;
    let network = network(1);
    let wanted = Wanted::of(&network).unwrap();
    let mut observed = made(&network);
    observed.vpc.as_mut().unwrap().enable_dns_hostnames = false;
    let work = Work::new(&call, &wanted, &network, observed);
    set_names(&work).await.unwrap();
    let looks = fake.actions().into_iter().filter(|it| it == "ec2:DescribeVpcAttribute").count();
    assert_eq!(looks, 6, "two attributes, three times");
    let sent = fake.actions().len();
    set_names(&work).await.unwrap();
    assert_eq!(fake.actions().len(), sent, "there is nothing to change any more");
}
