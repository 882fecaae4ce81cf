use std::sync::Mutex;

use serde_json::json;
use travel_framework::model::Model as _;
use travel_framework::plan::{Computed, plan_by_schema};
use travel_framework::resource::Resource as _;
use travel_value::Value;

use super::*;
use crate::testing::{Fake, Reply as Answered, call};

const ARN: &str = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:shop/database-Ab1Cd2";

/// What is said about a configuration, by validation and by a plan to make it.
fn said(attributes: &[(&str, Value)]) -> String {
    let names = Secret::block().attributes.into_iter().map(|it| (it.name, Value::Null));
    let mut config = Value::object(names);
    config.set_attribute("timeouts", Value::Null);
    config.set_attribute("name", "shop/database".into());
    config.set_attribute("region", "eu-central-1".into());
    for (name, value) in attributes {
        config.set_attribute(name, value.clone());
    }
    let mut checked = Plan::new(&config, &Value::Null, config.clone());
    planning::validate(&mut checked);
    let computed = Computed::Applied { resumed: false };
    let planned = plan_by_schema(&Secret::block(), &Value::Null, &config, computed);
    let mut plan = Plan::new(&config, &Value::Null, planned);
    planning::plan(&mut plan);
    let diagnostics = checked.diagnostics.iter().chain(plan.diagnostics.iter());
    let said = diagnostics.map(|it| format!("{} {}", it.summary, it.detail));
    said.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_plan_refuses_what_the_service_would() {
    let replica = |region: &str| {
        let replica = Value::object([("kms_key_id".to_owned(), Value::Null)]);
        Value::Map([(region.to_owned(), replica)].into())
    };
    for (attributes, expected) in [
        (vec![], ""),
        (vec![("secret_value", "hunter2".into())], "needs a secret_value_version"),
        (vec![("secret_value_version", 1.into())], "needs a secret_value"),
        (vec![("secret_value", "hunter2".into()), ("secret_value_version", 1.into())], ""),
        (vec![("secret_value", Value::unknown()), ("secret_value_version", 1.into())], ""),
        (vec![("replicas", replica("eu-west-1"))], ""),
        (vec![("replicas", Value::unknown())], ""),
        (vec![("replicas", replica("eu-central-1"))], "the secret itself is in eu-central-1"),
    ] {
        let said = said(&attributes);
        let fits = if expected.is_empty() { said.is_empty() } else { said.contains(expected) };
        assert!(fits, "{attributes:?}: {said:?}");
        assert!(!said.contains("hunter2"));
    }
}

#[test]
fn knows_values_and_windows() {
    for (length, fits) in [(0, false), (1, true), (65536, true), (65537, false)] {
        assert_eq!(planning::is_value(&"x".repeat(length).into()).is_ok(), fits, "{length}");
    }
    // Bytes count, not characters.
    assert!(planning::is_value(&"ü".repeat(40000).into()).is_err());
    for (days, fits) in [(0, true), (1, false), (6, false), (7, true), (30, true)] {
        assert_eq!(planning::is_window(&days.into()).is_ok(), fits, "{days}");
    }
}

#[test]
fn an_import_takes_a_name_or_an_arn() {
    for (id, expected) in [
        ("database", Some((None, "database"))),
        ("shop/database", Some((None, "shop/database"))),
        ("eu-west-1/shop/database", Some((Some("eu-west-1"), "shop/database"))),
        (ARN, Some((Some("eu-central-1"), "shop/database"))),
        ("arn:aws:secretsmanager:eu-central-1:111122223333:secret:short", None),
        ("arn:aws:kms:eu-west-1:111122223333:key/1", None),
        ("a b", None),
        ("", None),
    ] {
        let found = planning::import(id).ok();
        let found = found.as_ref().map(|it| (it.placement.region.as_deref(), it.name.as_str()));
        assert_eq!(found, expected, "{id}");
    }
}

/// A service that holds one secret, whose DescribeSecret has these parts, too.
fn service(parts: serde_json::Value) -> Fake {
    Fake::new(move |request| match request.action.as_str() {
        "secretsmanager:DescribeSecret" => {
            let mut secret = json!({
                "ARN": ARN, "Name": "shop/database",
                "VersionIdsToStages": {"v2": ["AWSCURRENT"], "v1": ["AWSPREVIOUS"]},
            });
            for (name, value) in parts.as_object().into_iter().flatten() {
                secret[name] = value.clone();
            }
            Answered::json(secret)
        }
        "secretsmanager:GetResourcePolicy" => Answered::json(json!({"ARN": ARN})),
        "secretsmanager:CreateSecret" => Answered::error(
            "InvalidRequestException",
            "You can't create this secret because a secret with this name is already scheduled \
             for deletion.",
        ),
        other => panic!("{other}"),
    })
}

#[tokio::test(start_paused = true)]
async fn what_somebody_else_has_written_is_to_be_written_again() {
    for (written, expected) in [(Some("v2"), Some(7)), (Some("v1"), None), (None, None)] {
        let fake = service(json!({}));
        let state = Secret {
            name: "shop/database".into(),
            version_id: written.map(str::to_owned),
            secret_value_version: Some(7),
            ..Secret::default()
        };
        let read = Secret::read(&call(&fake).await, &state).await.unwrap().unwrap();
        assert_eq!(read.secret_value_version, expected, "{written:?}");
        assert_eq!((read.secret_value, read.version_id.as_deref()), (None, Some("v2")));
    }
}

#[tokio::test(start_paused = true)]
async fn a_secret_in_deletion_is_gone_and_in_the_way() {
    let fake = service(json!({"DeletedDate": 4_102_444_800_u64}));
    let call = call(&fake).await;
    let mut secret = Secret { name: "shop/database".into(), ..Secret::default() };
    assert!(Secret::read(&call, &secret).await.unwrap().is_none());
    assert!(Secret::find(&call, &secret).await.unwrap().is_empty());
    let plan = secret.clone();
    let refused = Secret::create(&call, &plan, &mut secret).await.unwrap_err().into_diagnostic();
    assert!(refused.summary.contains("is scheduled for deletion"), "{refused:?}");
    for remedy in ["2100-01-01", "restore-secret", "--force-delete-without-recovery"] {
        assert!(refused.detail.contains(remedy), "{refused:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_secrets_of_services_and_replicas_are_refused() {
    for (parts, expected) in [
        (json!({"PrimaryRegion": "eu-west-1"}), Some("is a replica")),
        (json!({"PrimaryRegion": "eu-central-1"}), None),
        (json!({"OwningService": "rds"}), Some("is managed by rds")),
    ] {
        let fake = service(parts);
        let state = Secret { name: "shop/database".into(), ..Secret::default() };
        let read = Secret::read(&call(&fake).await, &state).await;
        match expected {
            None => assert!(read.unwrap().is_some()),
            Some(expected) => {
                let refused = read.unwrap_err().into_diagnostic();
                assert!(refused.summary.contains(expected), "{refused:?}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_default_key_and_a_failed_replica_are_none() {
    let fake = service(json!({
        "KmsKeyId": "alias/aws/secretsmanager",
        "ReplicationStatus": [
            {"Region": "eu-west-1", "Status": "InSync", "KmsKeyId": "alias/aws/secretsmanager"},
            {"Region": "us-east-1", "Status": "Failed", "StatusMessage": "there is one"},
        ],
    }));
    let call = call(&fake).await;
    for key in [None, Some("alias/aws/secretsmanager".to_owned())] {
        let state =
            Secret { name: "shop/database".into(), kms_key_id: key.clone(), ..Secret::default() };
        let read = Secret::read(&call, &state).await.unwrap().unwrap();
        assert_eq!(read.kms_key_id, key);
        let replicas = read.replicas.unwrap();
        assert_eq!(replicas.keys().collect::<Vec<_>>(), ["eu-west-1"]);
        assert_eq!(replicas["eu-west-1"].kms_key_id, None);
    }
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_fails_is_told_and_tried_again_from_nothing() {
    let status = std::sync::Arc::new(Mutex::new(json!([])));
    let shown = std::sync::Arc::clone(&status);
    let fake = Fake::new(move |request| {
        let mut status = shown.lock().unwrap();
        match request.action.as_str() {
            "secretsmanager:DescribeSecret" => Answered::json(json!({
                "ARN": ARN, "Name": "shop/database", "ReplicationStatus": *status,
            })),
            "secretsmanager:ReplicateSecretToRegions" => {
                *status = json!([
                    {"Region": "eu-west-1", "Status": "Failed", "StatusMessage": "A name is taken."},
                ]);
                Answered::json(json!({"ARN": ARN}))
            }
            "secretsmanager:RemoveRegionsFromReplication" => {
                *status = json!([]);
                Answered::json(json!({"ARN": ARN}))
            }
            other => panic!("{other}"),
        }
    });
    let call = call(&fake).await;
    let plan = Secret {
        name: "shop/database".into(),
        replicas: Some([("eu-west-1".to_owned(), SecretReplica::default())].into()),
        ..Secret::default()
    };
    for removals in [0, 1] {
        let mut state = Secret { replicas: None, ..plan.clone() };
        let before = fake.actions().len();
        let failed = replicas::bring(&call, &plan, &mut state).await.unwrap_err();
        let failed = failed.into_diagnostic();
        assert!(failed.summary.contains("no replica in eu-west-1"), "{failed:?}");
        assert!(failed.detail.contains("A name is taken."), "{failed:?}");
        assert_eq!(state.replicas, Some(BTreeMap::new()));
        let actions = fake.actions().split_off(before);
        let removed =
            actions.iter().filter(|it| *it == "secretsmanager:RemoveRegionsFromReplication");
        assert_eq!(removed.count(), removals);
    }
}
