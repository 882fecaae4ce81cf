use chrono::Utc;
use serde_json::{Value, json};

use super::PRINCIPAL;
use super::*;
use crate::sandbox::fakes::resource_policies::{Request, lets_in};

const ACCOUNT: &str = "111122223333";
const MANAGEMENT: &str = "999922223333";

fn place(account: &str, region: &str) -> Place {
    Place {
        account: account.to_owned(),
        region: region.to_owned(),
        partition: "aws",
        management: MANAGEMENT.to_owned(),
        organization: Some("o-abcdefghij".to_owned()),
        is_administrator: account == MANAGEMENT,
    }
}

fn perform(
    state: &mut State,
    place: &Place,
    operation: &str,
    input: Value,
) -> Result<Value, String> {
    let Value::Object(members) = input else { panic!("no object") };
    let answer = state.perform(operation, &Input::new(members), place, Utc::now());
    answer.map_err(|error| error.code)
}

fn made(
    state: &mut State,
    place: &Place,
    name: &str,
    is_multi_region: bool,
) -> Result<Value, String> {
    let input = json!({"Name": name, "S3BucketName": "b", "IsMultiRegionTrail": is_multi_region});
    perform(state, place, "CreateTrail", input)
}

#[test]
fn a_shadow_is_seen_and_not_changed() {
    let mut state = State::default();
    let (home, away) = (place(ACCOUNT, "eu-central-1"), place(ACCOUNT, "eu-west-1"));
    made(&mut state, &home, "all", true).unwrap();
    made(&mut state, &home, "one", false).unwrap();
    let seen = |state: &mut State, place: &Place, with_shadows: bool| {
        let input = json!({"includeShadowTrails": with_shadows});
        let answer = perform(state, place, "DescribeTrails", input).unwrap();
        answer["trailList"].as_array().unwrap().len()
    };
    assert_eq!(seen(&mut state, &home, false), 2);
    assert_eq!(seen(&mut state, &away, true), 1);
    assert_eq!(seen(&mut state, &away, false), 0);
    let named = json!({"Name": "all"});
    let shown = perform(&mut state, &away, "GetTrail", named.clone()).unwrap();
    assert_eq!(shown["Trail"]["HomeRegion"], "eu-central-1");
    for operation in ["DeleteTrail", "StopLogging", "UpdateTrail"] {
        let refused = perform(&mut state, &away, operation, named.clone()).unwrap_err();
        assert_eq!(refused, "InvalidHomeRegionException", "{operation}");
    }
    assert_eq!(made(&mut state, &away, "all", false).unwrap_err(), "TrailAlreadyExistsException");
    let one = perform(&mut state, &away, "GetTrail", json!({"Name": "one"}));
    assert_eq!(one.unwrap_err(), "TrailNotFoundException");
}

#[test]
fn a_region_has_five_trails_with_shadows() {
    let mut state = State::default();
    made(&mut state, &place(ACCOUNT, "eu-west-1"), "all", true).unwrap();
    let home = place(ACCOUNT, "eu-central-1");
    for name in ["one", "two", "three", "four"] {
        made(&mut state, &home, name, false).unwrap();
    }
    let refused = made(&mut state, &home, "five", false).unwrap_err();
    assert_eq!(refused, "MaximumNumberOfTrailsExceededException");
}

#[test]
fn members_see_the_organizations_trail_and_leave_it_alone() {
    let mut state = State::default();
    let mut delegated = place(ACCOUNT, "eu-central-1");
    delegated.is_administrator = true;
    let input = json!({"Name": "org", "S3BucketName": "b", "IsOrganizationTrail": true});
    let answer = perform(&mut state, &delegated, "CreateTrail", input).unwrap();
    let arn = format!("arn:aws:cloudtrail:eu-central-1:{MANAGEMENT}:trail/org");
    assert_eq!(answer["TrailARN"], arn.as_str());
    let member = place("444422223333", "eu-central-1");
    perform(&mut state, &member, "GetTrail", json!({"Name": arn})).unwrap();
    let refused = perform(&mut state, &member, "DeleteTrail", json!({"Name": arn}));
    assert_eq!(refused.unwrap_err(), "NotOrganizationMasterAccountException");
    perform(&mut state, &delegated, "DeleteTrail", json!({"Name": arn})).unwrap();
}

