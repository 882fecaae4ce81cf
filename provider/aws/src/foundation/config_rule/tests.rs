use travel_value::Value;

use super::*;

fn rule(change: impl FnOnce(&mut ConfigRule)) -> ConfigRule {
    let mut rule = ConfigRule { name: "judge".into(), ..ConfigRule::default() };
    rule.evaluation_modes = Some(BTreeSet::from(["DETECTIVE".to_owned()]));
    change(&mut rule);
    rule
}

fn messages(kinds: &[&str]) -> Option<BTreeSet<String>> {
    Some(kinds.iter().map(|kind| (*kind).to_owned()).collect())
}

#[test]
fn what_the_service_is_told_is_read_back() {
    let managed = rule(|it| {
        it.managed = Some("ACCESS_KEYS_ROTATED".into());
        it.frequency = Some("One_Hour".into());
        it.parameters = BTreeMap::from([("maxAccessKeyAge".to_owned(), "90".to_owned())]);
        it.description = Some("young keys".into());
    });
    let function = rule(|it| {
        it.function_arn = Some("arn:aws:lambda:eu-west-1:111122223333:function:judge".into());
        it.message_types =
            messages(&["ScheduledNotification", "ConfigurationItemChangeNotification"]);
        it.frequency = Some("Six_Hours".into());
        it.scope = Some(RuleScope { tag_key: Some("team".into()), ..RuleScope::default() });
    });
    let policy = rule(|it| {
        it.policy = Some(GuardPolicy { text: "rule x { y exists }".into(), debug: true });
        it.message_types = messages(&["ConfigurationItemChangeNotification"]);
    });
    for plan in [managed, function, policy] {
        let seen = service::rule(&plan).unwrap();
        let text = plan.policy.as_ref().map(|it| it.text.clone());
        let read = service::read(&plan, seen, text).unwrap();
        assert!(read.judges_as(&plan), "{read:?}\n{plan:?}");
    }
}

#[test]
fn what_is_meant_where_nothing_is_said_is_no_change() {
    let plan = rule(|it| it.managed = Some("ACCESS_KEYS_ROTATED".into()));
    let seen = |frequency: &str| {
        let mut seen = service::rule(&plan).unwrap();
        seen.maximum_execution_frequency = Some(frequency.into());
        seen.input_parameters = Some("{}".into());
        service::read(&plan, seen, None).unwrap()
    };
    assert!(seen("TwentyFour_Hours").judges_as(&plan));
    assert_eq!(seen("One_Hour").frequency.as_deref(), Some("One_Hour"));
}

#[test]
fn parameters_fit_into_what_the_service_takes() {
    let map = |length: usize| Value::object([("name", Value::from("x".repeat(length)))]);
    // {"name":"…"} has eleven characters around the value.
    assert!(planning::are_parameters(&map(1024 - 11)).is_ok());
    assert!(planning::are_parameters(&map(1024 - 10)).is_err());
}

#[test]
fn an_id_names_a_rule() {
    for (id, region, name) in [
        ("eu-west-1/judge", Some("eu-west-1"), "judge"),
        ("judge", None, "judge"),
        ("a/b", None, "a/b"),
    ] {
        let state = ConfigRule::import(id).unwrap();
        assert_eq!((state.name.as_str(), state.placement.region.as_deref()), (name, region));
    }
    for id in ["", " ", "eu-west-1/", "arn:aws:config:eu-west-1:111122223333:config-rule/x"] {
        assert!(ConfigRule::import(id).is_err(), "{id}");
    }
}
