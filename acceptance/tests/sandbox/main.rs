//! The sandbox with the real emulators behind it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod access_analyzer;
mod accounts;
mod background;
mod cloudtrail;
mod config;
mod dlm;
mod eks;
mod guardduty;
mod identity_center;
mod judge;
mod lists;
mod network;
mod network_firewall;
mod organization;
mod rbin;
mod routing;

use std::sync::LazyLock;
use std::time::Duration;

use serde_json::json;
use tokio::runtime::Runtime;
use tokio::sync::OnceCell;
use travel_acceptance::sandbox::client::Client;
use travel_acceptance::sandbox::settings::Settings;
use travel_acceptance::sandbox::{Options, Sandbox, left_out, repository, tools_folder};

/// One runtime for all tests: a sandbox lives in the runtime that started it.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());
static SHARED: OnceCell<Sandbox> = OnceCell::const_new();

/// Runs a test, or says that it is left out where the emulators are not installed.
fn run(test: impl Future<Output = ()> + Send + 'static) {
    if left_out() {
        return;
    }
    let joined = RUNTIME.block_on(RUNTIME.spawn(test));
    if let Err(error) = joined {
        // What a thread of the runtime prints is kept for the test that has started it: it is said again.
        let payload = error.into_panic();
        match payload.downcast_ref::<String>() {
            Some(message) => panic!("{message}"),
            None => std::panic::resume_unwind(payload),
        }
    }
}

/// The sandbox that tests share who change neither its settings nor its faults.
async fn shared() -> &'static Sandbox {
    SHARED.get_or_init(async || own(Settings::default()).await).await
}

/// A sandbox of the test's own, with an organization.
async fn own(settings: Settings) -> Sandbox {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    sandbox.set_settings(&settings).await.unwrap();
    let input = json!({"FeatureSet": "ALL"});
    sandbox.client().json("organizations", "CreateOrganization", &input).await.unwrap();
    sandbox
}

/// A client in a new account of the organization.
async fn account(sandbox: &Sandbox, name: &str) -> Client {
    let id = create_account(sandbox, name, &format!("{name}@example.com")).await.unwrap();
    let role = format!("arn:aws:iam::{id}:role/OrganizationAccountAccessRole");
    sandbox.client().assume_role(&role).await.unwrap()
}

/// Makes an account and waits for it, again while tests beside this one make too many; its id, or the reason of its
/// failure.
async fn create_account(sandbox: &Sandbox, name: &str, email: &str) -> Result<String, String> {
    loop {
        match ask_for_account(sandbox, name, email).await {
            Err(reason) if reason == "CONCURRENT_ACCOUNT_MODIFICATION" => {}
            ended => return ended,
        }
    }
}

/// Asks for an account once, and waits for what comes of it.
async fn ask_for_account(sandbox: &Sandbox, name: &str, email: &str) -> Result<String, String> {
    let client = sandbox.client();
    let input = json!({"AccountName": name, "Email": email});
    let asked = client.json("organizations", "CreateAccount", &input).await.unwrap();
    let mut status = asked["CreateAccountStatus"].clone();
    assert_eq!(status["State"], "IN_PROGRESS");
    let input = json!({"CreateAccountRequestId": status["Id"]});
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    while status["State"] == "IN_PROGRESS" {
        ticks.tick().await;
        let answer = client.json("organizations", "DescribeCreateAccountStatus", &input).await;
        status = answer.unwrap()["CreateAccountStatus"].clone();
    }
    match status["AccountId"].as_str() {
        Some(id) => Ok(id.to_owned()),
        None => Err(status["FailureReason"].as_str().unwrap().to_owned()),
    }
}

/// Runs a script of this folder with botocore, as a user of an account and with more in its environment; it fails by
/// an exception.
async fn run_script(sandbox: &Sandbox, account: &str, script: &str, environment: &[(&str, &str)]) {
    let credentials = sandbox.credentials(account).await.unwrap();
    let output = tokio::process::Command::new(tools_folder().join("moto/bin/python"))
        .arg(repository().join("acceptance/tests/sandbox").join(script))
        .envs(sandbox.environment())
        .env("AWS_ACCESS_KEY_ID", credentials.access_key_id)
        .env("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key)
        .envs(environment.iter().copied())
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The text at a path of an answer of the query protocols.
async fn ask(client: &Client, operation: &str, parameters: &[(&str, &str)], path: &str) -> String {
    let answer = client.query("ec2", operation, parameters).await;
    answer.unwrap_or_else(|error| panic!("{operation}: {error}")).text_at(path).to_owned()
}

/// The code of the error that an EC2 call must meet.
async fn refused(client: &Client, operation: &str, parameters: &[(&str, &str)]) -> String {
    match client.query("ec2", operation, parameters).await {
        Ok(_) => panic!("{operation} {parameters:?} was not refused"),
        Err(error) => error.code,
    }
}
