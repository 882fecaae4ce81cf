use travel_framework::Diagnostics;
use travel_framework::plan::{Computed, effective, plan_by_schema};

use super::*;
use crate::network_and_cluster::network::observed::Observed;
use crate::network_and_cluster::network::tests::{ZONES, made};
use crate::network_and_cluster::network::{default_tiers, role, state};
use crate::settings::Settings;
use crate::testing::{Fake, Reply, call_on};

/// A configuration: these attributes, and nothing else.
fn config(attributes: &[(&str, Value)]) -> Value {
    let names = Network::block().attributes.into_iter().map(|it| (it.name, Value::Null));
    let mut config = Value::object(names);
    config.set_attribute("timeouts", Value::Null);
    for (name, value) in
        [("name", "main".into()), ("cidr", "10.20.0.0/16".into()), ("zones", zones(&ZONES[..2]))]
    {
        config.set_attribute(name, value);
    }
    for (name, value) in attributes {
        config.set_attribute(name, value.clone());
    }
    config
}

fn zones(zones: &[&str]) -> Value {
    Value::List(zones.iter().map(|zone| (*zone).into()).collect())
}

/// An object of a nested attribute of this name, with these attributes.
fn nested(name: &str, attributes: &[(&str, Value)]) -> Value {
    let block = Network::block();
    let attribute = block.attribute(name).unwrap();
    let travel_framework::schema::AttributeKind::Nested { attributes: names, .. } = &attribute.kind
    else {
        panic!("{name} is not nested")
    };
    let mut object = Value::object(names.iter().map(|it| (it.name.clone(), Value::Null)));
    for (name, value) in attributes {
        object.set_attribute(name, value.clone());
    }
    object
}

fn endpoints(services: &[&str]) -> Value {
    Value::map(services.iter().map(|service| (*service, nested("endpoints", &[]))))
}

fn tiers(tiers: &[(&str, &[(&str, Value)])]) -> Value {
    Value::map(tiers.iter().map(|(name, attributes)| (*name, nested("tiers", attributes))))
}

/// Everything at once.
fn rich() -> Vec<(&'static str, Value)> {
    vec![
        ("nat", "per_zone".into()),
        ("ipv6", true.into()),
        ("secondary_cidrs", Value::set(["100.64.0.0/16".into()])),
        ("endpoints", endpoints(&["s3", "sts"])),
        ("flow_logs", nested("flow_logs", &[])),
        ("clusters", Value::set(["dev".into()])),
        ("karpenter_discovery", "dev".into()),
        ("routes", Value::map([("10.0.0.0/8", nested("routes", &[("target", "tgw-1".into())]))])),
    ]
}

/// The plan of this configuration, made as the framework makes it.
fn planned(config: &Value, prior: &Value) -> (Value, Diagnostics) {
    let block = Network::block();
    let once = |computed| {
        let mut plan = Plan::new(config, prior, plan_by_schema(&block, prior, config, computed));
        plan.set("region", "eu-central-1".into());
        plan.set("tags_all", Value::Map(BTreeMap::new()));
        if computed != Computed::Kept && !prior.is_null() {
            plan.set("status", READY.into());
        }
        for path in travel_framework::plan::replacements(&block, prior, &plan.planned) {
            plan.replace(path);
        }
        super::plan(&mut plan);
        (plan.planned, plan.diagnostics)
    };
    let kept = once(Computed::Kept);
    if !prior.is_null() && effective(&block, &kept.0) == effective(&block, prior) {
        return kept;
    }
    once(Computed::Applied { resumed: false })
}

fn fine(config: &Value, prior: &Value) -> Value {
    let (planned, found) = planned(config, prior);
    assert!(!found.has_error(), "{found:?}");
    planned
}

/// The errors and warnings of a plan, each with its place.
fn errors(config: &Value, prior: &Value) -> Vec<String> {
    let (_, found) = planned(config, prior);
    let path = |error: &travel_framework::Diagnostic| {
        error.path.as_ref().map(ToString::to_string).unwrap_or_default()
    };
    found.iter().map(|error| format!("{}: {}", path(error), error.summary)).collect()
}

