//! Bad input and a world out of order: a clear error where it belongs, and nothing made.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use travel_acceptance::sandbox::record::Query;
use travel_acceptance::sandbox::{self, Options, Sandbox};
use travel_acceptance::terraform::{Core, Workspace};

/// A sandbox takes over a gigabyte, so tests take turns.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

const CONFIGURATION: &str = r#"
terraform {
  required_providers {
    travel = { source = "registry.terraform.io/travelsources/travel" }
  }
}

provider "travel" {
  deployment = "acceptance"
  region     = "eu-central-1"
}

resource "travel_organization" "this" {
  name = "acceptance"
}
"#;

/// Applies a configuration in an environment, and expects an error with these words, and that
/// nothing was made.
async fn refuses(sandbox: &Sandbox, text: &str, change: &[(&str, &str)], words: &[&str]) {
    let environment = sandbox.environment().into_iter().filter(|(name, _)| {
        let removed = change.iter().any(|(changed, value)| changed == name && value.is_empty());
        !removed
    });
    let before = sandbox.last_call().await.unwrap();
    let core = Core::installed()[0];
    let mut workspace = Workspace::new(core, environment).unwrap();
    for (name, value) in change.iter().filter(|(_, value)| !value.is_empty()) {
        workspace.set(name, *value);
    }
    workspace.write("main.tf", text).unwrap();
    workspace.init().await.unwrap();
    let error = workspace.apply(&[]).await.unwrap_err().to_string();
    let said = error.replace(['│', '\n'], " ");
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    for word in words {
        assert!(said.contains(word), "{word:?} is not in: {error}");
    }
    let query = Query { since: before, operation: "Create*".into(), ..Query::default() };
    let made = sandbox.record(&query).await.unwrap();
    assert!(made.iter().all(|call| call.status != 200), "something was made: {made:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_world_out_of_order_is_told_clearly() {
    if sandbox::left_out() {
        return;
    }
    let _turn = TURN.lock().await;
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let no_credentials =
        [("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", ""), ("HOME", "/nonexistent")];
    refuses(&sandbox, CONFIGURATION, &no_credentials, &["no AWS credentials", "AWS_PROFILE"]).await;
    let foreign = [("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")];
    refuses(&sandbox, CONFIGURATION, &foreign, &["AWS does not accept the credentials"]).await;
    let silent = [("AWS_ENDPOINT_URL", "http://127.0.0.1:1")];
    refuses(&sandbox, CONFIGURATION, &silent, &["127.0.0.1:1", "AWS_ENDPOINT_URL"]).await;
    let unknown_account = CONFIGURATION.replace("region ", "account = \"nowhere\"\n  region ");
    refuses(&sandbox, &unknown_account, &[], &["nowhere"]).await;
    let no_deployment = CONFIGURATION.replace("deployment = \"acceptance\"", "");
    refuses(&sandbox, &no_deployment, &[], &["\"deployment\" is required"]).await;
    let bad_tag =
        CONFIGURATION.replace("name = \"acc", "tags = { \"aws:x\" = \"y\" }\n  name = \"acc");
    refuses(&sandbox, &bad_tag, &[], &["keys that begin with aws:"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_cannot_be_is_told_where_it_is_written() {
    if sandbox::left_out() {
        return;
    }
    let _turn = TURN.lock().await;
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let (provider, _) = CONFIGURATION.split_once("resource").unwrap();
    let charts = sandbox::repository().join("charts").display().to_string();
    let release = |name: &str, chart: &str, values: &str| {
        format!(
            "{provider}\nresource \"travel_helm_release\" \"this\" {{\n  name = \"{name}\"\n  \
             chart = \"{chart}\"\n  cluster = {{ name = \"nowhere\" }}\n  values = {values}\n}}\n"
        )
    };
    let service = format!("{charts}/service");
    let service = service.as_str();
    let image = "{ image = { repository = \"a\", tag = \"1\" } }";
    for (name, chart, values, words) in [
        ("a", service, image, ["no such cluster", "cluster = {"]),
        ("a", "./none", image, ["no chart \"./none\"", "chart = \"./none\""]),
        ("a", "none", image, ["no chart \"none\"", "chart_mirror"]),
        ("a", service, "{ image = 5 }", ["at '/image'", "values = {"]),
        ("A", service, image, ["invalid name \"A\"", "name = \"A\""]),
    ] {
        refuses(&sandbox, &release(name, chart, values), &[], &words).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn expired_credentials_are_told_as_such() {
    if sandbox::left_out() {
        return;
    }
    let _turn = TURN.lock().await;
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let account = sandbox.connection().management_account.clone();
    let session = sandbox.session(&account, 900).await.unwrap();
    sandbox.expire_sessions().await.unwrap();
    let token = session.session_token.unwrap();
    let expired = [
        ("AWS_ACCESS_KEY_ID", session.access_key_id.as_str()),
        ("AWS_SECRET_ACCESS_KEY", session.secret_access_key.as_str()),
        ("AWS_SESSION_TOKEN", token.as_str()),
    ];
    refuses(&sandbox, CONFIGURATION, &expired, &["the AWS credentials have expired"]).await;
}
