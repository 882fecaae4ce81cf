use aws_sdk_ec2::types::{InternetGateway, InternetGatewayAttachment, Route, RouteOrigin};
use serde_json::json;
use travel_framework::ownership::Claim;

use super::*;
use crate::network_and_cluster::network::tests::network;
use crate::settings::Settings;
use crate::tags::{PART_TAG, Tags};
use crate::testing::{Fake, Reply, Request, call_on, claim};

fn ownership() -> Ownership {
    let claim = Claim {
        deployment: "dev/network".into(),
        previous_deployments: Vec::new(),
        resource: "travel_network/main".into(),
        generation: "7".into(),
    };
    Ownership::for_reading(&claim, &network(1))
}

/// The tags of a part of the network.
fn ours(part: &str) -> Vec<sdk::Tag> {
    let pairs = [
        ("travel:deployment", "dev/network"),
        ("travel:resource", "travel_network/main"),
        ("travel:generation", "7"),
        ("travel:part", part),
    ];
    pairs.map(|(key, value)| sdk::Tag::builder().key(key).value(value).build()).into()
}

#[test]
fn routes_of_aws_are_left_out() {
    let base = Route::builder;
    for (route, expected) in [
        (
            base().destination_cidr_block("0.0.0.0/0").nat_gateway_id("nat-1"),
            Some(("0.0.0.0/0", "nat-1")),
        ),
        (
            base().destination_ipv6_cidr_block("::/0").egress_only_internet_gateway_id("eigw-1"),
            Some(("::/0", "eigw-1")),
        ),
        (
            base().destination_prefix_list_id("pl-1").transit_gateway_id("tgw-1"),
            Some(("pl-1", "tgw-1")),
        ),
        // A route to an instance names its network interface too.
        (
            base()
                .destination_cidr_block("10.1.0.0/16")
                .instance_id("i-1")
                .network_interface_id("eni-1"),
            Some(("10.1.0.0/16", "eni-1")),
        ),
        (base().destination_cidr_block("10.20.0.0/16").gateway_id("local"), None),
        (base().destination_prefix_list_id("pl-2").gateway_id("vpce-1"), None),
        (
            base()
                .destination_cidr_block("10.2.0.0/16")
                .gateway_id("vgw-1")
                .origin(RouteOrigin::EnableVgwRoutePropagation),
            None,
        ),
        (
            base()
                .destination_cidr_block("10.4.0.0/16")
                .network_interface_id("eni-1")
                .origin(RouteOrigin::Advertisement),
            None,
        ),
        // A target that is gone leaves a route to nothing.
        (base().destination_cidr_block("10.3.0.0/16"), Some(("10.3.0.0/16", ""))),
    ] {
        let found = crate::network_and_cluster::routes::read(route.build());
        let expected = expected.map(|(from, to)| (from.to_owned(), to.to_owned()));
        assert_eq!(found, expected);
    }
}

#[test]
fn of_two_gateways_in_a_zone_the_living_counts() {
    let gateway = |id: &str, state: &str| {
        sdk::NatGateway::builder()
            .nat_gateway_id(id)
            .state(state.into())
            .set_tags(Some(ours("nat_gateway/eu-central-1a")))
            .build()
    };
    for (states, expected, strangers) in [
        (vec![("nat-1", "available"), ("nat-2", "deleting")], Some("nat-1"), 0),
        (vec![("nat-1", "failed"), ("nat-2", "pending")], Some("nat-2"), 0),
        (vec![("nat-1", "deleted")], None, 0),
        (vec![("nat-1", "failed")], Some("nat-1"), 0),
        (vec![("nat-1", "available"), ("nat-2", "pending")], Some("nat-1"), 1),
    ] {
        let mut observed = Observed::default();
        let found = states.iter().map(|(id, state)| gateway(id, state)).collect();
        sort_nat_gateways(found, &ownership(), &mut observed);
        let there = observed.nat_gateways.get("eu-central-1a").map(|it| it.id.as_str());
        assert_eq!(there, expected, "{states:?}");
        assert_eq!(observed.strangers.len(), strangers, "{states:?}");
    }
}

