use serde_json::json;
use travel_framework::model::Model;
use travel_framework::plan::{Computed, plan_by_schema};

use super::*;
use crate::testing::{Fake, Reply as Answered, Request, call};

const READ: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";

fn trust() -> Value {
    let statement = json!({
        "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"},
    });
    document::dynamic(json!({"Statement": statement}).to_string().into())
}

fn permissions(action: &str, resource: &str) -> Value {
    let statement = json!({"Effect": "Allow", "Action": action, "Resource": resource});
    json!({"Version": "2012-10-17", "Statement": statement}).to_string().into()
}

fn inline(policies: &[(&str, Value)]) -> Value {
    document::object(policies.iter().map(|(name, policy)| ((*name).to_owned(), policy.clone())))
}

fn role() -> Role {
    Role { name: "r".into(), path: "/".into(), trust_policy: Some(trust()), ..Role::default() }
}

/// The errors and warnings of a plan with these attributes.
fn said(attributes: &[(&str, Value)]) -> String {
    let block = <Role as Model>::block();
    let config = Value::object(block.attributes.iter().map(|attribute| {
        let given = attributes.iter().find(|(name, _)| *name == attribute.name);
        let value = match attribute.name.as_str() {
            _ if given.is_some() => given.map_or(Value::Null, |(_, value)| value.clone()),
            "name" => "r".into(),
            "trust_policy" => trust(),
            _ => Value::Null,
        };
        (attribute.name.clone(), value)
    }));
    let planned =
        plan_by_schema(&block, &Value::Null, &config, Computed::Applied { resumed: false });
    let mut plan = Plan::new(&config, &Value::Null, planned);
    planning::plan(&mut plan);
    let said = plan.diagnostics.iter().map(|it| format!("{} {}", it.summary, it.detail));
    said.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_plan_refuses_what_iam_would() {
    let long = |size: usize| permissions("s3:Get", &format!("arn:{}", "x".repeat(size)));
    let arns = |count: usize| {
        Value::set((0..count).map(|it| format!("arn:aws:iam::111122223333:policy/{it}").into()))
    };
    let big = json!({"Statement": {
        "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "a".repeat(2048)},
    }});
    for (name, value, expected) in [
        ("inline_policies", inline(&[("a", permissions("s3:Get", "*"))]), ""),
        ("inline_policies", inline(&[("a b", permissions("s3:Get", "*"))]), "cannot be the name"),
        ("inline_policies", inline(&[("a", permissions("s3", "*"))]), "Policy \"a\": Statement 1"),
        ("inline_policies", inline(&[("a", long(6000)), ("b", long(6000))]), "can have 10240"),
        ("inline_policies", inline(&[("a", long(6000)), ("b", Value::unknown())]), ""),
        ("inline_policies", inline(&[("a", Value::Null)]), ""),
        ("inline_policies", document::dynamic("{}".into()), "no object of inline policies"),
        ("inline_policies", Value::unknown(), ""),
        ("trust_policy", permissions("sts:AssumeRole", "*"), "needs a Principal"),
        ("trust_policy", big.to_string().into(), "trust_policy may be too much"),
        ("trust_policy", Value::unknown(), ""),
        ("managed_policies", arns(10), ""),
        ("managed_policies", arns(11), "managed_policies may be too much"),
    ] {
        let said = said(&[(name, value.clone())]);
        let fits = if expected.is_empty() { said.is_empty() } else { said.contains(expected) };
        assert!(fits, "{name} {value:?}: {said:?}");
    }
}

#[test]
fn knows_paths_policies_and_ids() {
    for (path, fits) in [
        ("/", true),
        ("/ci/", true),
        ("/a/b/", true),
        ("", false),
        ("ci/", false),
        ("/ci", false),
        ("/c i/", false),
        ("/aws-service-role/a/", false),
    ] {
        assert_eq!(planning::is_path(&path.into()).is_ok(), fits, "{path}");
    }
    for (arn, fits) in [
        (READ, true),
        ("arn:aws-cn:iam::111122223333:policy/ci/a", true),
        ("ReadOnlyAccess", false),
        ("arn:aws:iam::111122223333:role/a", false),
    ] {
        assert_eq!(planning::is_policy(&arn.into()).is_ok(), fits, "{arn}");
    }
    for (text, fits) in [("Für alle.", true), ("a\nb", true), ("→", false)] {
        assert_eq!(planning::is_description(&text.into()).is_ok(), fits, "{text}");
    }
    for (id, name) in [("r", "r"), ("arn:aws:iam::111122223333:role/ci/r", "r")] {
        assert_eq!(Role::import(id).unwrap().name, name);
    }
    for id in [
        "",
        "a/b",
        "arn:aws:iam::111122223333:policy/a",
        "arn:aws:iam::111122223333:role/aws-service-role/a/b",
    ] {
        assert!(Role::import(id).is_err(), "{id}");
    }
}

#[test]
fn policies_are_compared_by_name_and_meaning() {
    let one = inline(&[("a", permissions("s3:Get", "*")), ("b", Value::Null)]);
    for (other, same) in [
        (inline(&[("a", permissions("S3:get", "*"))]), true),
        (inline(&[("a", permissions("s3:Put", "*"))]), false),
        (inline(&[("b", permissions("s3:Get", "*"))]), false),
        (inline(&[("a", permissions("s3:Get", "*")), ("b", permissions("a:b", "*"))]), false),
        (Value::Null, false),
    ] {
        assert_eq!(planning::same_policies(&one, &other), same, "{other:?}");
    }
    assert!(planning::same_optional_policies(&None, &Some(inline(&[]))));
}

/// An IAM in which the role has these policies: attached by these ARNs, and one inside.
fn iam(attached: &'static [&'static str], inside: &'static str) -> Fake {
    Fake::new(move |request: &Request| match request.action.as_str() {
        "iam:GetRole" => Answered::query(
            "GetRole",
            "<Role><RoleName>r</RoleName><RoleId>AROA1</RoleId><Path>/</Path><Arn>arn:r</Arn>\
             <CreateDate>2026-01-01T00:00:00Z</CreateDate><AssumeRolePolicyDocument>%7B%22Statement\
             %22%3A%5B%5D%7D</AssumeRolePolicyDocument></Role>",
        ),
        "iam:ListAttachedRolePolicies" => {
            let member = |arn: &&str| format!("<member><PolicyArn>{arn}</PolicyArn></member>");
            let members: String = attached.iter().map(member).collect();
            Answered::query(
                "ListAttachedRolePolicies",
                &format!(
                    "<IsTruncated>false</IsTruncated><AttachedPolicies>{members}</AttachedPolicies>"
                ),
            )
        }
        "iam:ListRolePolicies" => Answered::query(
            "ListRolePolicies",
            &format!(
                "<IsTruncated>false</IsTruncated><PolicyNames><member>{inside}</member></PolicyNames>"
            ),
        ),
        "iam:GetRolePolicy" if request.input["PolicyName"] == inside => Answered::query(
            "GetRolePolicy",
            &format!(
                "<RoleName>r</RoleName><PolicyName>{inside}</PolicyName>\
                 <PolicyDocument>%7B%22Statement%22%3A%5B%5D%7D</PolicyDocument>"
            ),
        ),
        "iam:GetRolePolicy" => Answered::query_error("NoSuchEntity", "no"),
        _ => Answered::query(request.action.trim_start_matches("iam:"), ""),
    })
}

