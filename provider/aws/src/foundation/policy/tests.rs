use travel_framework::model::Model;
use travel_framework::plan::{Computed, plan_by_schema};

use super::*;
use crate::testing::{Fake, Reply as Answered, call};

const ARN: &str = "arn:aws:iam::111122223333:policy/platform/read";
const DOCUMENT: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#;

fn policy() -> Policy {
    Policy {
        name: "read".into(),
        path: "/platform/".into(),
        policy: Some(document::dynamic(DOCUMENT.into())),
        ..Policy::default()
    }
}

#[test]
fn knows_the_forms_of_an_id() {
    for (id, path, name) in [
        (ARN, "/platform/", "read"),
        ("arn:aws:iam::111122223333:policy/read", "/", "read"),
        ("/platform/read", "/platform/", "read"),
        ("/platform//read", "/platform/", "read"),
        ("//read", "/", "read"),
        ("read", "/", "read"),
    ] {
        let state = Policy::import(id).unwrap();
        assert_eq!((state.path.as_str(), state.name.as_str()), (path, name), "{id}");
        assert_eq!(state.arn.is_some(), id.starts_with("arn:"), "{id}");
    }
    for id in
        ["", "a/b", "arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::111122223333:role/a"]
    {
        assert!(Policy::import(id).is_err(), "{id}");
    }
}

/// The plan of a configuration with this policy, and the summaries of its errors.
fn plan_of(policy: Value, prior: &Value) -> (Value, Vec<String>) {
    let block = <Policy as Model>::block();
    let config = Value::object(block.attributes.iter().map(|attribute| {
        let value = match attribute.name.as_str() {
            "name" => "read".into(),
            "path" => "/platform/".into(),
            "policy" => policy.clone(),
            _ => Value::Null,
        };
        (attribute.name.clone(), value)
    }));
    let planned = plan_by_schema(&block, prior, &config, Computed::Applied { resumed: false });
    let mut plan = Plan::new(&config, prior, planned);
    planning::plan(&mut plan);
    let errors = plan.diagnostics.iter().map(|it| it.summary.clone()).collect();
    (plan.planned, errors)
}

#[test]
fn only_another_meaning_makes_a_version() {
    let made = Policy {
        arn: Some(ARN.into()),
        policy_id: Some("ANPA1".into()),
        default_version_id: Some("v1".into()),
        ..policy()
    };
    let prior = Model::to_value(&made);
    let statement = |action: &str| {
        let parts = [("Effect", "Allow"), ("Action", action), ("Resource", "*")];
        Value::object(parts.map(|(name, value)| (name, value.into())))
    };
    let object = |action: &str| {
        let statements = Value::Tuple(vec![statement(action)]);
        document::dynamic(Value::object([
            ("Version", "2012-10-17".into()),
            ("Statement", statements),
        ]))
    };
    let (planned, errors) = plan_of(object("S3:*"), &prior);
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!(planned.get("policy"), prior.get("policy"));
    assert_eq!(planned.get("default_version_id"), &"v1".into());
    let (planned, _) = plan_of(object("kms:*"), &prior);
    assert!(planned.get("default_version_id").is_unknown());
    assert_eq!(planned.get("arn"), &ARN.into());
    assert_eq!(plan_of(object("s3"), &prior).1, ["invalid policy"]);
    assert_eq!(plan_of(Value::unknown(), &prior).1, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_full_policy_loses_its_oldest_version() {
    let member = |id: &str, is_default: bool| {
        format!(
            "<member><VersionId>{id}</VersionId><IsDefaultVersion>{is_default}</IsDefaultVersion></member>"
        )
    };
    let tried = std::sync::atomic::AtomicUsize::new(0);
    let fake = Fake::new(move |request| match request.action.as_str() {
        "iam:CreatePolicyVersion" => {
            match tried.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
                0 => Answered::query_error("LimitExceeded", "5 versions"),
                _ => Answered::query(
                    "CreatePolicyVersion",
                    "<PolicyVersion><VersionId>v7</VersionId></PolicyVersion>",
                ),
            }
        }
        "iam:ListPolicyVersions" => {
            let versions =
                [("v6", true), ("v5", false), ("v4", false), ("v3", false), ("v2", false)];
            let versions: String = versions.iter().map(|(id, it)| member(id, *it)).collect();
            let list = format!("<IsTruncated>false</IsTruncated><Versions>{versions}</Versions>");
            Answered::query("ListPolicyVersions", &list)
        }
        "iam:DeletePolicyVersion" => {
            assert_eq!(request.input["VersionId"], "v2");
            Answered::query("DeletePolicyVersion", "")
        }
        other => panic!("{other}"),
    });
    let call = call(&fake).await;
    assert_eq!(versions::make(&call, ARN, DOCUMENT).await.unwrap(), "v7");
}

#[tokio::test(start_paused = true)]
async fn a_policy_in_use_names_its_users() {
    let fake = Fake::new(|request| match request.action.as_str() {
        "iam:ListPolicyVersions" => {
            Answered::query("ListPolicyVersions", "<IsTruncated>false</IsTruncated>")
        }
        "iam:DeletePolicy" => Answered::query_error("DeleteConflict", "attached"),
        "iam:ListEntitiesForPolicy" => Answered::query(
            "ListEntitiesForPolicy",
            "<IsTruncated>false</IsTruncated><PolicyRoles><member><RoleName>theirs</RoleName>\
             </member></PolicyRoles>",
        ),
        other => panic!("{other}"),
    });
    let call = call(&fake).await;
    let error = Policy::delete(&call, &policy()).await.unwrap_err().into_diagnostic();
    assert_eq!(error.summary, format!("policy {ARN} is still in use"));
    assert!(error.detail.contains("role theirs"), "{error}");
}