#[test]
fn gateways_and_endpoints_of_others_that_are_ending_are_not_in_the_way() {
    for (state, strangers) in [("available", 2), ("deleting", 0), ("failed", 0)] {
        let mut observed = Observed::default();
        let gateway = sdk::NatGateway::builder().nat_gateway_id("nat-9").state(state.into());
        sort_nat_gateways(vec![gateway.build()], &ownership(), &mut observed);
        let endpoint = sdk::VpcEndpoint::builder().vpc_endpoint_id("vpce-9").state(state.into());
        sort_endpoints(vec![endpoint.build()], &ownership(), &mut observed);
        assert_eq!(observed.strangers.len(), strangers, "{state}");
    }
}

#[test]
fn of_two_parts_in_one_place_one_is_too_many() {
    let mut observed = Observed::default();
    let table = |id: &str| {
        let tags = Some(ours("route_table/data"));
        sdk::RouteTable::builder().route_table_id(id).set_tags(tags).build()
    };
    sort_route_tables(vec![table("rtb-1"), table("rtb-2")], &ownership(), &mut observed);
    let endpoint = |id: &str, state: &str| {
        let tags = Some(ours("endpoint/sts"));
        let state = sdk::State::from(state);
        sdk::VpcEndpoint::builder().vpc_endpoint_id(id).state(state).set_tags(tags).build()
    };
    let found = [("vpce-1", "deleting"), ("vpce-2", "available"), ("vpce-3", "pending")];
    let found = found.map(|(id, state)| endpoint(id, state));
    sort_endpoints(found.into(), &ownership(), &mut observed);
    assert_eq!(observed.route_tables["data"].id, "rtb-1");
    assert_eq!(observed.endpoints["sts"].id, "vpce-2");
    let strangers: Vec<String> = observed.strangers.iter().map(ToString::to_string).collect();
    assert_eq!(strangers, ["route table rtb-2 (one too many)", "endpoint vpce-3 (one too many)"]);
}

#[test]
fn addresses_too_many_stand_beside_to_be_released() {
    let zone = "eu-central-1a";
    let address = |id: &str| {
        let tags = Some(ours("address/eu-central-1a"));
        sdk::Address::builder().allocation_id(id).set_tags(tags).build()
    };
    for (found, used, expected) in [
        (vec!["eipalloc-1"], None, vec![(zone, "eipalloc-1")]),
        (
            vec!["eipalloc-1", "eipalloc-2"],
            None,
            vec![(zone, "eipalloc-1"), ("eu-central-1a/eipalloc-2", "eipalloc-2")],
        ),
        (
            vec!["eipalloc-1", "eipalloc-2", "eipalloc-3"],
            Some("eipalloc-2"),
            vec![
                (zone, "eipalloc-2"),
                ("eu-central-1a/eipalloc-1", "eipalloc-1"),
                ("eu-central-1a/eipalloc-3", "eipalloc-3"),
            ],
        ),
    ] {
        let mut observed = Observed::default();
        if let Some(id) = used {
            let gateway = NatGateway { allocation_id: id.into(), ..NatGateway::default() };
            observed.nat_gateways.insert(zone.into(), gateway);
        }
        let found = found.into_iter().map(address).collect();
        sort_addresses(found, &ownership(), &mut observed);
        let there = observed.addresses.iter().map(|(key, it)| (key.as_str(), it.id.as_str()));
        assert_eq!(there.collect::<Vec<_>>(), expected);
    }
}

#[test]
fn an_endpoint_without_a_type_is_a_gateway() {
    for (kind, gateway) in [(None, true), (Some("Gateway"), true), (Some("Interface"), false)] {
        let kind = kind.map(sdk::VpcEndpointType::from);
        let found = sdk::VpcEndpoint::builder().set_vpc_endpoint_type(kind).build();
        assert_eq!(endpoint(found).gateway, gateway);
    }
}