/// The state after an apply of a plan, or after a read, if these parts are there.
async fn state_of(planned: &Value, observed: &Observed) -> Value {
    let fake = Fake::new(|_| Reply::ec2("", ""));
    let call = call_on(&fake, Settings::default(), "travel_network/main").await;
    let mut network = <Network as Model>::from_value(planned, &Path::root()).unwrap();
    let before = network.clone();
    let wanted = Wanted::of(&network).unwrap();
    let mut observed = observed.clone();
    // What the role says depends on where the call works.
    if let Some(logs) = wanted.log_group() {
        let says = role::documents(&wanted, &observed, &call.scope, logs);
        for there in observed.roles.values_mut().filter(|it| it.permissions.is_none()) {
            there.role.trust.clone_from(&says.trust);
            there.permissions = Some(says.permissions.clone());
        }
    }
    state::fill(&mut network, &before, &wanted, &observed, &call.scope);
    let mut state = <Network as Model>::to_value(&network);
    state.set_attribute("status", READY.into());
    state.set_attribute("region", "eu-central-1".into());
    state
}

fn parts(planned: &Value) -> Observed {
    made(&<Network as Model>::from_value(planned, &Path::root()).unwrap())
}

/// The places where two values differ, as deep as both are objects or maps.
fn differences(path: &Path, one: &Value, other: &Value, found: &mut Vec<String>) {
    if one == other {
        return;
    }
    let (Some(before), Some(after)) = (one.entries(), other.entries()) else {
        return found.push(path.to_string());
    };
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for name in names {
        let path = match one {
            Value::Map(_) => path.key(name),
            _ => path.field(name),
        };
        differences(&path, one.get(name), other.get(name), found);
    }
}

/// What a plan would change of a state.
fn changes(config: &Value, state: &Value) -> Vec<String> {
    let mut found = Vec::new();
    differences(&Path::root(), state, &fine(config, state), &mut found);
    found
}

#[test]
fn a_create_knows_places_names_and_counts() {
    let planned = fine(&config(&rich()), &Value::Null);
    let subnet = planned.get("subnets").get("private/eu-central-1b");
    for (name, expected) in [
        ("id", Value::unknown()),
        ("cidr", "10.20.32.0/19".into()),
        ("tier", "private".into()),
        ("zone", "eu-central-1b".into()),
        ("public_addresses", false.into()),
        ("ipv6_cidr", Value::unknown()),
    ] {
        assert_eq!(*subnet.get(name), expected, "{name}");
    }
    assert_eq!(*subnet.get("tags").get("karpenter.sh/discovery"), "dev".into());
    let count = |name: &str| planned.get(name).entries().map(BTreeMap::len);
    assert_eq!(count("subnets"), Some(6));
    assert_eq!(count("nat_gateways"), Some(2));
    assert_eq!(count("route_tables"), Some(4));
    let table = planned.get("route_tables").get("private/eu-central-1a").get("routes");
    assert_eq!(*table.get("10.0.0.0/8"), "tgw-1".into());
    assert!(table.get("0.0.0.0/0").is_unknown() && table.get("::/0").is_unknown());
    let sts = planned.get("endpoints").get("sts");
    assert_eq!(*sts.get("type"), "interface".into());
    assert_eq!(*sts.get("service_name"), "com.amazonaws.eu-central-1.sts".into());
    assert_eq!(*sts.get("private_dns"), true.into());
    assert_eq!(*planned.get("endpoints").get("s3").get("subnet_ids"), Value::Null);
    let logs = planned.get("flow_logs");
    assert_eq!(*logs.get("log_group"), "/travel/network/main/flow-logs".into());
    assert_eq!(*logs.get("role"), "travel-main-eu-central-1-flow-logs".into());
    assert_eq!(*planned.get("nat_tier"), "public".into());
    assert_eq!(*planned.get("mistagged"), Value::Set(vec![]));
    assert_eq!(*planned.get("foreign"), Value::Set(vec![]));
    assert_eq!(*planned.get("tiers").get("data").get("prefix_length"), 22.into());
}

