use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::iam_role::{Role, ServiceRole};
use crate::network_and_cluster::log_group::LogGroup;
use crate::network_and_cluster::network::observed::{Subnet, Vpc};
use crate::network_and_cluster::network::tests::{network, tags};
use crate::settings::Settings;
use crate::testing::{Fake, Reply, Request, call_on};

/// What DescribeTags answers: a resource of this id with the part's tags, and another with other
/// tags, whatever is asked.
fn tagged(id: &str) -> Reply {
    let of = |id: &str, generation: &str| {
        let tags = [
            ("travel:deployment", "dev/test"),
            ("travel:resource", "travel_network/main"),
            ("travel:generation", generation),
            ("travel:part", "route_table/data"),
        ];
        let items = tags.map(|(key, value)| {
            format!(
                "<item><resourceId>{id}</resourceId><key>{key}</key><value>{value}</value></item>"
            )
        });
        items.concat()
    };
    let other = of("rtb-0", "g0");
    Reply::ec2("DescribeTags", &format!("<tagSet>{other}{}</tagSet>", of(id, "g1")))
}

fn none() -> Reply {
    Reply::ec2("DescribeTags", "<tagSet/>")
}

fn ec2_error(status: u16, code: &str) -> Reply {
    Reply::ec2_error(status, code)
}

fn made(id: &str) -> Reply {
    let content = format!("<routeTable><routeTableId>{id}</routeTableId></routeTable>");
    Reply::ec2("CreateRouteTable", &content)
}

/// Makes a route table of a cloud that answers to creations by the number of the attempt.
async fn check(
    create: impl Fn(usize) -> Reply + Send + Sync + 'static,
    describe: fn() -> Reply,
    expected: Result<&str, &str>,
    actions: &[&str],
) {
    let attempt = AtomicUsize::new(0);
    let fake = Fake::new(move |request: &Request| match request.action.as_str() {
        "ec2:CreateRouteTable" => create(attempt.fetch_add(1, Ordering::SeqCst)),
        "ec2:DescribeTags" => describe(),
        other => panic!("{other}"),
    });
    let settings = Settings { max_retries: 2, ..Settings::default() };
    let call = call_on(&fake, settings, "travel_network/main").await;
    let before = fake.calls().len();
    let network = network(1);
    let wanted = Wanted::of(&network).unwrap();
    let work = Work::new(&call, &wanted, &network, Observed::default());
    let request = work.once().ec2().create_route_table().vpc_id("vpc-1").client_token(token());
    let send = || async {
        let table = request.clone().send().await?.route_table;
        Ok(table.and_then(|it| it.route_table_id))
    };
    let kind = ResourceType::RouteTable;
    let found = work.make_tagged("route_table/data", &kind, &["Taken"], send).await;
    let found = found.map_err(|failure| failure.into_diagnostic().detail);
    match expected {
        Ok(id) => assert_eq!(found.as_deref(), Ok(id)),
        Err(code) => assert!(found.clone().unwrap_err().contains(code), "{found:?}"),
    }
    let seen: Vec<String> = fake.actions().into_iter().skip(before).collect();
    let mut short: Vec<&str> = seen.iter().map(|it| it.trim_start_matches("ec2:")).collect();
    short.dedup();
    assert_eq!(short, actions);
    let creations = fake.calls().into_iter().filter(|it| it.action == "ec2:CreateRouteTable");
    let tokens = creations.map(|it| it.input["ClientToken"].as_str().unwrap().to_owned());
    assert_eq!(tokens.collect::<BTreeSet<_>>().len(), 1, "EC2 can tell a repetition by its token");
}

