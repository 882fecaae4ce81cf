use std::collections::BTreeMap;

use http::{HeaderMap, Method};
use serde_json::json;

use super::*;
use crate::sandbox::accounts::Caller;
use crate::sandbox::peer::Peer;
use crate::sandbox::routing;
use crate::sandbox::wire::Protocol;
use crate::sandbox::{left_out, tools_folder};

const MODEL: &str = r#"{
    "operations": {
        "Make": {"input": {"shape": "In"}, "output": {"shape": "Out"}},
        "Start": {"http": {"responseCode": 201}, "output": {"shape": "Out"}},
        "End": {"http": {"responseCode": 204}}
    },
    "shapes": {
        "In": {"type": "structure", "required": ["clusterName", "size"], "members": {
            "clusterName": {"shape": "Name", "location": "uri", "locationName": "name"},
            "keep": {"shape": "Flag", "location": "querystring", "locationName": "keep"},
            "most": {"shape": "Size", "location": "querystring", "locationName": "max"},
            "kinds": {"shape": "Names", "location": "querystring", "locationName": "kind"},
            "size": {"shape": "Size"},
            "mode": {"shape": "Mode"},
            "tags": {"shape": "Tags"},
            "names": {"shape": "Names"}
        }},
        "Out": {"type": "structure", "members": {"at": {"shape": "Time"}, "on": {"shape": "Day"}, "tags": {"shape": "Tags"}}},
        "Name": {"type": "string", "min": 2, "max": 5, "pattern": "[a-z]+"},
        "Names": {"type": "list", "member": {"shape": "Name"}, "max": 2},
        "Size": {"type": "integer", "min": 1, "max": 9},
        "Flag": {"type": "boolean"},
        "Mode": {"type": "string", "enum": ["A", "B"]},
        "Time": {"type": "timestamp"},
        "Day": {"type": "timestamp", "timestampFormat": "iso8601"},
        "Tags": {"type": "map", "key": {"shape": "Key"}, "value": {"shape": "Text"}, "min": 1},
        "Key": {"type": "string", "pattern": "^(?!aws:)[a-z:]+$"},
        "Text": {"type": "string", "pattern": "[\\p{all}]*"}
    }
}"#;

fn call(uri: &'static str, content: &Value) -> Call {
    Call {
        service: routing::named("eks").unwrap(),
        operation: "Make".to_owned(),
        protocol: Protocol::RestJson,
        labels: BTreeMap::from([("name".to_owned(), "dev".to_owned())]),
        caller: Caller::service("111122223333"),
        region: "eu-central-1".to_owned(),
        method: Method::POST,
        uri: http::Uri::from_static(uri),
        headers: HeaderMap::new(),
        body: Body::Whole(content.to_string().into()),
        request_id: String::new(),
        peer: Peer::own(),
    }
}

#[test]
fn requests_are_put_together_from_their_places() {
    let shapes = Shapes::parse(MODEL).unwrap();
    let uri = "/make/dev?keep=true&max=3&kind=ab&kind=cd";
    let input = shapes.input(&call(uri, &json!({"size": 2, "mode": null, "other": 1}))).unwrap();
    assert_eq!((input.text("clusterName"), input.flag("keep")), ("dev", Some(true)));
    assert_eq!((input.number("most"), input.number("size")), (Some(3), Some(2)));
    assert_eq!(input.texts("kinds"), ["ab", "cd"]);
    assert!(!input.has("mode") && !input.has("other"));
}

#[test]
fn what_does_not_fit_is_named() {
    let shapes = Shapes::parse(MODEL).unwrap();
    let check = |content: Value, expected: &str| {
        let misfit = shapes.input(&call("/make/dev", &content)).unwrap_err();
        assert_eq!(format!("{} {}", misfit.path, misfit.problem), expected);
    };
    check(json!({}), "size is required");
    check(json!({"size": 10}), "size must be at most 9, not 10");
    check(json!({"size": "1"}), "size must be a integer");
    check(json!({"size": 1, "mode": "C"}), "mode must be one of A, B, not \"C\"");
    check(
        json!({"size": 1, "names": ["ab", "toolong"]}),
        "names[1] must have at most 5 characters, not 7",
    );
    check(json!({"size": 1, "names": ["AB"]}), "names[0] must match [a-z]+, and \"AB\" does not");
    check(
        json!({"size": 1, "names": ["ab", "ab", "ab"]}),
        "names must have at most 2 items, not 3",
    );
    check(json!({"size": 1, "tags": {}}), "tags must have at least 1 entries, not 0");
    check(
        json!({"size": 1, "tags": {"aws:x": "y"}}),
        "tags.aws:x must match ^(?!aws:)[a-z:]+$, and \"aws:x\" does not",
    );
    let listed = shapes.input(&call("/make/dev", &json!([]))).unwrap_err();
    assert!(listed.problem.starts_with("must be a JSON object"), "{}", listed.problem);
}

#[test]
fn answers_have_what_the_model_has() {
    let shapes = Shapes::parse(MODEL).unwrap();
    let check = |output: Value, expected: Option<&str>| match expected {
        None => assert_eq!(shapes.check_output("Make", &output), Ok(())),
        Some(part) => assert!(shapes.check_output("Make", &output).unwrap_err().contains(part)),
    };
    check(json!({"at": 1.5, "on": "2026-11-21T00:00:00Z", "tags": {}}), None);
    check(json!({"on": 1.5}), Some("on must be a timestamp"));
    check(json!({"tags": {"aws:x": "any\ntext"}}), None);
    check(json!({"at": "now"}), Some("at must be a timestamp"));
    check(json!({"more": 1}), Some("more is not in the model"));
}

#[test]
fn answers_have_the_status_of_the_model() {
    let shapes = Shapes::parse(MODEL).unwrap();
    let check = |operation: &str, output: Value, expected: Result<(u16, &str), &str>| {
        let call = Call { operation: operation.to_owned(), ..call("/make/dev", &json!({})) };
        let found = shapes.reply(&call, &output).map(|reply| match reply.body {
            Body::Whole(bytes) => {
                (reply.status.as_u16(), String::from_utf8_lossy(&bytes).into_owned())
            }
            Body::Stream(_) => panic!("a stream"),
        });
        let found = found.map_err(|error| error.to_string());
        let found = found.as_ref().map(|(status, body)| (*status, body.as_str()));
        assert_eq!(found.map_err(String::as_str), expected, "{operation}");
    };
    check("Make", json!({"at": 1}), Ok((200, r#"{"at":1}"#)));
    check("Start", json!({}), Ok((201, "{}")));
    check("End", json!({}), Ok((204, "")));
    let other = "InternalFailure: the answer to Start: more is not in the model";
    check("Start", json!({"more": 1}), Err(other));
}

#[test]
fn real_models_are_understood() {
    if left_out() {
        return;
    }
    let models = Models::new(&tools_folder());
    for service in ["account", "dlm", "eks", "identitystore", "rbin", "sso-admin"] {
        let shapes = Shapes::load(&models, service).unwrap();
        assert!(!shapes.operations.is_empty() && !shapes.patterns.is_empty(), "{service}");
        for written in shapes.patterns.keys() {
            shapes.pattern(written).unwrap();
        }
    }
}
