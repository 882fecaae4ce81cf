use serde_json::json;

use super::*;

fn caller() -> Caller {
    Caller {
        arn: "arn:aws:sts::111122223333:assumed-role/ci/run".to_owned(),
        role_arn: Some("arn:aws:iam::111122223333:role/ci".to_owned()),
        ..Caller::service("111122223333")
    }
}

fn check(statement: Value, context: &[(&str, &str)], expected: Result<bool, &str>) {
    let policy = json!({"Statement": statement.clone()});
    let context =
        context.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let answer = allows(&policy, "sts:AssumeRole", Principal::Aws(&caller()), &context);
    match expected {
        Ok(expected) => assert_eq!(answer, Ok(expected), "{statement}"),
        Err(part) => assert!(answer.unwrap_err().contains(part), "{statement}"),
    }
}

fn allow(principal: Value) -> Value {
    json!({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal})
}

#[test]
fn principals_are_accounts_users_and_roles() {
    check(allow(json!({"AWS": "arn:aws:iam::111122223333:root"})), &[], Ok(true));
    check(allow(json!({"AWS": ["222233334444", "111122223333"]})), &[], Ok(true));
    check(allow(json!({"AWS": "arn:aws:iam::111122223333:role/ci"})), &[], Ok(true));
    check(allow(json!("*")), &[], Ok(true));
    check(allow(json!({"AWS": "arn:aws:iam::222233334444:root"})), &[], Ok(false));
    check(allow(json!({"Service": "ec2.amazonaws.com"})), &[], Ok(false));
}

#[test]
fn actions_and_effects_count() {
    let root = json!({"AWS": "111122223333"});
    check(json!({"Effect": "Allow", "Action": "sts:*", "Principal": root}), &[], Ok(true));
    check(
        json!({"Effect": "Allow", "Action": "sts:TagSession", "Principal": root}),
        &[],
        Ok(false),
    );
    check(
        json!([allow(root.clone()), {"Effect": "Deny", "Action": "*", "Principal": "*"}]),
        &[],
        Ok(false),
    );
}

#[test]
fn conditions_must_hold() {
    let with = |condition: Value| {
        let mut statement = allow(json!({"AWS": "111122223333"}));
        statement["Condition"] = condition;
        statement
    };
    let secret = json!({"StringEquals": {"sts:ExternalId": "42"}});
    check(with(secret.clone()), &[("sts:ExternalId", "42")], Ok(true));
    check(with(secret.clone()), &[("sts:ExternalId", "43")], Ok(false));
    check(with(secret), &[], Ok(false));
    check(
        with(json!({"StringLike": {"sts:RoleSessionName": "run-*"}})),
        &[("sts:RoleSessionName", "run-1")],
        Ok(true),
    );
    check(with(json!({"StringNotEquals": {"sts:ExternalId": "42"}})), &[], Ok(true));
    check(
        with(json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})),
        &[("aws:SourceIp", "10.1.1.1")],
        Err("IpAddress"),
    );
}

#[test]
fn federated_users_have_a_provider() {
    let provider = "arn:aws:iam::111122223333:oidc-provider/oidc.example.com/id/1";
    let policy = json!({"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": {"Federated": provider},
        "Condition": {"StringEquals": {"oidc.example.com/id/1:sub": "system:serviceaccount:a:b"}}}]});
    let ask = |provider: &str, subject: &str| {
        let key = "oidc.example.com/id/1:sub".to_owned();
        let context = BTreeMap::from([(key, subject.to_owned())]);
        allows(&policy, "sts:AssumeRoleWithWebIdentity", Principal::Federated(provider), &context)
    };
    assert_eq!(ask(provider, "system:serviceaccount:a:b"), Ok(true));
    assert_eq!(ask(provider, "system:serviceaccount:a:c"), Ok(false));
    assert_eq!(
        ask("arn:aws:iam::111122223333:oidc-provider/other", "system:serviceaccount:a:b"),
        Ok(false)
    );
}