#[tokio::test(start_paused = true)]
async fn makes_nothing_twice() {
    let create = "CreateRouteTable";
    let look = "DescribeTags";
    check(|_| made("rtb-1"), none, Ok("rtb-1"), &[create]).await;
    // It may have been carried out: look first.
    check(|_| ec2_error(500, "InternalError"), || tagged("rtb-2"), Ok("rtb-2"), &[create, look])
        .await;
    let second = |attempt| if attempt == 0 { ec2_error(503, "Unavailable") } else { made("rtb-3") };
    check(second, none, Ok("rtb-3"), &[create, look, create]).await;
    // It was not carried out.
    let second = |attempt| {
        if attempt < 2 { ec2_error(503, "RequestLimitExceeded") } else { made("rtb-4") }
    };
    check(second, none, Ok("rtb-4"), &[create]).await;
    for code in ["InvalidVpcID.NotFound", "InvalidElasticIpID.NotFound", "InvalidSubnet"] {
        let early = move |attempt| if attempt < 5 { ec2_error(400, code) } else { made("rtb-5") };
        check(early, none, Ok("rtb-5"), &[create]).await;
    }
    check(
        |_| ec2_error(400, "RouteTableLimitExceeded"),
        none,
        Err("RouteTableLimitExceeded"),
        &[create],
    )
    .await;
    // Something is in the way: ours, or not.
    check(|_| ec2_error(400, "Taken"), || tagged("rtb-6"), Ok("rtb-6"), &[create, look]).await;
    check(|_| ec2_error(400, "Taken"), none, Err("Taken"), &[create, look]).await;
    // In the end it gives up.
    check(
        |_| ec2_error(500, "InternalError"),
        none,
        Err("InternalError"),
        &[create, look, create, look, create, look],
    )
    .await;
}

