use serde_json::json;
use travel_value::Value;

use super::*;
use crate::testing::{ACCOUNT, Fake, REGION, Reply, Request, sts};

const DEV: &str = "222233334444";
const PROD: &str = "333344445555";

/// Organizations with two pages of accounts.
fn organization(request: &Request) -> Reply {
    if request.action != "organizations:ListAccounts" {
        return Reply::error("NotImplemented", &request.action);
    }
    let account = |name: &str, id: &str, state: &str| json!({"Name": name, "Id": id, "Status": state, "State": state});
    match request.input["NextToken"].as_str() {
        None => Reply::json(json!({
            "NextToken": "2",
            "Accounts": [
                account("dev", "999999999999", "SUSPENDED"),
                account("twice", "100000000000", "ACTIVE"),
                account("root", ACCOUNT, "ACTIVE"),
            ],
        })),
        Some(_) => Reply::json(json!({
            "Accounts": [account("dev", DEV, "ACTIVE"), account("twice", PROD, "ACTIVE")],
        })),
    }
}

fn settings(account: Value, allowed: Value) -> Settings {
    let role = Value::object([
        ("role_arn", Value::from(format!("arn:aws:iam::{PROD}:role/deploy"))),
        ("external_id", "x-1".into()),
        ("session_name", Value::Null),
    ]);
    Settings::read(&Value::object([
        ("region", REGION.into()),
        ("account", account),
        ("accounts", Value::map([("prod", role)])),
        ("allowed_account_ids", allowed),
        ("deployment", "dev/eu-central-1/network".into()),
    ]))
    .unwrap()
}

fn wanted(account: Option<&str>, account_id: Option<&str>) -> Wanted {
    Wanted {
        account: account.map(str::to_owned),
        account_id: account_id.map(str::to_owned),
        region: None,
        regional: true,
    }
}

#[tokio::test]
async fn works_in_the_account_that_is_meant() {
    let list = "organizations:ListAccounts";
    let who = "sts:GetCallerIdentity";
    let assume = "sts:AssumeRole";
    for (default, wanted, id, calls) in [
        (Value::Null, wanted(None, None), ACCOUNT, vec![who]),
        (Value::Null, wanted(None, Some(ACCOUNT)), ACCOUNT, vec![who]),
        (ACCOUNT.into(), wanted(None, None), ACCOUNT, vec![who]),
        ("root".into(), wanted(None, None), ACCOUNT, vec![who, list, list]),
        ("dev".into(), wanted(None, None), DEV, vec![who, list, list, assume, who]),
        ("dev".into(), wanted(Some("prod"), None), PROD, vec![who, assume, who]),
        // What the state says is never looked up.
        ("dev".into(), wanted(Some("dev"), Some(DEV)), DEV, vec![who, assume, who]),
        (Value::unknown(), wanted(None, Some(PROD)), PROD, vec![who, assume, who]),
    ] {
        let fake = Fake::new(organization);
        let session = fake.session(settings(default.clone(), Value::Null));
        let scope = session.scope(&wanted).await.unwrap();
        assert_eq!((scope.account_id(), scope.region()), (id, REGION));
        assert_eq!(fake.actions(), calls, "{default:?} {wanted:?}");
        assert!(session.scope(&wanted).await.is_ok());
        assert_eq!(fake.actions().len(), calls.len(), "a second use needs no call");
        scope.kms().list_keys().send().await.unwrap_err();
        let last = fake.calls().pop().unwrap();
        assert_eq!((last.key.as_str(), last.region.as_str()), (id, REGION));
        scope.in_region("us-east-1").kms().list_keys().send().await.unwrap_err();
        let last = fake.calls().pop().unwrap();
        assert_eq!((last.key.as_str(), last.region.as_str()), (id, "us-east-1"));
    }
}

