use travel_framework::Plan;
use travel_framework::model::Model;
use travel_framework::plan::{Computed, plan_by_schema};
use travel_value::Value;

use super::*;

fn set(values: &[&str]) -> Value {
    Value::set(values.iter().map(|&it| it.into()))
}

/// The summaries of what is wrong with a trail of these attributes, and its plan.
fn planned(attributes: &[(&str, Value)]) -> (Vec<String>, Value) {
    let block = <AuditTrail as Model>::block();
    let basis = [
        ("name", "audit".into()),
        ("bucket", "audit-logs".into()),
        ("region", "eu-central-1".into()),
    ];
    let given: Vec<_> = basis.iter().chain(attributes).collect();
    let config = Value::object(block.attributes.iter().map(|attribute| {
        let given = given.iter().rev().find(|(name, _)| *name == attribute.name);
        (attribute.name.clone(), given.map_or(Value::Null, |(_, value)| value.clone()))
    }));
    let planned =
        plan_by_schema(&block, &Value::Null, &config, Computed::Applied { resumed: false });
    let mut plan = Plan::new(&config, &Value::Null, planned);
    AuditTrail::plan(&mut plan);
    let errors = plan.diagnostics.iter().map(|error| error.summary.clone()).collect();
    (errors, plan.planned)
}

fn condition(operator: &str, values: &[&str]) -> Value {
    let operators =
        ["equals", "not_equals", "starts_with", "not_starts_with", "ends_with", "not_ends_with"];
    Value::object(
        operators.map(|name| (name, if name == operator { set(values) } else { Value::Null })),
    )
}

fn selector(category: &str, kind: Option<&str>, access: &str, conditions: Value) -> Value {
    Value::object([
        ("name", Value::Null),
        ("category", category.into()),
        ("resource_type", kind.map_or(Value::Null, Into::into)),
        ("access", access.into()),
        ("conditions", conditions),
    ])
}

fn basic(management: bool, sources: Value, resources: Value) -> Value {
    Value::object([
        ("access", "All".into()),
        ("management_events", management.into()),
        ("excluded_sources", sources),
        ("data_resources", resources),
    ])
}

#[test]
fn names_are_those_of_cloudtrail() {
    for (name, is_good) in [
        ("audit", true),
        ("a.b_c-d", true),
        ("ab", false),
        ("-abc", false),
        ("abc.", false),
        ("a..b", false),
        ("a_-b", false),
        ("192.168.5.4", false),
        ("a b c", false),
        (&"a".repeat(129), false),
    ] {
        assert_eq!(planning::is_name(&name.into()).is_ok(), is_good, "{name}");
    }
}

#[test]
fn arns_are_of_what_is_asked_for() {
    let check = |rule: fn(&Value) -> Result<(), String>, text: &str| rule(&text.into()).is_ok();
    assert!(check(planning::is_key, "arn:aws:kms:eu-central-1:111122223333:key/1"));
    assert!(!check(planning::is_key, "arn:aws:kms:eu-central-1:111122223333:alias/1"));
    for (group, is_good) in [
        ("arn:aws:logs:eu-central-1:111122223333:log-group:a", true),
        ("arn:aws:logs:eu-central-1:111122223333:log-group:a:*", true),
        ("arn:aws:logs:eu-central-1:111122223333:log-group:a:log-stream:b", false),
        ("arn:aws:logs:eu-central-1:111122223333:log-group::*", false),
        ("a", false),
    ] {
        assert_eq!(check(planning::is_log_group, group), is_good, "{group}");
    }
    let one = "arn:aws:logs:eu-central-1:111122223333:log-group:a";
    assert!(planning::same_log_group(&one.into(), &format!("{one}:*").into()));
}

