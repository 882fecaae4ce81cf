//! Credentials that end while something is made: a role's session is got anew, and what nobody can
//! renew is told of before anything is made.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::{Duration, Instant};

use serde_json::json;
use travel_acceptance::conformance::provider_start;
use travel_acceptance::core::{Configuration, Core, State};
use travel_acceptance::sandbox::record::Query;
use travel_acceptance::sandbox::{self, Options, Sandbox};

const PATIENCE: Duration = Duration::from_secs(60);
const KEY: &str = r#"resource "travel_kms_key" "this" { name = "one" }"#;

fn configuration(account: &str, text: &str) -> Configuration {
    let provider = format!(
        r#"provider "travel" {{
  deployment = "credentials"
  region     = "eu-central-1"
  {account}
}}"#
    );
    Configuration::read(&format!("{provider}\n{text}"), Default::default()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_create_goes_on_with_a_new_session() {
    if sandbox::left_out() {
        return;
    }
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let account = member(&sandbox).await;
    let network = r#"resource "travel_network" "this" {
  name  = "long"
  cidr  = "10.9.0.0/16"
  zones = ["eu-central-1a", "eu-central-1b"]
  nat   = "single"
}"#;
    let configuration = configuration(&format!("account = \"{account}\""), network);
    let core = Core::new(provider_start(sandbox.environment()).unwrap());
    let mut state = State::default();
    let plan = core.plan(&configuration, &state).await.unwrap();
    let since = sandbox.last_call().await.unwrap();
    let made = core.carry_out(&configuration, &plan, &mut state);
    let ended = async {
        calls(&sandbox, since, "CreateVpc", |count| count > 0).await;
        sandbox.expire_sessions().await.unwrap();
    };
    let (made, ()) = tokio::join!(made, ended);
    made.unwrap();
    let all = sandbox.record(&Query { since, ..Query::default() }).await.unwrap();
    let refused =
        all.iter().filter(|it| it.error.as_deref().is_some_and(|it| it.contains("Expired")));
    assert!(refused.count() > 0, "no call met the end of the session");
    // One at first, one after the end.
    assert_eq!(all.iter().filter(|it| it.operation == "AssumeRole").count(), 2);
    assert!(core.plan(&configuration, &state).await.unwrap().summary().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn ended_credentials_make_nothing() {
    if sandbox::left_out() {
        return;
    }
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let account = sandbox.connection().management_account.clone();
    let session = sandbox.session(&account, 3600).await.unwrap();
    let given = [
        ("AWS_ACCESS_KEY_ID", session.access_key_id),
        ("AWS_SECRET_ACCESS_KEY", session.secret_access_key),
        ("AWS_SESSION_TOKEN", session.session_token.unwrap()),
    ];
    let given = given.map(|(name, value)| (name.to_owned(), value));
    let given = given.into_iter().chain([("TF_LOG_PROVIDER".to_owned(), "WARN".to_owned())]);
    let mut start = provider_start(sandbox.environment().into_iter().chain(given)).unwrap();
    let configuration = configuration("", KEY);
    let mut state = State::default();
    let mut end = |seconds: i64| {
        let end = chrono::Utc::now() + chrono::TimeDelta::seconds(seconds);
        start.environment.insert("AWS_CREDENTIAL_EXPIRATION".to_owned(), end.to_rfc3339());
        Core::new(start.clone())
    };
    // It is told at the plan, and refused at the apply, before any call.
    let ended = end(-60);
    let plan = ended.plan(&configuration, &state).await.unwrap();
    let since = sandbox.last_call().await.unwrap();
    let error = ended.carry_out(&configuration, &plan, &mut state).await.unwrap_err();
    assert!(format!("{error:#}").contains("the AWS credentials have ended"), "{error:#}");
    assert_eq!(sandbox.last_call().await.unwrap(), since);
    told(&ended, "the AWS credentials have ended").await;
    // What is still good works, and says at the plan that it may not be for long.
    let short = end(60);
    let plan = short.plan(&configuration, &state).await.unwrap();
    told(&short, "the AWS credentials may end too soon").await;
    short.carry_out(&configuration, &plan, &mut state).await.unwrap();
}

/// Waits until a provider has logged these words.
async fn told(core: &Core, words: &str) {
    let begun = Instant::now();
    let mut log = String::new();
    while !log.contains(words) {
        assert!(begun.elapsed() < PATIENCE, "{words:?} is not in {log:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
        log.push_str(&core.start.log.take());
    }
}

/// A member account of the organization.
async fn member(sandbox: &Sandbox) -> String {
    let client = sandbox.client();
    // There may be an organization already.
    drop(client.json("organizations", "CreateOrganization", &json!({"FeatureSet": "ALL"})).await);
    let input = json!({"AccountName": "member", "Email": "member@example.com"});
    let asked = client.json("organizations", "CreateAccount", &input).await.unwrap();
    let input = json!({"CreateAccountRequestId": asked["CreateAccountStatus"]["Id"]});
    let begun = Instant::now();
    loop {
        let status = client.json("organizations", "DescribeCreateAccountStatus", &input).await;
        let status = status.unwrap()["CreateAccountStatus"].clone();
        if status["State"] == "SUCCEEDED" {
            return status["AccountId"].as_str().unwrap().to_owned();
        }
        assert!(begun.elapsed() < PATIENCE, "{status}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Waits until so many calls of an operation have been made.
async fn calls(sandbox: &Sandbox, since: u64, operation: &str, enough: impl Fn(usize) -> bool) {
    let query = Query { since, operation: operation.to_owned(), ..Query::default() };
    let begun = Instant::now();
    while !enough(sandbox.record(&query).await.unwrap().len()) {
        assert!(begun.elapsed() < PATIENCE, "there is no {operation}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