#[test]
fn what_decides_nothing_may_be_unknown() {
    let target = [("target", Value::unknown())];
    let logs = [("kms_key_arn", Value::unknown())];
    let planned = fine(
        &config(&[
            ("vpc_id", Value::unknown()),
            ("karpenter_discovery", Value::unknown()),
            ("routes", Value::map([("10.0.0.0/8", nested("routes", &target))])),
            ("flow_logs", nested("flow_logs", &logs)),
            ("other_networks", Value::unknown()),
        ]),
        &Value::Null,
    );
    let subnet = planned.get("subnets").get("data/eu-central-1a");
    assert_eq!(*subnet.get("cidr"), "10.20.64.0/22".into());
    assert!(subnet.get("tags").is_unknown());
    let routes = planned.get("route_tables").get("data").get("routes");
    assert_eq!(*routes, Value::map([("10.0.0.0/8", Value::unknown())]));
}

#[test]
fn what_decides_all_leaves_all_open() {
    for name in ["zones", "cidr", "nat", "tiers", "endpoints"] {
        let planned = fine(&config(&[(name, Value::unknown())]), &Value::Null);
        assert!(planned.get("subnets").is_unknown(), "{name}");
        assert!(planned.get("route_tables").is_unknown(), "{name}");
    }
    let unknown_type = nested("endpoints", &[("type", Value::unknown())]);
    let config = config(&[("endpoints", Value::map([("s3", unknown_type)]))]);
    assert!(fine(&config, &Value::Null).get("subnets").is_unknown());
}

#[tokio::test]
async fn a_second_plan_is_empty() {
    let explicit: Vec<(&str, Value)> = vec![
        (
            "tiers",
            tiers(&[
                ("edge", &[("access", "public".into()), ("prefix_length", 26.into())]),
                (
                    "apps",
                    &[("access", "private".into()), ("tags", Value::map([("a", "b".into())]))],
                ),
            ]),
        ),
        ("nat", "none".into()),
        ("flow_logs", nested("flow_logs", &[("bucket_arn", "arn:aws:s3:::logs/x/".into())])),
        ("exclusive", true.into()),
    ];
    let given = vec![("vpc_id", Value::from("vpc-1")), ("endpoints", endpoints(&["sts"]))];
    let somewhere = nested("endpoints", &[("zones", Value::set([ZONES[1].into()]))]);
    let somewhere = vec![("endpoints", Value::map([("lambda", somewhere)]))];
    for attributes in [vec![], rich(), explicit, given, somewhere] {
        let config = config(&attributes);
        let planned = fine(&config, &Value::Null);
        let state = state_of(&planned, &parts(&planned)).await;
        assert_eq!(changes(&config, &state), Vec::<String>::new(), "{attributes:?}");
        assert!(state.get("subnets").is_wholly_known());
    }
}

#[tokio::test]
async fn an_apply_gives_what_was_planned() {
    let planned = fine(&config(&rich()), &Value::Null);
    let state = state_of(&planned, &parts(&planned)).await;
    fn check(path: &Path, planned: &Value, state: &Value) {
        match (planned, state) {
            (Value::Unknown(_), _) => {}
            (Value::Object(planned), _) => {
                for (name, value) in planned {
                    check(&path.field(name), value, state.get(name));
                }
            }
            (Value::Map(planned), Value::Map(there)) => {
                let keys = |map: &BTreeMap<String, Value>| map.keys().cloned().collect::<Vec<_>>();
                assert_eq!(keys(planned), keys(there), "{path}");
                for (key, value) in planned {
                    check(&path.key(key), value, state.get(key));
                }
            }
            (Value::List(planned), Value::List(there)) => {
                for (index, (planned, there)) in planned.iter().zip(there).enumerate() {
                    check(&path.index(index), planned, there);
                }
            }
            _ => assert_eq!(planned, state, "{path}"),
        }
    }
    check(&Path::root(), &planned, &state);
}