#[tokio::test]
async fn assumes_the_role_of_the_map_or_the_conventional_one() {
    for (account, role, external_id) in [
        ("prod", format!("arn:aws:iam::{PROD}:role/deploy"), json!("x-1")),
        // The id of an account in the map finds its role too.
        (PROD, format!("arn:aws:iam::{PROD}:role/deploy"), json!("x-1")),
        (DEV, format!("arn:aws:iam::{DEV}:role/OrganizationAccountAccessRole"), json!(null)),
    ] {
        let fake = Fake::new(organization);
        let session = fake.session(settings(Value::Null, Value::Null));
        session.scope(&wanted(Some(account), None)).await.unwrap();
        let calls = fake.calls();
        let assume = calls.iter().find(|call| call.action == "sts:AssumeRole").unwrap();
        assert_eq!(assume.input["RoleArn"], json!(role));
        assert_eq!(assume.input["ExternalId"], external_id);
        assert_eq!(assume.input["RoleSessionName"], json!("travel-dev-eu-central-1-network"));
    }
}

#[tokio::test]
async fn says_why_it_cannot_work_there() {
    let denied = |request: &Request| match request.action.as_str() {
        "sts:AssumeRole" => Reply::query_error("AccessDenied", "not authorized"),
        _ => sts(request).unwrap_or_else(|| organization(request)),
    };
    let elsewhere = |request: &Request| match (request.action.as_str(), request.key.as_str()) {
        ("sts:GetCallerIdentity", PROD) => {
            sts(&Request { key: DEV.into(), ..request.clone() }).unwrap()
        }
        _ => sts(request).unwrap_or_else(|| organization(request)),
    };
    let expired = |_: &Request| Reply::query_error("ExpiredToken", "the token is too old");
    let alone = |request: &Request| {
        let none = || Reply::error("AWSOrganizationsNotInUseException", "no organization");
        sts(request).unwrap_or_else(none)
    };
    for (fake, account, summary, part) in [
        (Fake::with_own_sts(denied), PROD, "no access to account 333344445555", "not authorized"),
        (
            Fake::with_own_sts(elsewhere),
            PROD,
            "arn:aws:iam::333344445555:role/deploy is not in account 333344445555",
            "account 222233334444",
        ),
        (Fake::with_own_sts(expired), PROD, "the AWS credentials have expired", "aws sso login"),
        (Fake::new(organization), "nobody", "no account named \"nobody\"", "travel_account"),
        (Fake::new(organization), "twice", "more than one account is named \"twice\"", PROD),
        (
            Fake::new(alone),
            "dev",
            "there is no AWS organization to look up an account's name in",
            "provider's accounts",
        ),
    ] {
        let session = fake.session(settings(Value::Null, Value::Null));
        let error = session.scope(&wanted(Some(account), None)).await.unwrap_err();
        assert_eq!(error.summary, summary);
        assert!(error.detail.contains(part), "{part:?} is not in {:?}", error.detail);
    }
}

#[tokio::test]
async fn keeps_to_the_allowed_accounts() {
    let fake = Fake::new(organization);
    let session = fake.session(settings("dev".into(), Value::set([DEV.into()])));
    assert!(session.scope(&wanted(None, None)).await.is_ok());
    let error = session.scope(&wanted(None, Some(PROD))).await.unwrap_err();
    assert_eq!(error.summary, format!("account {PROD} is not allowed"));
}

#[tokio::test]
async fn waits_for_a_default_that_is_not_known_yet() {
    let session = Fake::new(organization).session(settings(Value::unknown(), Value::Null));
    let error = session.scope(&wanted(None, None)).await.unwrap_err();
    assert_eq!(error.summary, "the provider's account is not known yet");
}

#[tokio::test]
async fn names_the_account_of_an_imported_object() {
    for (default, id, name) in [
        (Value::Null, DEV, Some(DEV)),
        (Value::Null, ACCOUNT, None),
        (Value::unknown(), DEV, None),
        ("dev".into(), DEV, Some("dev")),
        ("dev".into(), PROD, Some(PROD)),
        ("prod".into(), PROD, Some("prod")),
        ("nobody".into(), PROD, None),
    ] {
        let fake = Fake::new(organization);
        let session = fake.session(settings(default, Value::Null));
        assert_eq!(session.called(id).await.as_deref(), name);
    }
}