#[test]
fn an_internet_gateway_is_own_given_or_in_the_way() {
    let gateway = |id: &str, vpc_id: Option<&str>, tags: Vec<sdk::Tag>| {
        let attached = vpc_id.map(|vpc_id| {
            let state = sdk::AttachmentStatus::from("available");
            InternetGatewayAttachment::builder().vpc_id(vpc_id).state(state).build()
        });
        InternetGateway::builder()
            .internet_gateway_id(id)
            .set_attachments(Some(attached.into_iter().collect()))
            .set_tags(Some(tags))
            .build()
    };
    let own = |vpc_id| gateway("igw-own", vpc_id, ours("internet_gateway"));
    let other = |vpc_id| gateway("igw-other", vpc_id, Vec::new());
    let here = Some("vpc-1");
    for (own_vpc, found, expected, strangers) in [
        (true, vec![own(here), other(Some("vpc-2"))], Some(("igw-own", true, true)), 0),
        (true, vec![own(None)], Some(("igw-own", true, false)), 0),
        (true, vec![own(Some("vpc-2"))], None, 0),
        (true, vec![other(here)], None, 1),
        (true, vec![other(here), own(None)], Some(("igw-own", true, false)), 1),
        (false, vec![other(here)], Some(("igw-other", false, true)), 1),
        (false, vec![other(None)], None, 0),
    ] {
        let vpc = Vpc { id: "vpc-1".into(), own: own_vpc, ..Vpc::default() };
        let mut observed = Observed { vpc: Some(vpc), ..Observed::default() };
        sort_internet_gateways(found, &ownership(), &mut observed);
        let gateway = observed.internet_gateway.as_ref();
        let gateway = gateway.map(|it| (it.id.as_str(), it.own, it.attached));
        assert_eq!((gateway, observed.strangers.len()), (expected, strangers));
    }
}

#[test]
fn what_is_not_ours_is_a_stranger() {
    let mut observed = Observed::default();
    let subnet = |id: &str, tags| {
        sdk::Subnet::builder().subnet_id(id).cidr_block("10.20.0.0/24").set_tags(Some(tags)).build()
    };
    let found =
        vec![subnet("subnet-1", ours("subnet/data/eu-central-1a")), subnet("subnet-2", vec![])];
    sort_subnets(found, &[], &ownership(), &mut observed);
    let group =
        |id: &str, name: &str| sdk::SecurityGroup::builder().group_id(id).group_name(name).build();
    let found = vec![group("sg-1", "default"), group("sg-2", "shop")];
    sort_security_groups(found, &ownership(), &mut observed);
    let table = |id: &str, main: bool| {
        let association = sdk::RouteTableAssociation::builder().main(main).build();
        sdk::RouteTable::builder().route_table_id(id).associations(association).build()
    };
    sort_route_tables(
        vec![table("rtb-1", true), table("rtb-2", false)],
        &ownership(),
        &mut observed,
    );
    assert_eq!(observed.subnets.len(), 1);
    let strangers: Vec<String> = observed.strangers.iter().map(ToString::to_string).collect();
    assert_eq!(
        strangers,
        ["subnet subnet-2 (10.20.0.0/24)", "security group sg-2 (shop)", "route table rtb-2"]
    );
}

#[test]
fn an_association_that_is_over_is_none() {
    let association = |state: &str| {
        let state = sdk::RouteTableAssociationState::builder().state(state.into()).build();
        sdk::RouteTableAssociation::builder()
            .route_table_association_id("rtbassoc-1")
            .route_table_id("rtb-1")
            .subnet_id("subnet-1")
            .association_state(state)
            .build()
    };
    for (state, there) in [("associated", true), ("associating", true), ("disassociating", false)] {
        let table = sdk::RouteTable::builder().associations(association(state)).build();
        assert_eq!(association_of("subnet-1", &[table]).is_some(), there, "{state}");
    }
    for (state, expected) in
        [("associated", Some(true)), ("associating", Some(false)), ("failed", None)]
    {
        let found = super::association(Some("a".into()), state);
        assert_eq!(found.map(|it| it.associated), expected, "{state}");
    }
}