#[tokio::test]
async fn drift_shows_at_the_attribute_it_is_in() {
    let config = config(&rich());
    let planned = fine(&config, &Value::Null);
    let a = "eu-central-1a";
    type Change = fn(&mut Observed);
    let cases: [(&str, Change, Vec<String>); 15] = [
        (
            "a deleted route",
            |it| drop(it.route_tables.get_mut("public").unwrap().routes.remove("0.0.0.0/0")),
            vec![r#"route_tables["public"].routes["0.0.0.0/0"]"#.into()],
        ),
        (
            "a route that leads elsewhere",
            |it| {
                let table = it.route_tables.get_mut("data").unwrap();
                table.routes.insert("10.0.0.0/8".into(), "pcx-9".into());
            },
            vec![r#"route_tables["data"].routes["10.0.0.0/8"]"#.into()],
        ),
        (
            "public addresses",
            |it| it.subnets.get_mut("data/eu-central-1a").unwrap().public_addresses = true,
            vec![format!(r#"subnets["data/{a}"].public_addresses"#)],
        ),
        (
            "a lost association",
            |it| it.subnets.get_mut("data/eu-central-1a").unwrap().route_table = None,
            vec![format!(r#"subnets["data/{a}"].route_table_id"#)],
        ),
        (
            "a discovery tag",
            |it| {
                let subnet = it.subnets.get_mut("private/eu-central-1a").unwrap();
                subnet.tags.remove("karpenter.sh/discovery");
            },
            vec![format!(r#"subnets["private/{a}"].tags["karpenter.sh/discovery"]"#)],
        ),
        (
            "names",
            |it| it.vpc.as_mut().unwrap().enable_dns_hostnames = false,
            vec!["enable_dns_hostnames".into()],
        ),
        (
            "a secondary block",
            |it| drop(it.vpc.as_mut().unwrap().cidrs.remove("100.64.0.0/16")),
            vec!["secondary_cidrs".into()],
        ),
        (
            "the name of a gateway",
            |it| drop(it.internet_gateway.as_mut().unwrap().tags.remove("Name")),
            vec!["mistagged".into()],
        ),
        (
            "an endpoint's private names",
            |it| it.endpoints.get_mut("sts").unwrap().private_dns = false,
            vec![r#"endpoints["sts"].private_dns"#.into()],
        ),
        (
            "a rule",
            |it| {
                let group = it.endpoint_security_group.as_mut().unwrap();
                group.ingress.remove("10.20.0.0/16");
            },
            vec!["endpoint_security_group.ingress".into()],
        ),
        (
            "the retention of records",
            |it| it.log_groups.values_mut().for_each(|it| it.retention_days = 7),
            vec!["flow_logs.retention_days".into()],
        ),
        ("the role of the flow log", |it| it.roles.clear(), vec!["flow_logs.role_arn".into()]),
        (
            "what this role may do",
            |it| it.roles.values_mut().for_each(|it| it.permissions = Some("{}".into())),
            vec!["faults".into()],
        ),
        (
            "foreign things",
            |it| {
                let table = it.route_tables.get_mut("data").unwrap();
                table.routes.insert("10.9.0.0/16".into(), "pcx-1".into());
                it.vpc.as_mut().unwrap().tags.insert("other".into(), "x".into());
                let subnet = it.subnets.get_mut("data/eu-central-1a").unwrap();
                subnet.tags.insert("other".into(), "x".into());
                let group = it.endpoint_security_group.as_mut().unwrap();
                group.ingress.insert("192.168.0.0/16".into());
            },
            vec![],
        ),
        ("nothing", |_| {}, vec![]),
    ];
    for (words, change, expected) in cases {
        let mut observed = parts(&planned);
        change(&mut observed);
        let state = state_of(&planned, &observed).await;
        assert_eq!(changes(&config, &state), expected, "{words}");
    }
}

#[tokio::test]
async fn a_lost_part_is_planned_again_with_all_that_names_it() {
    let config = config(&rich());
    let planned = fine(&config, &Value::Null);
    let a = "eu-central-1a";
    type Change = fn(&mut Observed);
    let cases: [(Change, Vec<String>); 5] = [
        (
            |it| drop(it.nat_gateways.remove("eu-central-1a")),
            vec![
                format!(r#"nat_gateways["{a}"]"#),
                format!(r#"route_tables["private/{a}"].routes["0.0.0.0/0"]"#),
            ],
        ),
        (
            |it| it.internet_gateway.as_mut().unwrap().attached = false,
            vec![
                "internet_gateway_id".into(),
                r#"route_tables["public"].routes["0.0.0.0/0"]"#.into(),
                r#"route_tables["public"].routes["::/0"]"#.into(),
            ],
        ),
        (|it| drop(it.endpoints.remove("sts")), vec![r#"endpoints["sts"]"#.into()]),
        (|it| it.flow_logs.clear(), vec!["flow_logs.id".into()]),
        (
            |it| drop(it.subnets.remove("private/eu-central-1a")),
            vec![
                r#"endpoints["sts"].subnet_ids"#.into(),
                "subnet_ids[\"private\"]".into(),
                format!(r#"subnets["private/{a}"]"#),
            ],
        ),
    ];
    for (change, expected) in cases {
        let mut observed = parts(&planned);
        change(&mut observed);
        let state = state_of(&planned, &observed).await;
        assert_eq!(changes(&config, &state), expected);
    }
}

#[tokio::test]
async fn a_lost_vpc_is_made_again_in_place() {
    let config = config(&[]);
    let planned = fine(&config, &Value::Null);
    let observed = Observed { addresses: parts(&planned).addresses, ..Observed::default() };
    let state = state_of(&planned, &observed).await;
    let again = fine(&config, &state);
    assert!(again.get("id").is_unknown() && again.get("arn").is_unknown());
    assert!(again.get("subnets").get("data/eu-central-1a").get("id").is_unknown());
    assert_eq!(*again.get("subnets").get("data/eu-central-1a").get("cidr"), "10.20.64.0/22".into());
}

#[tokio::test]
async fn changes_in_place_leave_the_rest_alone() {
    let before = config(&rich());
    let planned = fine(&before, &Value::Null);
    let state = state_of(&planned, &parts(&planned)).await;
    let with = |change: (&'static str, Value)| {
        let mut attributes = rich();
        attributes.push(change);
        config(&attributes)
    };
    let one_more = changes(&with(("zones", zones(&ZONES))), &state);
    for path in &one_more {
        let about_c = path.contains("eu-central-1c");
        let lists = path.starts_with("zones") || path.starts_with("subnet_ids");
        let endpoint = path.ends_with("subnet_ids") || path.ends_with("route_table_ids");
        assert!(about_c || lists || endpoint, "{path}");
    }
    assert!(one_more.contains(&r#"subnets["public/eu-central-1c"]"#.to_owned()));
    // Another order of the zones is no change at all.
    let turned = zones(&[ZONES[1], ZONES[0]]);
    assert_eq!(changes(&with(("zones", turned)), &state), Vec::<String>::new());
    assert_eq!(
        changes(&with(("nat", "single".into())), &state),
        [
            "nat",
            r#"nat_gateways["eu-central-1b"]"#,
            r#"route_tables["private/eu-central-1b"].routes["0.0.0.0/0"]"#,
        ]
    );
    assert_eq!(
        changes(&with(("endpoints", endpoints(&["s3"]))), &state),
        [r#"endpoint_security_group"#, r#"endpoint_tier"#, r#"endpoints["sts"]"#]
    );
    let none = with(("flow_logs", Value::Null));
    assert_eq!(changes(&none, &state), ["flow_logs"]);
    let config_only = [
        with(("other_networks", Value::map([("stg", zones(&[]))]))),
        with(("exclusive", true.into())),
    ];
    for (config, expected) in
        config_only.iter().zip([vec!["other_networks[\"stg\"]"], vec!["exclusive"]])
    {
        assert_eq!(changes(config, &state), expected);
    }
}

#[tokio::test]
async fn a_tier_is_not_resized_by_the_way() {
    let planned = fine(&config(&[]), &Value::Null);
    let state = state_of(&planned, &parts(&planned)).await;
    let mut changed = default_tiers();
    changed.get_mut("data").unwrap().prefix_length = Some(24);
    let config = |tiers: &BTreeMap<String, super::super::Tier>| {
        config(&[("tiers", travel_framework::model::Field::to_value(tiers))])
    };
    assert_eq!(
        errors(&config(&changed), &state),
        [r#"tiers["data"].prefix_length: tier "data" cannot be moved or resized"#]
    );
    // Before the creation has come to its end, nothing is in it yet.
    let mut incomplete = state.clone();
    incomplete.set_attribute("status", "incomplete".into());
    assert_eq!(errors(&config(&changed), &incomplete), Vec::<String>::new());
    // The way out changes, the size stays.
    let mut private = default_tiers();
    private.get_mut("data").unwrap().access = Some("private".into());
    let planned = fine(&config(&private), &state);
    assert_eq!(*planned.get("tiers").get("data").get("prefix_length"), 22.into());
    assert_eq!(*planned.get("tiers").get("data").get("discovery"), true.into());
}

/// Another name, another destination or none: the log group goes, with all that is in it.
#[tokio::test]
async fn a_plan_says_which_records_it_deletes() {
    let with = |logs: Value| config(&[("flow_logs", logs)]);
    let logs = |attributes: &[(&str, Value)]| with(nested("flow_logs", attributes));
    let planned = fine(&logs(&[]), &Value::Null);
    let state = state_of(&planned, &parts(&planned)).await;
    let lost = "flow_logs: the records in log group /travel/network/main/flow-logs will be deleted";
    for (config, expected) in [
        (logs(&[]), vec![]),
        (logs(&[("retention_days", 7.into())]), vec![]),
        (logs(&[("log_group", "/other".into())]), vec![lost]),
        (logs(&[("bucket_arn", "arn:aws:s3:::logs".into())]), vec![lost]),
        (with(Value::Null), vec![lost]),
    ] {
        assert_eq!(errors(&config, &state), expected);
    }
}

#[tokio::test]
async fn a_network_is_not_replaced_by_the_way() {
    let planned = fine(&config(&[]), &Value::Null);
    let state = state_of(&planned, &parts(&planned)).await;
    let other = ("cidr", Value::from("10.21.0.0/16"));
    assert_eq!(
        errors(&config(std::slice::from_ref(&other)), &state),
        ["cidr: this network would be replaced"]
    );
    let allowed = config(&[other, ("allow_replacement", true.into())]);
    assert_eq!(errors(&allowed, &state), Vec::<String>::new());
}

#[test]
fn limits_are_told_at_their_attribute() {
    for (attributes, expected) in [
        (
            vec![("zones", zones(&["eu-west-1a", "eu-central-1"]))],
            vec![
                "zones[0]: eu-west-1a is no zone of eu-central-1",
                "zones[1]: eu-central-1 is no zone of eu-central-1",
            ],
        ),
        (
            vec![("cidr", "10.20.0.0/28".into())],
            vec![r#"tiers["data"].prefix_length: no room for a subnet"#],
        ),
        (
            vec![(
                "clusters",
                Value::set((0..50).map(|number| format!("cluster-{number}").into())),
            )],
            vec![
                r#"tiers["private"]: too many tags on the subnets of tier "private""#,
                r#"tiers["public"]: too many tags on the subnets of tier "public""#,
            ],
        ),
        (
            vec![("tiers", tiers(&[("apps", &[("access", "private".into())])]))],
            vec!["nat: no public tier for NAT gateways"],
        ),
    ] {
        assert_eq!(errors(&config(&attributes), &Value::Null), expected);
    }
}
