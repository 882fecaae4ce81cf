use serde_json::Value as Json;
use serde_json::json;
use travel_framework::plan::{Computed, plan_by_schema};
use travel_framework::resource::Resource as _;
use travel_value::Value;

use super::*;
use crate::testing::{Fake, Reply as Answered, Request, call};

/// A configuration: these attributes, and nothing else.
fn config(attributes: &[(&str, Value)]) -> Value {
    let names = Parameter::block().attributes.into_iter().map(|it| (it.name, Value::Null));
    let mut config = Value::object(names);
    config.set_attribute("timeouts", Value::Null);
    config.set_attribute("name", "/shop/url".into());
    config.set_attribute("region", "eu-central-1".into());
    for (name, value) in attributes {
        config.set_attribute(name, value.clone());
    }
    config
}

/// What is said about a configuration, by validation and by a plan to make it.
fn said(attributes: &[(&str, Value)]) -> String {
    let config = config(attributes);
    let mut checked = Plan::new(&config, &Value::Null, config.clone());
    planning::validate(&mut checked);
    let planned = plan_by_schema(
        &Parameter::block(),
        &Value::Null,
        &config,
        Computed::Applied { resumed: false },
    );
    let mut plan = Plan::new(&config, &Value::Null, planned);
    planning::plan(&mut plan);
    let mut diagnostics = checked.diagnostics;
    diagnostics.extend(plan.diagnostics);
    let said = diagnostics.iter().map(|it| format!("{} {}", it.summary, it.detail));
    said.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_plan_refuses_what_the_service_would() {
    let long = |length| Value::from("x".repeat(length));
    let secret = |value: Value| {
        vec![
            ("type", "SecureString".into()),
            ("secret_value", value),
            ("secret_value_version", 1.into()),
        ]
    };
    let policies: Value = r#"[{"Type":"Expiration"}]"#.into();
    for (attributes, expected) in [
        (vec![("value", "one".into())], ""),
        (vec![("value", long(4096))], ""),
        (vec![("value", long(4097))], "has 4097 characters"),
        (vec![("value", long(4097)), ("tier", "Intelligent-Tiering".into())], ""),
        (vec![("value", long(8192)), ("tier", "Advanced".into())], ""),
        (vec![("value", long(8193)), ("tier", "Advanced".into())], "can have 8192"),
        (vec![("value", Value::unknown())], ""),
        (vec![], "a String needs a value"),
        (vec![("value", "one".into()), ("key_id", "k".into())], "a String has no key_id"),
        (vec![("value", "1".into()), ("secret_value", "2".into())], "has no secret_value"),
        (secret("hunter2".into()), ""),
        (secret(Value::Null), "a SecureString needs a secret_value"),
        (secret(long(4097)), "the secret_value is too long"),
        (vec![("type", "SecureString".into())], "needs a secret_value_version"),
        (vec![("value", "1".into()), ("policies", policies.clone())], "has no policies"),
        (vec![("value", "1".into()), ("policies", policies), ("tier", "Advanced".into())], ""),
        (vec![("value", "two".into()), ("allowed_pattern", "^\\d+$".into())], "does not match"),
        (vec![("value", "2".into()), ("allowed_pattern", "^\\d+$".into())], ""),
        (vec![("value", "2\n".into()), ("allowed_pattern", "^\\d+$".into())], ""),
        (vec![("value", "two".into()), ("allowed_pattern", "(?<!a)\\d".into())], ""),
        (
            vec![
                ("type", "StringList".into()),
                ("value", "1,2".into()),
                ("allowed_pattern", "^\\d$".into()),
            ],
            "",
        ),
        (
            vec![
                ("type", "StringList".into()),
                ("value", "ami-1".into()),
                ("data_type", "aws:ec2:image".into()),
            ],
            "is for a String",
        ),
        (vec![("value", "1".into()), ("name", format!("/{}", "n".repeat(963)).into())], ""),
        (
            vec![("value", "1".into()), ("name", format!("/{}", "n".repeat(964)).into())],
            "has 1012 characters",
        ),
    ] {
        let said = said(&attributes);
        let fits = if expected.is_empty() { said.is_empty() } else { said.contains(expected) };
        assert!(fits, "{attributes:?}: {said:?}");
        assert!(!said.contains("hunter2"));
    }
}

#[test]
fn knows_a_name() {
    let deep = |levels| "/x".repeat(levels);
    for (name, fits) in [
        ("url", true),
        ("/url", true),
        ("/shop/db.url_1-x", true),
        ("/shop/aws", true),
        ("shop/url", false),
        ("/shop/", false),
        ("/", false),
        ("/shop//url", false),
        ("/shop url", false),
        ("/AWS/url", false),
        ("awsome", false),
        ("/ssm-url", false),
        (&deep(15), true),
        (&deep(16), false),
    ] {
        assert_eq!(planning::is_name(&name.into()).is_ok(), fits, "{name}");
    }
    for (value, fits) in [("{a}", true), ("}} {{", true), ("{{ssm:a}}", false), ("a{{b}}", false)] {
        assert_eq!(planning::is_value(&value.into()).is_ok(), fits, "{value}");
    }
}

#[test]
fn an_advanced_parameter_stays_one() {
    let block = Parameter::block();
    for (before, remembered, after, replaced) in [
        ("Advanced", "Advanced", "Standard", true),
        ("Standard", "Standard", "Advanced", false),
        ("Intelligent-Tiering", "Advanced", "Standard", true),
        ("Intelligent-Tiering", "Standard", "Standard", false),
        ("Intelligent-Tiering", "Advanced", "Advanced", false),
        ("Advanced", "Advanced", "Intelligent-Tiering", false),
    ] {
        let prior = config(&[("value", "one".into()), ("tier", before.into())]);
        let config = config(&[("value", "one".into()), ("tier", after.into())]);
        let computed = Computed::Applied { resumed: false };
        let mut plan =
            Plan::new(&config, &prior, plan_by_schema(&block, &prior, &config, computed));
        plan.remembered.insert(TIER.to_owned(), json!(remembered));
        planning::plan(&mut plan);
        assert_eq!(plan.is_replacement(), replaced, "{before} ({remembered}) to {after}");
    }
}

#[test]
fn an_import_takes_a_name_an_arn_or_a_region_and_a_name() {
    for (id, expected) in [
        ("url", Some((None, "url"))),
        ("/shop/url", Some((None, "/shop/url"))),
        ("eu-west-1/url", Some((Some("eu-west-1"), "url"))),
        ("eu-west-1//shop/url", Some((Some("eu-west-1"), "/shop/url"))),
        (
            "arn:aws:ssm:eu-west-1:111122223333:parameter/shop/url",
            Some((Some("eu-west-1"), "/shop/url")),
        ),
        ("arn:aws:ssm:eu-west-1:111122223333:parameter/url", Some((Some("eu-west-1"), "url"))),
        ("arn:aws:kms:eu-west-1:111122223333:key/1", None),
        ("a b", None),
        ("", None),
    ] {
        let found = planning::import(id).ok();
        let found = found.as_ref().map(|it| (it.placement.region.as_deref(), it.name.as_str()));
        assert_eq!(found, expected, "{id}");
    }
}

/// A service that holds one parameter, written `version` times.
fn service(kind: &'static str, version: i64) -> Fake {
    Fake::new(move |request| match request.action.as_str() {
        "ssm:DescribeParameters" => Answered::json(json!({"Parameters": [{
            "Name": "/shop/url", "Type": kind, "Version": version, "Tier": "Standard",
        }]})),
        "ssm:GetParameters" => Answered::json(json!({"Parameters": [{
            "Name": "/shop/url", "Type": kind, "Version": version, "Value": "one",
        }]})),
        "ssm:ListTagsForResource" => Answered::json(json!({"TagList": []})),
        other => panic!("{other}"),
    })
}

#[tokio::test(start_paused = true)]
async fn what_somebody_else_has_encrypted_is_to_be_written_again() {
    for (written, expected) in [(Some(3), Some(7)), (Some(2), None), (None, None)] {
        let fake = service("SecureString", 3);
        let state = Parameter {
            name: "/shop/url".into(),
            version: written,
            secret_value_version: Some(7),
            ..Parameter::default()
        };
        let read = Parameter::read(&call(&fake).await, &state).await.unwrap().unwrap();
        assert_eq!(read.secret_value_version, expected, "{written:?}");
        assert_eq!((read.value, read.secret_value, read.version), (None, None, Some(3)));
        assert!(!fake.actions().contains(&"ssm:GetParameters".to_owned()));
    }
}

#[tokio::test(start_paused = true)]
async fn parameters_that_are_read_together_share_calls() {
    let name = |index: usize| format!("/shop/{index}");
    let names = |request: &Request, path: &str| -> Vec<String> {
        let names = request.input.pointer(path).and_then(Json::as_array).unwrap();
        names.iter().map(|name| name.as_str().unwrap().to_owned()).collect()
    };
    let fake = Fake::new(move |request| match request.action.as_str() {
        "ssm:DescribeParameters" => {
            let one = |name| json!({"Name": name, "Type": "String", "Version": 1});
            let all = names(request, "/ParameterFilters/0/Values").into_iter().map(one);
            Answered::json(json!({"Parameters": all.collect::<Vec<_>>()}))
        }
        "ssm:GetParameters" => {
            let one = |name: String| json!({"Name": name, "Version": 1, "Value": name});
            let all = names(request, "/Names").into_iter().map(one);
            Answered::json(json!({"Parameters": all.collect::<Vec<_>>()}))
        }
        "ssm:ListTagsForResource" => Answered::json(json!({"TagList": []})),
        other => panic!("{other}"),
    });
    let call = call(&fake).await;
    let before = fake.calls().len();
    let reads = (0..20).map(|index| {
        let state = Parameter { name: name(index), ..Parameter::default() };
        let call = &call;
        async move { Parameter::read(call, &state).await.unwrap().unwrap().value }
    });
    let values = futures::future::join_all(reads).await;
    let expected: Vec<Option<String>> = (0..20).map(|index| Some(name(index))).collect();
    assert_eq!(values, expected);
    let actions = fake.actions().split_off(before);
    let count = |action: &str| actions.iter().filter(|it| *it == action).count();
    assert_eq!((count("ssm:DescribeParameters"), count("ssm:GetParameters")), (1, 2));
    assert_eq!(count("ssm:ListTagsForResource"), 20);
}
