use serde_json::json;

use super::*;

/// What is said of the one statement of a document.
fn said(kind: Kind, statement: serde_json::Value) -> String {
    let document = json!({"Version": "2012-10-17", "Statement": statement});
    faults(kind, &document.to_string().as_str().into()).join("\n")
}

fn check(kind: Kind, statement: serde_json::Value, expected: &str) {
    let said = said(kind, statement.clone());
    let fits = if expected.is_empty() { said.is_empty() } else { said.contains(expected) };
    assert!(fits, "{statement}: {said:?}");
}

#[test]
fn what_may_be_done_is_checked() {
    let with = |name: &str, value: serde_json::Value| {
        let mut statement = json!({"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"});
        statement[name] = value;
        statement
    };
    for (name, value, expected) in [
        ("Effect", json!("Allow"), ""),
        ("Effect", json!("allow"), "needs Effect"),
        ("Effect", json!(null), "needs Effect"),
        ("Action", json!("*"), ""),
        ("Action", json!("*:*"), ""),
        ("Action", json!(["s3:GetObject", "execute-api:Invoke"]), ""),
        ("Action", json!("GetObject"), "neither \"*\" nor like"),
        ("Action", json!("s3:Get:Object"), "neither \"*\" nor like"),
        ("Action", json!("s3*:Get"), "neither \"*\" nor like"),
        ("Action", json!([]), "an empty list"),
        ("Action", json!([1]), "something else than text"),
        ("Action", json!(null), "needs Action or NotAction"),
        ("NotAction", json!("iam:*"), "Action and NotAction"),
        ("Resource", json!(["arn:aws:s3:::a", "arn:*:s3:::b"]), ""),
        ("Resource", json!("a"), "neither \"*\" nor an ARN"),
        ("Resource", json!(null), "needs Resource or NotResource"),
        ("NotResource", json!("*"), "Resource and NotResource"),
        ("Principal", json!("*"), "leave it out"),
        ("Sid", json!("Read1"), ""),
        ("Sid", json!("Read it"), "letters and digits"),
        ("Ressource", json!("*"), "which no statement has"),
        ("Condition", json!({"Bool": {"aws:SecureTransport": true}}), ""),
        ("Condition", json!({"ForAnyValue:StringLikeIfExists": {"aws:a": ["b", "c"]}}), ""),
        ("Condition", json!({"StringEqual": {"aws:a": "b"}}), "does not know"),
        ("Condition", json!({"StringEquals": "b"}), "no object of condition keys"),
        ("Condition", json!({"StringEquals": {"aws:a": {}}}), "something else than values"),
        ("Condition", json!("b"), "no object of operators"),
    ] {
        check(Kind::Managed, with(name, value.clone()), expected);
        check(Kind::Inline, with(name, value), expected);
    }
    check(Kind::Inline, json!([]), "needs a Statement");
    check(Kind::Inline, json!(["a"]), "is no object");
    let named = with("Sid", json!("A"));
    check(Kind::Inline, json!([named, named]), "is there twice");
}

#[test]
fn who_may_assume_a_role_is_checked() {
    let with = |principal: serde_json::Value, action: &str| json!({"Effect": "Allow", "Action": action, "Principal": principal});
    for (principal, action, expected) in [
        (json!({"Service": "ec2.amazonaws.com"}), "sts:AssumeRole", ""),
        (json!({"AWS": ["111122223333", "arn:aws:iam::111122223333:root"]}), "sts:AssumeRole", ""),
        (json!({"AWS": "AROA1234567890EXAMPLE"}), "sts:*", ""),
        (json!({"Federated": "arn:aws:iam::1:oidc-provider/a"}), "sts:AssumeRoleWithSAML", ""),
        (json!("*"), "sts:AssumeRole", ""),
        (json!(null), "sts:AssumeRole", "needs a Principal"),
        (json!("me"), "sts:AssumeRole", "neither \"*\" nor an object"),
        (json!({"User": "me"}), "sts:AssumeRole", "which takes AWS"),
        (json!({"AWS": "me"}), "sts:AssumeRole", "no AWS principal"),
        (json!({"Service": "ec2"}), "sts:AssumeRole", "no Service principal"),
        (json!("*"), "s3:GetObject", "of sts alone"),
    ] {
        check(Kind::Trust, with(principal, action), expected);
    }
    let mut resource = with(json!("*"), "sts:AssumeRole");
    resource["Resource"] = json!("*");
    check(Kind::Trust, resource.clone(), "about its own role");
    check(Kind::Other, resource, "");
}

#[test]
fn whole_documents_are_checked() {
    let statement = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
    let long = |size: usize| {
        let mut statement = statement.clone();
        statement["Resource"] = json!(format!("arn:{}", "x".repeat(size)));
        json!({"Version": "2012-10-17", "Statement": statement})
    };
    let old = json!({"Version": "2008-10-17", "Statement": statement});
    for (kind, document, expected) in [
        (Kind::Managed, old.clone(), "IAM takes no older one"),
        (Kind::Managed, json!({"Statement": statement}), "IAM takes no older one"),
        (Kind::Inline, old, ""),
        (Kind::Inline, json!({"Statement": statement}), ""),
        (Kind::Inline, json!({"Version": "2012", "Statement": statement}), "The Version"),
        (Kind::Inline, json!({"Version": "2012-10-17"}), "needs a Statement"),
        (Kind::Other, json!({"Statement": []}), ""),
        (Kind::Other, json!({}), "needs a Statement"),
        (Kind::Inline, json!({"Statement": statement, "Statements": []}), "has no \"Statements\""),
        (Kind::Inline, json!([]), "is an object"),
        (Kind::Managed, long(6000), ""),
        (Kind::Managed, long(6144), "can have 6144"),
        (Kind::Inline, long(6144), ""),
        (Kind::Inline, long(10_240), "can have 10240"),
    ] {
        let said = faults(kind, &document.to_string().as_str().into()).join("\n");
        let fits = if expected.is_empty() { said.is_empty() } else { said.contains(expected) };
        assert!(fits, "{kind:?}: {said:?}");
    }
    let said = |text: &str| faults(Kind::Managed, &text.into()).join("\n");
    assert!(said("{").contains("is no JSON"));
    assert!(said("{\"Statement\": \"€\"}").contains("Latin-1"));
}

#[test]
fn what_is_unknown_passes() {
    let statement = |action: Value, resource: Value| {
        let parts = [("Effect", "Allow".into()), ("Action", action), ("Resource", resource)];
        Value::Tuple(vec![Value::object(parts)])
    };
    let document = |statement: Value| {
        Value::object([("Version", "2012-10-17".into()), ("Statement", statement)])
    };
    for (document, expected) in [
        (Value::unknown(), 0),
        (document(Value::unknown()), 0),
        (document(Value::Tuple(vec![Value::unknown()])), 0),
        (document(statement("s3:*".into(), Value::unknown())), 0),
        (document(statement("s3:*".into(), Value::Tuple(vec![Value::unknown()]))), 0),
        (document(statement("s3".into(), Value::unknown())), 1),
    ] {
        assert_eq!(faults(Kind::Managed, &document).len(), expected, "{document:?}");
    }
}
