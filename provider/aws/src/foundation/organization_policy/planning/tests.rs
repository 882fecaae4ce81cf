use serde_json::json;
use travel_framework::model::Model as _;

use super::*;
use crate::foundation::organization_policy::OrganizationPolicy;
use crate::session::Session;
use crate::testing::{ACCOUNT, Fake, Reply, Request};

const TARGET: &str = "ou-ab12-34cd56ef";

fn policy(kind: &str, statement: &Json, targets: &[&str]) -> Value {
    let content = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
    with_content(kind, &content, targets)
}

fn with_content(kind: &str, content: &str, targets: &[&str]) -> Value {
    let policy = OrganizationPolicy {
        name: "guard".into(),
        kind: kind.into(),
        content: content.into(),
        targets: targets.iter().map(|id| (*id).to_owned()).collect(),
        ..OrganizationPolicy::default()
    };
    policy.to_value()
}

/// The attributes that a plan is refused for.
fn refused(value: &Value) -> Vec<String> {
    let prior = Value::Null;
    let mut made = Plan::new(value, &prior, value.clone());
    validate(&mut made);
    plan(&Settings::default(), &mut made);
    let paths = made.diagnostics.iter().filter_map(|it| it.path.as_ref());
    paths.map(ToString::to_string).collect()
}

#[test]
fn content_is_of_its_type() {
    let deny = json!({"Effect": "Deny", "Action": "s3:*", "Resource": "*"});
    let for_all = json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"});
    let allow = json!({"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "*"});
    for (kind, statement, is) in [
        (SERVICE_CONTROL, &deny, true),
        (SERVICE_CONTROL, &for_all, false),
        (RESOURCE_CONTROL, &for_all, true),
        (RESOURCE_CONTROL, &deny, false),
        (RESOURCE_CONTROL, &allow, false),
        ("TAG_POLICY", &deny, false),
    ] {
        let found = refused(&policy(kind, statement, &[TARGET]));
        assert_eq!(found.is_empty(), is, "{kind} {statement}: {found:?}");
    }
    assert!(refused(&with_content("TAG_POLICY", r#"{"tags":{}}"#, &[])).is_empty());
}

#[test]
fn one_that_shuts_out_those_who_manage_is_refused() {
    let all = json!({"Effect": "Deny", "Action": "*", "Resource": "*"});
    let assume = json!({"Effect": "Deny", "Principal": "*", "Action": "sts:*", "Resource": "*"});
    for (kind, statement, targets, expected) in [
        (SERVICE_CONTROL, &all, &[TARGET][..], &["content"][..]),
        (SERVICE_CONTROL, &all, &["444455556666"][..], &["content"][..]),
        (SERVICE_CONTROL, &all, &[][..], &[][..]),
        (RESOURCE_CONTROL, &assume, &["r-ab12"][..], &["content"][..]),
    ] {
        let mut value = policy(kind, statement, targets);
        assert_eq!(refused(&value), expected, "{kind} {targets:?}");
        value.set_attribute("allow_lockout", true.into());
        assert!(refused(&value).is_empty());
    }
    let excepted = json!({
        "Effect": "Deny", "Action": "*", "Resource": "*",
        "Condition": {"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/OrganizationAccountAccessRole"}},
    });
    assert!(refused(&policy(SERVICE_CONTROL, &excepted, &[TARGET])).is_empty());
}

/// An organization whose management account is this, with this quota of the size of its policies.
fn organization(management: &'static str, quota: Option<f64>) -> Fake {
    Fake::new(move |request: &Request| match request.action.as_str() {
        "organizations:DescribeOrganization" => {
            Reply::json(json!({"Organization": {"Id": "o-1", "MasterAccountId": management}}))
        }
        "organizations:ListParents" => {
            let parent = match request.input["ChildId"].as_str() {
                Some(TARGET) => "r-ab12",
                _ => TARGET,
            };
            Reply::json(json!({"Parents": [{"Id": parent, "Type": "ROOT"}]}))
        }
        "servicequotas:ListServiceQuotas" => match quota {
            Some(value) => Reply::json(json!({"Quotas": [
                {"QuotaName": "Service control policy document size", "Value": value},
            ]})),
            None => Reply::error("AccessDeniedException", "no"),
        },
        other => panic!("{other}"),
    })
}

async fn foreseen(fake: &Fake, planned: &Value) -> Vec<String> {
    let platform = Aws::of(Session::with_base(Settings::default(), fake.config()));
    let found = foresee(&platform, planned).await;
    found.into_iter().map(|it| format!("{}: {}", it.summary, it.detail)).collect()
}

#[tokio::test]
async fn the_size_is_that_of_the_quota() {
    let of_size = |size: usize| {
        let statement = |length: usize| json!({"Effect": "Deny", "Action": "s3:*", "Resource": "a".repeat(length)});
        let empty = json!({"Version": "2012-10-17", "Statement": [statement(0)]}).to_string().len();
        policy(SERVICE_CONTROL, &statement(size - empty), &[])
    };
    for (size, quota, says) in [
        (10_240, Some(0.0), None),
        (10_241, Some(12_000.0), None),
        (10_241, Some(10_240.0), Some("Service Quotas says")),
        (10_241, None, Some("could not be asked")),
    ] {
        let found = foreseen(&organization(ACCOUNT, quota), &of_size(size)).await.join("\n");
        match says {
            None => assert_eq!(found, "", "{size} {quota:?}"),
            Some(says) => assert!(found.contains(says), "{size} {quota:?}: {found}"),
        }
    }
    let mut longer = of_size(11_000);
    longer.set_attribute("maximum_size", 20_000.into());
    assert!(foreseen(&organization(ACCOUNT, None), &longer).await.is_empty());
    longer.set_attribute("maximum_size", 10_999.into());
    assert_eq!(refused(&longer), ["content"]);
}

#[tokio::test]
async fn whoever_calls_can_undo_it() {
    let deny = json!({"Effect": "Deny", "Action": "organizations:*", "Resource": "*"});
    for (management, targets, is_refused) in [
        (ACCOUNT, &["r-ab12"][..], false),
        ("999999999999", &["r-ab12"][..], true),
        ("999999999999", &[TARGET][..], true),
        ("999999999999", &[ACCOUNT][..], true),
        ("999999999999", &["444455556666"][..], false),
    ] {
        let planned = policy(SERVICE_CONTROL, &deny, targets);
        let found = foreseen(&organization(management, None), &planned).await;
        assert_eq!(!found.is_empty(), is_refused, "{management} {targets:?}: {found:?}");
    }
}

#[test]
fn a_target_that_will_be_made_counts() {
    let all = json!({"Effect": "Deny", "Action": "*", "Resource": "*"});
    let mut value = policy(SERVICE_CONTROL, &all, &[]);
    for targets in [Value::unknown(), Value::Set(vec![Value::unknown()])] {
        value.set_attribute("targets", targets);
        assert_eq!(refused(&value), ["content"]);
    }
}