/// What is found of log groups and roles, where one of each of these names is looked for.
async fn check_logs(names: &[&str], expected: &[&str]) {
    let fake = Fake::new(|request: &Request| {
        let mut marks: Tags = claim("travel_network/main").tags().into();
        marks.insert(PART_TAG.to_owned(), "flow_log".to_owned());
        let items = |item: &str, key: &str, value: &str| {
            let tags = marks.iter().map(|(name, text)| {
                format!("<{item}><{key}>{name}</{key}><{value}>{text}</{value}></{item}>")
            });
            tags.collect::<String>()
        };
        let action = request.action.split_once(':').unwrap().1;
        match action {
            "DescribeVpcs" => {
                Reply::ec2(action, "<vpcSet><item><vpcId>vpc-1</vpcId></item></vpcSet>")
            }
            "DescribeFlowLogs" => {
                let ours = items("item", "key", "value");
                let of = |id: &str, name: &str, tags: &str| {
                    format!(
                        "<item><flowLogId>{id}</flowLogId><logGroupName>/{name}</logGroupName>\
                         <deliverLogsPermissionArn>arn:aws:iam::1:role/{name}\
                         </deliverLogsPermissionArn><tagSet>{tags}</tagSet></item>"
                    )
                };
                let all = [of("fl-1", "b", &ours), of("fl-2", "c", &ours), of("fl-3", "d", "")];
                Reply::ec2(action, &format!("<flowLogSet>{}</flowLogSet>", all.concat()))
            }
            "DescribeLogGroups" => {
                let name = &request.input["logGroupNamePrefix"];
                Reply::json(json!({"logGroups": [{"logGroupName": name, "arn": name}]}))
            }
            "ListTagsForResource" => Reply::json(json!({"tags": marks})),
            "GetRole" => {
                let name = request.input["RoleName"].as_str().unwrap();
                let tags = items("member", "Key", "Value");
                Reply::query(
                    action,
                    &format!("<Role><RoleName>{name}</RoleName><Tags>{tags}</Tags></Role>"),
                )
            }
            "GetRolePolicy" => Reply::query_error("NoSuchEntity", "no"),
            _ => Reply::ec2(action, ""),
        }
    });
    let call = call_on(&fake, Settings::default(), "travel_network/main").await;
    let logs = LogNames {
        groups: names.iter().map(|name| format!("/{name}")).collect(),
        roles: names.iter().map(ToString::to_string).collect(),
    };
    let place = Place { vpc_id: Some("vpc-1".to_owned()), given: false, logs };
    let ownership = Ownership::for_reading(&call.claim, &network(1));
    let (observed, _) = Box::pin(look(&call, ownership, &place)).await.unwrap();
    assert!(observed.flow_logs.keys().eq(["fl-1", "fl-2"]), "the third is not the network's");
    assert!(observed.roles.keys().eq(expected), "{:?}", observed.roles);
    let groups = expected.iter().map(|name| format!("/{name}"));
    assert!(observed.log_groups.into_keys().eq(groups));
    let asked = fake.actions().into_iter().filter(|action| action == "iam:GetRole");
    assert_eq!(asked.count(), expected.len(), "each is asked for once");
}

#[tokio::test]
async fn flow_logs_lead_to_their_log_groups_and_roles() {
    check_logs(&[], &["b", "c"]).await;
    check_logs(&["a"], &["a", "b", "c"]).await;
    check_logs(&["b", "c"], &["b", "c"]).await;
}