async fn with_work(prior: &Network, plan: &Network, test: impl AsyncFnOnce(&Work<'_>, &Fake)) {
    let fake = Fake::new(|request: &Request| match request.action.split_once(':') {
        Some(("ec2", action)) => Reply::ec2(action, "<return>true</return>"),
        Some(("iam", action)) => Reply::query(action, ""),
        _ => Reply::json(serde_json::json!({})),
    });
    let call = call_on(&fake, Settings::default(), "travel_network/main").await;
    let wanted = Wanted::of(plan).unwrap();
    let mut observed = Observed::default();
    let vpc = Vpc { id: "vpc-1".into(), own: true, ..Vpc::default() };
    observed.vpc = Some(vpc);
    let subnet = Subnet {
        id: "subnet-1".into(),
        tags: tags(&[("old", "x"), ("foreign", "y"), ("travel:generation", "g0")]),
        ..Subnet::default()
    };
    observed.subnets.insert("data/eu-central-1a".into(), subnet);
    let work = Work::new(&call, &wanted, prior, observed);
    test(&work, &fake).await;
}

#[tokio::test]
async fn tags_of_others_stay() {
    let mut prior = network(1);
    let subnet = super::super::Subnet { tags: Some(tags(&[("old", "x")])), ..Default::default() };
    prior.subnets = Some([("data/eu-central-1a".to_owned(), subnet)].into());
    let mut plan = network(1);
    plan.tagging.tags_all = Some(tags(&[("new", "z")]));
    with_work(&prior, &plan, async |work, fake| {
        let part = "subnet/data/eu-central-1a";
        work.mend_tags(part, "subnet-1").await.unwrap();
        let asked = fake.calls();
        let of = |action: &str| {
            let request = asked.iter().find(|it| it.action == action).unwrap();
            let fields = request.input.as_object().unwrap().iter();
            let keys = fields.filter(|(name, _)| name.starts_with("Tag.") && name.ends_with("Key"));
            keys.map(|(_, value)| value.as_str().unwrap().to_owned()).collect::<BTreeSet<_>>()
        };
        let set = [
            "Name",
            "new",
            "travel:deployment",
            "travel:generation",
            "travel:part",
            "travel:resource",
        ];
        assert_eq!(of("ec2:CreateTags"), set.map(str::to_owned).into());
        assert_eq!(of("ec2:DeleteTags"), ["old".to_owned()].into());
        assert!(!work.see(|it| work.is_mistagged(part, &it.subnets["data/eu-central-1a"].tags)));
    })
    .await;
}

#[tokio::test]
async fn an_adoption_marks_all_parts_at_once() {
    let plan = network(1);
    with_work(&plan, &plan, async |work, fake| {
        let before = fake.calls().len();
        work.claim_all().await.unwrap();
        work.claim_all().await.unwrap();
        let asked = fake.calls();
        assert_eq!(asked.len() - before, 1, "the second time there is nothing to do");
        let input = &asked[before].input;
        let ids = ["ResourceId.1", "ResourceId.2"].map(|name| input[name].as_str().unwrap());
        assert_eq!(ids, ["subnet-1", "vpc-1"]);
    })
    .await;
}

#[tokio::test]
async fn an_adoption_marks_role_and_log_group_before_the_vpc() {
    let plan = network(1);
    with_work(&plan, &plan, async |work, fake| {
        let old = || tags(&[("travel:generation", "g0"), ("team", "a")]);
        let role = Role { name: "r".into(), tags: old(), ..Role::default() };
        let group = LogGroup { arn: "arn:g".into(), tags: old(), ..LogGroup::default() };
        work.note(|observed| {
            observed.roles.insert("r".into(), ServiceRole { role, permissions: None });
            observed.log_groups.insert("g".into(), group);
        });
        let before = fake.actions().len();
        work.claim_all().await.unwrap();
        work.claim_all().await.unwrap();
        let asked = &fake.actions()[before..];
        assert_eq!(asked, ["iam:TagRole", "logs:TagResource", "ec2:CreateTags"]);
        let all = work.see(|observed| {
            [observed.roles["r"].role.tags.clone(), observed.log_groups["g"].tags.clone()]
        });
        for tags in all {
            assert_eq!((tags["travel:generation"].as_str(), tags["team"].as_str()), ("g1", "a"));
        }
    })
    .await;
}

/// Removes a subnet of a cloud that answers to deletions by the number of the attempt, with these
/// network interfaces in the subnet. An expected error is part of its words.
async fn check_removal(
    delete: impl Fn(usize) -> Reply + Send + Sync + 'static,
    interfaces: &'static str,
    expected: Result<(), &str>,
    attempts: std::ops::RangeInclusive<usize>,
) {
    let attempt = AtomicUsize::new(0);
    let fake = Fake::new(move |request: &Request| match request.action.as_str() {
        "ec2:DeleteSubnet" => delete(attempt.fetch_add(1, Ordering::SeqCst)),
        "ec2:DescribeNetworkInterfaces" => Reply::ec2("DescribeNetworkInterfaces", interfaces),
        other => panic!("{other}"),
    });
    let call = call_on(&fake, Settings::default(), "travel_network/main").await;
    let network = network(1);
    let wanted = Wanted::of(&network).unwrap();
    let mut observed = Observed::default();
    observed.past_interfaces.insert("eni-own".into());
    let work = Work::new(&call, &wanted, &network, observed);
    let place = ec2::filter("subnet-id", "subnet-1");
    let removed = work
        .remove("subnet subnet-1", &["DependencyViolation"], Some(place), || {
            work.ec2().delete_subnet().subnet_id("subnet-1").send()
        })
        .await;
    let removed = removed.map_err(|failure| failure.into_diagnostic().to_string());
    match expected {
        Ok(()) => assert_eq!(removed, Ok(())),
        Err(words) => assert!(removed.clone().unwrap_err().contains(words), "{removed:?}"),
    }
    let sent = fake.actions().into_iter().filter(|it| it == "ec2:DeleteSubnet").count();
    assert!(attempts.contains(&sent), "{sent} attempts, {removed:?}");
}

#[tokio::test(start_paused = true)]
async fn a_removal_ends() {
    let deleted = || Reply::ec2("DeleteSubnet", "<return>true</return>");
    let busy = |_| ec2_error(400, "DependencyViolation");
    let nothing = "<networkInterfaceSet/>";
    let used = "<networkInterfaceSet><item><networkInterfaceId>eni-9</networkInterfaceId>\
                <status>in-use</status></item></networkInterfaceSet>";
    let unused = "<networkInterfaceSet><item><networkInterfaceId>eni-9</networkInterfaceId>\
                  <status>available</status></item></networkInterfaceSet>";
    let own = "<networkInterfaceSet><item><networkInterfaceId>eni-own</networkInterfaceId>\
               <status>in-use</status></item></networkInterfaceSet>";
    check_removal(move |_| deleted(), nothing, Ok(()), 1..=1).await;
    // A repeated request finds nothing any more.
    for code in ["InvalidSubnetID.NotFound", "InvalidAssociationID.NotFound"] {
        check_removal(move |_| ec2_error(400, code), nothing, Ok(()), 1..=1).await;
    }
    let third = move |attempt| if attempt < 2 { busy(attempt) } else { deleted() };
    check_removal(third, nothing, Ok(()), 3..=3).await;
    check_removal(third, own, Ok(()), 3..=3).await;
    check_removal(third, unused, Ok(()), 3..=3).await;
    // Others are told of at once, or when they have not gone by themselves.
    check_removal(busy, used, Err("eni-9"), 1..=1).await;
    check_removal(busy, unused, Err("eni-9"), 50..=1000).await;
    check_removal(busy, nothing, Err("EC2 says: no. Nothing of the network"), 50..=1000).await;
    check_removal(busy, own, Err("timed out"), 50..=1000).await;
}