#[tokio::test(start_paused = true)]
async fn what_others_have_given_a_role_is_seen_where_it_is_exclusive_or_imported() {
    let fake = iam(&[READ, "arn:theirs"], "theirs");
    let call = call(&fake).await;
    let own = Role {
        arn: Some("arn:r".into()),
        managed_policies: Some([READ.to_owned()].into()),
        inline_policies: Some(inline(&[("mine", permissions("s3:Get", "*"))])),
        ..role()
    };
    let names = |role: &Role| -> (usize, Vec<String>) {
        let inline = planning::policies(role.inline_policies.as_ref()).into_keys().collect();
        (role.managed_policies.as_ref().map_or(0, BTreeSet::len), inline)
    };
    for (state, expected) in [
        (own.clone(), (1, vec![])),
        (Role { exclusive: true, ..own.clone() }, (2, vec!["theirs".to_owned()])),
        (Role { arn: None, ..role() }, (2, vec!["theirs".to_owned()])),
        (Role { arn: own.arn.clone(), ..role() }, (0, vec![])),
    ] {
        let read = Role::read(&call, &state).await.unwrap().unwrap();
        assert_eq!(names(&read), expected, "{state:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_somebody_else_has_written_is_not_overwritten() {
    let fake = iam(&[], "taken");
    let call = call(&fake).await;
    let prior = Role { arn: Some("arn:r".into()), ..role() };
    let wanted = inline(&[("taken", permissions("s3:Get", "*"))]);
    let plan = Role { inline_policies: Some(wanted), ..prior.clone() };
    let mut state = prior.clone();
    let given = changes::give(&call, &prior, &plan, &mut state, changes::Role::Known).await;
    let error = given.unwrap_err().into_diagnostic();
    assert_eq!(error.summary, "inline policy taken of role r exists already");
    assert!(!fake.actions().contains(&"iam:PutRolePolicy".to_owned()));
    let plan = Role { exclusive: true, ..plan };
    changes::give(&call, &prior, &plan, &mut state, changes::Role::Known).await.unwrap();
    assert!(fake.actions().contains(&"iam:PutRolePolicy".to_owned()));
    assert!(state.has_policies_of(&plan) && !prior.has_policies_of(&plan));
}
