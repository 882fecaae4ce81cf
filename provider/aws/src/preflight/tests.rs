use serde_json::json;

use super::*;
use crate::settings::Settings;
use crate::testing::{ACCOUNT, Fake, REGION, Reply, Request as Asked};

/// What is published: only one region is allowed, and one role may do anything.
fn published(account: &str) -> String {
    let guard = json!({"Statement": {
        "Sid": "Regions", "Effect": "Deny", "NotAction": "iam:*", "Resource": "*",
        "Condition": {
            "StringNotEquals": {"aws:RequestedRegion": REGION},
            "ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/ci/break-glass"},
        },
    }});
    json!({
        "form": 1, "organization_id": "o-1", "management_account_id": "1", "types": [],
        "nodes": {"r-1": {"name": "Root", "policies": ["p-1"]}, account: {"name": "dev", "parent": "r-1"}},
        "policies": {"p-1": {"name": "guard", "type": "SERVICE_CONTROL_POLICY", "content": guard}},
    })
    .to_string()
}

async fn foreseen(body: &str, region: &str, apply_role: Value, warn_only: Value) -> Vec<String> {
    let body = body.to_owned();
    let fake = Fake::new(move |request: &Asked| match request.action.as_str() {
        action if action.starts_with("s3:GET") && body.is_empty() => {
            Reply::error("NoSuchKey", &format!("no {action}"))
        }
        action if action.starts_with("s3:GET") => Reply::json(serde_json::from_str(&body).unwrap()),
        other => panic!("{other}"),
    });
    let source = Value::object([
        ("bucket", "policies".into()),
        ("key", "effective.json".into()),
        ("region", Value::Null),
        ("apply_role", apply_role),
        ("warn_only", warn_only),
    ]);
    let config = Value::object([("region", REGION.into()), ("effective_policies", source)]);
    let settings = Settings::read(&config).unwrap();
    let aws = Aws::of(Session::with_base(settings, fake.config()))
        .needing(|_, _| vec!["iam:CreateRole", "kms:CreateAlias", "kms:CreateKey"]);
    let object = Value::object([
        ("account", Value::Null),
        ("account_id", ACCOUNT.into()),
        ("region", region.into()),
    ]);
    let found = foresee(&aws, "travel_kms_key", Change::Create, &object).await;
    found.into_iter().map(|it| format!("{:?} {}: {}", it.severity, it.summary, it.detail)).collect()
}

#[tokio::test]
async fn a_plan_that_would_be_denied_says_by_what() {
    let role = || Value::from("ci/deploy");
    let found = foreseen(&published(ACCOUNT), "eu-north-1", role(), Value::Null).await;
    let [said] = &found[..] else { panic!("{found:?}") };
    for part in [
        "Error a policy of the organization denies the create of a travel_kms_key",
        "arn:aws:iam::111122223333:role/ci/deploy calls kms:CreateAlias, kms:CreateKey",
        "statement \"Regions\" of policy \"guard\" (p-1), attached to \"Root\" (r-1), denies it",
        "Choose a region",
        "s3://policies/effective.json",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let warned = foreseen(&published(ACCOUNT), "eu-north-1", role(), true.into()).await;
    assert!(warned[0].starts_with("Warning"), "{warned:?}");
}

#[tokio::test]
async fn what_is_allowed_passes() {
    let deploy = || Value::from("ci/deploy");
    let text = published(ACCOUNT);
    assert_eq!(foreseen(&text, REGION, deploy(), Value::Null).await, [""; 0]);
    let exempt = foreseen(&text, "eu-north-1", "ci/break-glass".into(), Value::Null).await;
    assert_eq!(exempt, [""; 0]);
}

#[tokio::test]
async fn what_cannot_be_told_is_a_warning() {
    for (body, part) in [
        (String::new(), "s3:GetObject"),
        (published("444455556666"), "does not know account 111122223333"),
        (json!({"form": 1}).to_string(), "not what travel_effective_policies writes"),
        (published(ACCOUNT).replace("\"form\":1", "\"form\":2"), "newer version"),
    ] {
        let found = foreseen(&body, "eu-north-1", "ci/deploy".into(), Value::Null).await;
        let [said] = &found[..] else { panic!("{found:?}") };
        assert!(said.starts_with("Warning") && said.contains(part), "{part}: {said}");
    }
}
