use travel_framework::model::Model;
use travel_value::Value;

use super::*;

#[test]
fn types_are_taken_apart_and_put_together() {
    for (service_type, zone, analyzes) in [
        ("ACCOUNT", "ACCOUNT", "EXTERNAL_ACCESS"),
        ("ORGANIZATION", "ORGANIZATION", "EXTERNAL_ACCESS"),
        ("ACCOUNT_UNUSED_ACCESS", "ACCOUNT", "UNUSED_ACCESS"),
        ("ORGANIZATION_INTERNAL_ACCESS", "ORGANIZATION", "INTERNAL_ACCESS"),
    ] {
        let (zone_of_trust, analyzes_it) = planning::from_type(service_type);
        assert_eq!((zone_of_trust.as_str(), analyzes_it.as_str()), (zone, analyzes));
        let analyzer =
            AccessAnalyzer { zone_of_trust, analyzes: analyzes_it, ..AccessAnalyzer::default() };
        assert_eq!(analyzer.service_type().as_str(), service_type);
    }
}

#[test]
fn an_id_names_an_analyzer() {
    let arn = "arn:aws:access-analyzer:eu-central-1:111122223333:analyzer/external";
    for (id, region, account) in [
        (arn, Some("eu-central-1"), Some("111122223333")),
        ("eu-west-1/external", Some("eu-west-1"), None),
        ("external", None, None),
    ] {
        let state = AccessAnalyzer::import(id).unwrap();
        assert_eq!(state.name, "external");
        assert_eq!(state.placement.region.as_deref(), region, "{id}");
        assert_eq!(state.placement.account_id.as_deref(), account, "{id}");
    }
    for id in ["", "a/b", "arn:aws:s3:::bucket", "eu-west-1/a/b"] {
        assert!(AccessAnalyzer::import(id).is_err(), "{id}");
    }
}

#[test]
fn what_the_service_is_told_is_read_back() {
    let tags = BTreeMap::from([("team".to_owned(), "robots".to_owned())]);
    let by_tags = Exclusion { resource_tags: Some(vec![tags]), ..Exclusion::default() };
    let accounts = Some(BTreeSet::from(["111122223333".to_owned()]));
    let by_account = Exclusion { account_ids: accounts.clone(), ..Exclusion::default() };
    let unused = AccessAnalyzer {
        analyzes: "UNUSED_ACCESS".into(),
        unused_access_days: Some(30),
        exclusions: vec![by_tags, by_account],
        ..AccessAnalyzer::default()
    };
    let read = configuration::read(unused.configuration().unwrap());
    assert_eq!(read, (Some(30), unused.exclusions.clone(), Vec::new()));
    let types = Some(BTreeSet::from(["AWS::S3::Bucket".to_owned()]));
    let inclusion =
        Inclusion { account_ids: accounts, resource_types: types, ..Inclusion::default() };
    let internal = AccessAnalyzer {
        analyzes: "INTERNAL_ACCESS".into(),
        inclusions: vec![inclusion],
        ..AccessAnalyzer::default()
    };
    let read = configuration::read(internal.configuration().unwrap());
    assert_eq!(read, (None, Vec::new(), internal.inclusions.clone()));
    let external = AccessAnalyzer { analyzes: "EXTERNAL_ACCESS".into(), ..internal };
    assert!(external.configuration().unwrap().is_none());
}

fn plan_of(attributes: &[(&str, Value)]) -> (Value, Vec<String>) {
    let block = <AccessAnalyzer as Model>::block();
    let config = Value::object(block.attributes.iter().map(|attribute| {
        let given = attributes.iter().find(|(name, _)| *name == attribute.name);
        (attribute.name.clone(), given.map_or(Value::Null, |(_, value)| value.clone()))
    }));
    let computed = travel_framework::plan::Computed::Applied { resumed: false };
    let planned = travel_framework::plan::plan_by_schema(&block, &Value::Null, &config, computed);
    let mut plan = Plan::new(&config, &Value::Null, planned);
    AccessAnalyzer::plan(&mut plan);
    let errors = plan.diagnostics.iter().map(|error| error.summary.clone()).collect();
    (plan.planned, errors)
}

#[test]
fn days_are_those_of_unused_access_alone() {
    let days = |analyzes: Value| {
        let (planned, errors) = plan_of(&[("name", "x".into()), ("analyzes", analyzes)]);
        assert_eq!(errors, [""; 0]);
        planned.get("unused_access_days").clone()
    };
    assert_eq!(days("UNUSED_ACCESS".into()), 90.into());
    assert_eq!(days("EXTERNAL_ACCESS".into()), Value::Null);
    assert_eq!(days(Value::Null), Value::Null);
    assert!(days(Value::unknown()).is_unknown());
    let (_, errors) = plan_of(&[("name", "x".into()), ("unused_access_days", 30.into())]);
    assert_eq!(errors, ["unused_access_days of another kind of analyzer"]);
}
