use super::*;

fn place() -> Place {
    Place {
        account_id: "111122223333".into(),
        regions: ["eu-central-1", "eu-west-1"].map(str::to_owned).into(),
        key_usage: "ENCRYPT_DECRYPT".into(),
    }
}

fn set<const N: usize>(texts: [&str; N]) -> Option<BTreeSet<String>> {
    Some(texts.map(str::to_owned).into())
}

fn closed() -> Access {
    Access { administrators: set(["arn:aws:iam::111122223333:role/keys"]), ..Access::default() }
}

/// The statements of a policy by their ids, in order.
fn statements(access: &Access, place: &Place) -> Vec<(String, Json)> {
    let policy: Json = serde_json::from_str(&access.policy(place)).unwrap();
    let of = |it: &Json| (it["Sid"].as_str().unwrap_or_default().to_owned(), it.clone());
    policy["Statement"].as_array().unwrap().iter().map(of).collect()
}

fn sids(access: &Access) -> Vec<String> {
    statements(access, &place()).into_iter().map(|(sid, _)| sid).collect()
}

#[test]
fn an_open_key_is_the_accounts() {
    let access = Access { iam_policies: true, ..Access::default() };
    let [(_, account)] = statements(&access, &place()).try_into().unwrap();
    assert_eq!(account["Principal"]["AWS"], "arn:aws:iam::111122223333:root");
    assert_eq!(account["Action"], json!(["kms:*"]));
}

#[test]
fn administrators_do_not_use_the_key() {
    let [(_, administrators)] = statements(&closed(), &place()).try_into().unwrap();
    assert_eq!(administrators["Principal"]["AWS"], json!(["arn:aws:iam::111122223333:role/keys"]));
    let actions: Vec<&str> =
        administrators["Action"].as_array().unwrap().iter().filter_map(Json::as_str).collect();
    assert!(actions.contains(&"kms:PutKeyPolicy"));
    for (_, uses) in USES {
        let of_use: Vec<_> = uses.iter().filter(|it| actions.contains(it)).collect();
        assert!(of_use.is_empty(), "{of_use:?}");
    }
    assert!(!actions.iter().any(|action| *action == "kms:CreateGrant" || *action == "kms:*"));
}

#[test]
fn users_grant_the_use_to_resources_alone() {
    let access = Access {
        users: set(["444455556666", "arn:aws:iam::111122223333:role/app"]),
        users_like: set(["role/nodes-*", "arn:aws:iam::444455556666:role/x"]),
        ..closed()
    };
    let statements = statements(&access, &place());
    let sids: Vec<&str> = statements.iter().map(|(sid, _)| sid.as_str()).collect();
    assert_eq!(sids, ["Administrators", "Users", "UsersGrant", "UsersLike", "UsersLikeGrant"]);
    let of = |at: usize| &statements[at].1;
    let users = ["arn:aws:iam::444455556666:root", "arn:aws:iam::111122223333:role/app"];
    assert_eq!(of(1)["Principal"]["AWS"], json!(users));
    assert_eq!(of(2)["Condition"], json!({"Bool": {"kms:GrantIsForAWSResource": "true"}}));
    let like = ["arn:aws:iam::444455556666:role/x", "arn:aws:iam::111122223333:role/nodes-*"];
    assert_eq!(of(3)["Condition"], json!({"ArnLike": {"aws:PrincipalArn": like}}));
    assert_eq!(of(4)["Condition"]["ArnLike"], of(3)["Condition"]["ArnLike"]);
    assert_eq!(of(4)["Condition"]["Bool"], of(2)["Condition"]["Bool"]);
    let signs = Place { key_usage: "SIGN_VERIFY".into(), ..place() };
    let access = Access { users: set(["444455556666"]), ..closed() };
    let signed = self::statements(&access, &signs);
    assert_eq!(signed.len(), 2, "nothing is granted on a key that signs: {signed:?}");
    assert_eq!(signed[1].1["Action"], json!(uses("SIGN_VERIFY")));
}

#[test]
fn a_service_works_for_what_is_said_else_for_the_account() {
    let of = |access: ServiceAccess| {
        let services = Some([("cloudtrail.amazonaws.com".to_owned(), access)].into());
        let all = statements(&Access { services, ..closed() }, &place());
        assert_eq!(all[1].0, "ServiceCloudtrailAmazonawsCom");
        all[1].1["Condition"].clone()
    };
    let own = json!({"StringEquals": {"aws:SourceAccount": "111122223333"}});
    assert_eq!(of(ServiceAccess::default()), own);
    let arn = "arn:aws:cloudtrail:eu-central-1:111122223333:trail/x";
    let context = [("aws:cloudtrail:arn".to_owned(), set(["arn:aws:cloudtrail:*"]).unwrap())];
    let said = of(ServiceAccess {
        source_arns: set([arn]),
        source_organization: Some("o-a1b2c3d4e5".into()),
        encryption_context: Some(context.into()),
        ..ServiceAccess::default()
    });
    let expected = json!({
        "ArnLike": {"aws:SourceArn": [arn]},
        "StringEquals": {"aws:SourceOrgID": "o-a1b2c3d4e5"},
        "StringLike": {"kms:EncryptionContext:aws:cloudtrail:arn": ["arn:aws:cloudtrail:*"]},
    });
    assert_eq!(said, expected);
}

#[test]
fn log_groups_and_services_count_wherever_the_key_is() {
    let access = Access { log_groups: true, via_services: set(["s3"]), ..closed() };
    assert_eq!(sids(&access), ["Administrators", "LogsEuCentral1", "LogsEuWest1", "ViaServices"]);
    let statements = statements(&access, &place());
    let logs = &statements[2].1;
    assert_eq!(logs["Principal"]["Service"], "logs.eu-west-1.amazonaws.com");
    let groups = "arn:aws:logs:eu-west-1:111122223333:log-group:*";
    let context = json!({"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}});
    assert_eq!(logs["Condition"], context);
    let expected = json!({
        "kms:CallerAccount": "111122223333",
        "kms:ViaService": ["s3.eu-central-1.amazonaws.com", "s3.eu-west-1.amazonaws.com"],
    });
    assert_eq!(statements[3].1["Condition"]["StringEquals"], expected);
}

#[test]
fn further_statements_follow() {
    let one = json!({"Sid": "More", "Effect": "Deny", "Principal": "*", "Action": "kms:*", "Resource": "*"});
    for statement in [one.clone(), json!([one])] {
        let statements = Some(json!({ "Statement": statement }).to_string());
        assert_eq!(sids(&Access { statements, ..closed() }), ["Administrators", "More"]);
    }
}

#[test]
fn names_that_are_none_are_refused() {
    let texts = |text: &str| Value::set([text.into()]);
    let role = "arn:aws:iam::111122223333:role/x";
    for (rule, good, bad) in [
        (are_principals as fn(&Value) -> _, role, "111122223333"),
        (are_principals, role, "arn:aws:iam::111122223333:role/*"),
        (are_principals_or_accounts, "111122223333", "role/x"),
        (are_patterns, "role/x-*", "x"),
        (are_accounts, "111122223333", "1"),
        (are_names, "s3", "s3.amazonaws.com"),
    ] {
        assert_eq!(rule(&texts(good)), Ok(()), "{good}");
        let refused = rule(&texts(bad)).unwrap_err();
        assert!(refused.contains(bad), "{refused}");
        assert_eq!(rule(&Value::set([Value::unknown()])), Ok(()));
    }
    assert!(are_services(&Value::map([("logs", Value::Null)])).is_err());
    assert!(are_services(&Value::map([("logs.amazonaws.com", Value::Null)])).is_ok());
}