#[test]
fn logging_begins_when_it_is_asked_for() {
    let mut state = State::default();
    let home = place(ACCOUNT, "eu-central-1");
    made(&mut state, &home, "one", false).unwrap();
    let named = json!({"Name": "one"});
    for (operation, expected) in [("", false), ("StartLogging", true), ("StopLogging", false)] {
        if !operation.is_empty() {
            perform(&mut state, &home, operation, named.clone()).unwrap();
        }
        let status = perform(&mut state, &home, "GetTrailStatus", named.clone()).unwrap();
        assert_eq!(status["IsLogging"], expected, "{operation}");
    }
}

#[test]
fn names_are_checked() {
    let mut state = State::default();
    let home = place(ACCOUNT, "eu-central-1");
    for name in ["ab", "-abc", "abc.", "a..b", "a_-b", "192.168.5.4", "a b"] {
        let refused = made(&mut state, &home, name, false).unwrap_err();
        assert_eq!(refused, "InvalidTrailNameException", "{name}");
    }
    made(&mut state, &home, "a.b_c-d", false).unwrap();
}

#[test]
fn selectors_are_checked() {
    let field = |name: &str, values: &[&str]| json!({"Field": name, "Equals": values});
    let data = || field("eventCategory", &["Data"]);
    let management = || field("eventCategory", &["Management"]);
    let buckets = || field("resources.type", &["AWS::S3::Object"]);
    for (fields, is_good) in [
        (vec![management()], true),
        (vec![data(), buckets()], true),
        (vec![data()], false),
        (vec![management(), buckets()], false),
        (vec![buckets()], false),
        (vec![management(), field("readOnly", &["maybe"])], false),
        (vec![management(), field("readOnly", &["true"])], true),
        (vec![management(), management()], false),
        (vec![management(), json!({"Field": "eventName"})], false),
        (vec![management(), field("colour", &["red"])], false),
    ] {
        let mut state = State::default();
        let home = place(ACCOUNT, "eu-central-1");
        made(&mut state, &home, "one", false).unwrap();
        let selectors = json!([{"Name": "x", "FieldSelectors": fields}]);
        let input = json!({"TrailName": "one", "AdvancedEventSelectors": selectors});
        let answer = perform(&mut state, &home, "PutEventSelectors", input);
        assert_eq!(answer.is_ok(), is_good, "{fields:?}: {answer:?}");
    }
}

#[test]
fn insights_need_management_events() {
    let mut state = State::default();
    let home = place(ACCOUNT, "eu-central-1");
    made(&mut state, &home, "one", false).unwrap();
    let named = json!({"TrailName": "one"});
    let none = perform(&mut state, &home, "GetInsightSelectors", named.clone());
    assert_eq!(none.unwrap_err(), "InsightNotEnabledException");
    let insights =
        json!({"TrailName": "one", "InsightSelectors": [{"InsightType": "ApiCallRateInsight"}]});
    perform(&mut state, &home, "PutInsightSelectors", insights.clone()).unwrap();
    perform(&mut state, &home, "GetInsightSelectors", named).unwrap();
    let none = json!({"TrailName": "one", "EventSelectors": [{"IncludeManagementEvents": false}]});
    perform(&mut state, &home, "PutEventSelectors", none).unwrap();
    let refused = perform(&mut state, &home, "PutInsightSelectors", insights);
    assert_eq!(refused.unwrap_err(), "InvalidInsightSelectorsException");
}

#[test]
fn a_policy_lets_the_trail_in_or_not() {
    let arn = "arn:aws:cloudtrail:eu-central-1:111122223333:trail/one";
    let context = [("aws:SourceArn", arn)];
    let request = Request {
        principal: PRINCIPAL,
        action: "s3:GetBucketAcl",
        resource: "arn:aws:s3:::b",
        context: &context,
    };
    let statement = |effect: &str, service: &str, source: &str| {
        json!({
            "Effect": effect,
            "Principal": {"Service": service},
            "Action": "s3:GetBucketAcl",
            "Resource": "arn:aws:s3:::b",
            "Condition": {"StringEquals": {"AWS:SourceArn": source}},
        })
    };
    for (statements, expected) in [
        (vec![statement("Allow", PRINCIPAL, arn)], true),
        (vec![statement("Allow", PRINCIPAL, "arn:other")], false),
        (vec![statement("Allow", "config.amazonaws.com", arn)], false),
        (vec![statement("Allow", PRINCIPAL, arn), statement("Deny", PRINCIPAL, arn)], false),
        (Vec::new(), false),
    ] {
        assert_eq!(
            lets_in(&json!({"Statement": statements}), &request),
            expected,
            "{statements:?}"
        );
    }
    assert!(!lets_in(&Value::Null, &request));
}