#[test]
fn refuses_what_no_trail_can_be() {
    let group = "arn:aws:logs:eu-central-1:111122223333:log-group:a";
    let objects = || Some("AWS::S3::Object");
    let selectors = |selector: Value| ("event_selectors", Value::List(vec![selector]));
    let unselectable = "not what CloudTrail can select";
    let source = |name: &str, operator: &str| {
        Value::map([(name, condition(operator, &["s3.amazonaws.com"]))])
    };
    let many: Vec<String> = (0..499).map(|it| format!("arn:aws:s3:::{it}/")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let many = Value::map([("resources.ARN", condition("starts_with", &many))]);
    let management = || selector("Management", None, "All", Value::Null);
    let insights =
        |kind: &str, category: &str| ("insights", Value::map([(kind, set(&[category]))]));
    for (attributes, expected) in [
        (vec![], vec![]),
        (vec![("log_group", group.into())], vec!["a log group and its role go together"]),
        (
            vec![
                ("log_group", "arn:aws:logs:eu-west-1:111122223333:log-group:a".into()),
                ("log_group_role", "arn:aws:iam::111122223333:role/a".into()),
            ],
            vec!["the log group stands in another region"],
        ),
        (
            vec![
                ("log_group", group.into()),
                ("log_group_role", "arn:aws:iam::444422223333:role/a".into()),
            ],
            vec!["a role of another account"],
        ),
        (
            vec![("kms_key", "arn:aws-cn:kms:cn-north-1:111122223333:key/1".into())],
            vec!["this ARN is of another partition"],
        ),
        (
            vec![("global_service_events", false.into())],
            vec!["a trail of all regions takes global events"],
        ),
        (vec![selectors(management())], vec![]),
        (vec![selectors(selector("Data", None, "All", Value::Null))], vec![unselectable]),
        (vec![selectors(selector("Data", objects(), "All", Value::Null))], vec![]),
        (
            vec![selectors(selector("Management", objects(), "All", Value::Null))],
            vec![unselectable],
        ),
        (vec![selectors(selector("Data", objects(), "All", many))], vec!["too many values"]),
        (
            vec![selectors(selector("Management", None, "All", source("readOnly", "equals")))],
            vec![unselectable],
        ),
        (
            vec![selectors(selector("Management", None, "All", source("resources.ARN", "equals")))],
            vec![unselectable],
        ),
        (
            vec![selectors(selector("Management", None, "All", source("eventSource", "nothing")))],
            vec![unselectable],
        ),
        (
            vec![selectors(selector("NetworkActivity", None, "All", Value::Null))],
            vec![unselectable],
        ),
        (
            vec![selectors(selector(
                "NetworkActivity",
                None,
                "All",
                source("eventSource", "equals"),
            ))],
            vec![],
        ),
        (
            vec![
                selectors(management()),
                ("basic_event_selectors", Value::List(vec![basic(true, Value::Null, Value::Null)])),
            ],
            vec!["two kinds of selectors"],
        ),
        (
            vec![(
                "basic_event_selectors",
                Value::List(vec![basic(true, set(&["ec2"]), Value::Null)]),
            )],
            vec![unselectable],
        ),
        (
            vec![(
                "basic_event_selectors",
                Value::List(vec![basic(
                    false,
                    Value::Null,
                    Value::map([("AWS::SNS::Topic", set(&["arn:aws:sns"]))]),
                )]),
            )],
            vec![unselectable],
        ),
        (vec![insights("ApiCallRateInsight", "Management")], vec![]),
        (
            vec![insights("ApiErrorRateInsight", "Data")],
            vec!["insights into events that the trail does not take"],
        ),
        (
            vec![
                selectors(selector("Management", None, "ReadOnly", Value::Null)),
                insights("ApiCallRateInsight", "Management"),
            ],
            vec!["insights into events that the trail does not take"],
        ),
        (
            vec![("aggregations", set(&["API_ACTIVITY"]))],
            vec!["sums of events that the trail does not take"],
        ),
    ] {
        assert_eq!(planned(&attributes).0, expected, "{attributes:?}");
    }
}

#[test]
fn the_arn_is_known_where_the_account_is() {
    let account = ("account_id", "111122223333".into());
    let (_, plan) = planned(std::slice::from_ref(&account));
    let arn = "arn:aws:cloudtrail:eu-central-1:111122223333:trail/audit";
    assert_eq!(plan.get("arn"), &arn.into());
    let (_, plan) = planned(&[account, ("organization", true.into())]);
    assert!(plan.get("arn").is_unknown());
    let (_, plan) = planned(&[("account_id", Value::unknown())]);
    assert!(plan.get("arn").is_unknown());
}

#[test]
fn an_import_names_the_trail_and_may_name_its_home() {
    for (id, expected) in [
        ("audit", Some(("audit", None))),
        ("eu-west-1/audit", Some(("audit", Some("eu-west-1")))),
        (
            "arn:aws:cloudtrail:eu-west-1:111122223333:trail/audit",
            Some(("audit", Some("eu-west-1"))),
        ),
        ("arn:aws:cloudtrail:eu-west-1:111122223333:channel/audit", None),
        ("a/b", None),
        ("", None),
    ] {
        let read = AuditTrail::import(id).ok();
        let read = read.as_ref().map(|it| (it.name.as_str(), it.placement.region.as_deref()));
        assert_eq!(read, expected, "{id}");
    }
}

#[test]
fn what_goes_goes_first() {
    let insights = |kinds: &[(&str, &[&str])]| -> around::Insights {
        let one = |(kind, categories): &(&str, &[&str])| {
            ((*kind).to_owned(), categories.iter().map(|&it| it.to_owned()).collect())
        };
        kinds.iter().map(one).collect()
    };
    let before = insights(&[("A", &["Data", "Management"]), ("B", &["Data"])]);
    let after = insights(&[("A", &["Management"]), ("C", &["Data"])]);
    assert_eq!(around::common(&before, &after), insights(&[("A", &["Management"])]));
}
