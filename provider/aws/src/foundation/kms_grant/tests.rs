use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value as Json, json};
use travel_framework::model::Model as _;
use travel_value::Value;

use super::planning::{are_operations, import, is_context, is_key, is_principal, misplaced};
use super::*;
use crate::testing::{ACCOUNT, Fake, REGION, Reply as Answered, call};

const KEY: &str = "arn:aws:kms:eu-central-1:111122223333:key/k1";
const ROLE: &str = "arn:aws:iam::111122223333:role/reader";

fn grant() -> KmsGrant {
    KmsGrant {
        name: "reader".to_owned(),
        key_arn: KEY.to_owned(),
        grantee_principal: ROLE.to_owned(),
        operations: ["Decrypt", "DescribeKey"].map(str::to_owned).into(),
        ..KmsGrant::default()
    }
}

/// A grant as KMS lists it.
fn listed(id: &str, name: &str, grantee: &str) -> Json {
    json!({
        "GrantId": id, "Name": name, "KeyId": KEY, "GranteePrincipal": grantee,
        "Operations": ["DescribeKey", "Decrypt"], "Constraints": {"EncryptionContextSubset": {}},
    })
}

#[tokio::test]
async fn a_search_goes_through_all_pages_and_prefers_what_is_the_same() {
    let fake = Fake::new(|request| match request.input["Marker"].as_str() {
        None => Answered::json(json!({
            "Grants": [listed("g1", "reader", "AROAEXAMPLE"), listed("g2", "other", ROLE)],
            "NextMarker": "2", "Truncated": true,
        })),
        Some(_) => Answered::json(json!({"Grants": [listed("g3", "reader", ROLE)]})),
    });
    let call = call(&fake).await;
    let found = KmsGrant::find(&call, &grant()).await.unwrap();
    let ids: Vec<_> = found.iter().filter_map(|it| it.object.grant_id.as_deref()).collect();
    assert_eq!(ids, ["g3"]);
    let other = KmsGrant { grantee_principal: "arn:aws:iam::1:root".to_owned(), ..grant() };
    assert_eq!(KmsGrant::find(&call, &other).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_grant_to_a_deleted_role_shows_its_id() {
    let fake = Fake::new(|request| {
        assert_eq!(request.input["GrantId"], "g1");
        Answered::json(json!({"Grants": [listed("g1", "reader", "AROAEXAMPLE")]}))
    });
    let call = call(&fake).await;
    let state = import(&format!("{KEY}/g1")).unwrap();
    let read = KmsGrant::read(&call, &state).await.unwrap().unwrap();
    assert_eq!(read.grantee_principal, "AROAEXAMPLE");
    assert_eq!((read.name.as_str(), read.constraints.as_ref()), ("reader", None));
    assert!(!read.equals(&grant()));
}

#[tokio::test]
async fn what_is_gone_is_no_failure() {
    for code in GONE {
        let fake = Fake::new(move |_| Answered::error(code, "gone"));
        let call = call(&fake).await;
        let state = import(&format!("{KEY}/g1")).unwrap();
        assert!(KmsGrant::read(&call, &state).await.unwrap().is_none(), "{code}");
        assert!(KmsGrant::find(&call, &grant()).await.unwrap().is_empty(), "{code}");
        KmsGrant::delete(&call, &state).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_create_waits_for_the_role_and_the_list() {
    let seen = AtomicUsize::new(0);
    let fake = Fake::new(move |request| {
        match (request.action.as_str(), seen.fetch_add(1, Ordering::SeqCst)) {
            ("kms:CreateGrant", 0 | 1) => Answered::error("InvalidArnException", "not yet"),
            ("kms:CreateGrant", _) => {
                assert_eq!(request.input["Name"], "reader");
                assert_eq!(request.input["GranteePrincipal"], ROLE);
                Answered::json(json!({"GrantId": "g1", "GrantToken": "secret"}))
            }
            (_, 3) => Answered::json(json!({"Grants": []})),
            _ => Answered::json(json!({"Grants": [listed("g1", "reader", ROLE)]})),
        }
    });
    let call = call(&fake).await;
    let mut state = grant();
    KmsGrant::create(&call, &grant(), &mut state).await.unwrap();
    assert_eq!(state.id, Some(format!("{KEY}/g1")));
    let lists = fake.actions().iter().filter(|it| *it == "kms:ListGrants").count();
    assert_eq!(lists, 2);
}

#[tokio::test(start_paused = true)]
async fn a_refused_create_says_what_to_do() {
    for (code, attribute, remedy) in [
        ("InvalidArnException", "grantee_principal", "principals that exist"),
        ("LimitExceededException", "key_arn", "retire or revoke"),
        ("ValidationException", "operations", "of this kind"),
        ("DisabledException", "key_arn", "Enable the key"),
    ] {
        let fake = Fake::new(move |_| Answered::error(code, "no"));
        let call = call(&fake).await;
        let failure = KmsGrant::create(&call, &grant(), &mut grant()).await.unwrap_err();
        let said = failure.into_diagnostic();
        assert!(said.detail.contains(remedy), "{}", said.detail);
        assert_eq!(said.path.unwrap().to_string(), attribute);
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_is_named_as_one() {
    let fake = Fake::new(|request| match request.action.as_str() {
        "kms:CreateGrant" => {
            assert_eq!(request.input["GranteeServicePrincipal"], "dynamodb.amazonaws.com");
            assert_eq!(request.input["RetiringPrincipal"], ROLE);
            assert!(request.input["GranteePrincipal"].is_null());
            assert!(request.input["Constraints"]["SourceArn"].is_string());
            Answered::json(json!({"GrantId": "g1"}))
        }
        _ => Answered::json(json!({"Grants": [{
            "GrantId": "g1", "GranteeServicePrincipal": "dynamodb.amazonaws.com",
            "GranteePrincipal": "dynamodb.amazonaws.com", "RetiringPrincipal": ROLE,
        }]})),
    });
    let call = call(&fake).await;
    let plan = KmsGrant {
        grantee_principal: "dynamodb.amazonaws.com".to_owned(),
        retiring_principal: Some(ROLE.to_owned()),
        constraints: Some(Constraints {
            source_arn: Some("arn:aws:dynamodb:eu-central-1:111122223333:table/t".to_owned()),
            ..Constraints::default()
        }),
        ..grant()
    };
    let mut state = plan.clone();
    KmsGrant::create(&call, &plan, &mut state).await.unwrap();
    let read = KmsGrant::read(&call, &state).await.unwrap().unwrap();
    assert_eq!(read.grantee_principal, "dynamodb.amazonaws.com");
}

#[tokio::test(start_paused = true)]
async fn a_delete_waits_until_it_is_not_listed() {
    let lists = AtomicUsize::new(0);
    let fake = Fake::new(move |request| match request.action.as_str() {
        "kms:RevokeGrant" => Answered::json(json!({})),
        _ if lists.fetch_add(1, Ordering::SeqCst) < 3 => {
            Answered::json(json!({"Grants": [listed("g1", "reader", ROLE)]}))
        }
        _ => Answered::error("InvalidGrantIdException", "gone"),
    });
    let call = call(&fake).await;
    KmsGrant::delete(&call, &import(&format!("{KEY}/g1")).unwrap()).await.unwrap();
    let actions = fake.actions();
    assert_eq!(actions.iter().filter(|it| *it == "kms:ListGrants").count(), 4);
    assert_eq!(actions.iter().filter(|it| *it == "kms:RevokeGrant").count(), 1);
}

#[test]
fn an_import_names_key_and_grant() {
    let one = import(&format!("{KEY}/g1")).unwrap();
    assert_eq!((one.key_arn.as_str(), one.grant_id.as_deref()), (KEY, Some("g1")));
    assert_eq!(one.placement.region.as_deref(), Some(REGION));
    for id in ["g1", KEY, "k1/g1", "arn:aws:kms:eu-central-1:111122223333:alias/a/g1"] {
        assert!(import(id).is_err(), "{id}");
    }
}

#[test]
fn a_grant_is_where_its_key_is() {
    assert!(misplaced(KEY, REGION).is_none());
    assert!(misplaced(KEY, "eu-west-1").unwrap().detail.contains("region = \"eu-central-1\""));
}

#[test]
fn keys_and_principals_are_checked() {
    for (text, fits) in [
        (KEY, true),
        ("k1", false),
        ("alias/a", false),
        ("arn:aws:kms:eu-central-1:111122223333:alias/a", false),
        ("arn:aws:s3:::b", false),
    ] {
        assert_eq!(is_key(&text.into()).is_ok(), fits, "{text}");
    }
    for (text, fits) in [
        (ROLE, true),
        ("arn:aws:iam::111122223333:root", true),
        ("arn:aws:iam::111122223333:user/team/jo", true),
        ("arn:aws:sts::111122223333:assumed-role/reader/jo", true),
        ("dynamodb.amazonaws.com", true),
        ("logs.eu-central-1.amazonaws.com", true),
        ("ec2.amazonaws.com.cn", true),
        (ACCOUNT, false),
        ("*", false),
        ("arn:aws:iam::111122223333:role/", false),
        ("arn:aws:iam::111122223333:group/team", false),
        (".amazonaws.com", false),
    ] {
        assert_eq!(is_principal(&text.into()).is_ok(), fits, "{text}");
    }
}

#[test]
fn operations_are_those_of_one_key() {
    for (names, fits) in [
        (&["Encrypt", "GenerateDataKey", "CreateGrant"][..], true),
        (&["Sign", "Verify", "GetPublicKey", "DescribeKey"], true),
        (&["Encrypt", "GetPublicKey"], true),
        (&["RetireGrant"], true),
        (&["Sign", "Encrypt"], false),
        (&["GenerateMac", "GetPublicKey"], false),
        (&["decrypt"], false),
    ] {
        let value = Value::set(names.iter().map(|name| Value::from(*name)));
        assert_eq!(are_operations(&value).is_ok(), fits, "{names:?}");
    }
    // A newer kit of KMS may know more operations: each has to be in the lists of planning.rs.
    for name in GrantOperation::values() {
        assert!(are_operations(&Value::set([Value::from(*name)])).is_ok(), "{name}");
    }
}

#[test]
fn a_context_has_few_pairs() {
    let pairs = |count: usize, length: usize| {
        let pair = |number| (format!("key{number}"), Value::from("x".repeat(length)));
        Value::map((0..count).map(pair))
    };
    assert!(is_context(&pairs(8, 384)).is_ok());
    for wrong in [pairs(0, 1), pairs(9, 1), pairs(1, 385), Value::map([("", Value::from("x"))])] {
        assert!(is_context(&wrong).is_err(), "{wrong:?}");
    }
}

/// What a plan of a configuration is refused for.
fn refusals(constraints: &Constraints, changed: &[(&str, Value)]) -> Vec<String> {
    let plan = KmsGrant { constraints: Some(constraints.clone()), ..grant() };
    let mut config = plan.to_value();
    for (name, value) in changed {
        config.set_attribute(name, value.clone());
    }
    let mut plan = Plan::new(&config, &Value::Null, config.clone());
    planning::check(&mut plan);
    plan.diagnostics.iter().map(|it| it.summary.clone()).collect()
}

#[test]
fn combinations_that_kms_refuses_are_refused() {
    let context = Constraints {
        encryption_context_equals: Some(BTreeMap::from([("a".to_owned(), "b".to_owned())])),
        ..Constraints::default()
    };
    let sign = ("operations", Value::set(["Sign".into()]));
    let service = ("grantee_principal", Value::from("dynamodb.amazonaws.com"));
    let retiring = ("retiring_principal", Value::from(ROLE));
    assert_eq!(refusals(&context, &[]), [""; 0]);
    assert_eq!(refusals(&context, std::slice::from_ref(&sign)).len(), 1);
    assert_eq!(refusals(&context, std::slice::from_ref(&service)).len(), 2);
    assert_eq!(refusals(&context, &[service.clone(), retiring.clone()]).len(), 1);
    let unknown = ("constraints", Value::unknown());
    assert_eq!(refusals(&context, &[service, retiring, unknown]), [""; 0]);
    let both = Value::object([
        ("encryption_context_equals", Value::map([("a", Value::from("b"))])),
        ("encryption_context_subset", Value::map([("a", Value::from("b"))])),
        ("source_arn", Value::Null),
    ]);
    assert!(planning::is_constraint(&both).is_err());
    assert!(planning::is_constraint(&Value::object([("source_arn", Value::Null)])).is_err());
    assert!(planning::is_constraint(&context_value(&context)).is_ok());
}

fn context_value(constraints: &Constraints) -> Value {
    constraints.to_value()
}
