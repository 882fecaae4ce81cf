//! The gateway with the backends that need no emulator.

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt, Empty};
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

use crate::sandbox::client::Client;
use crate::sandbox::faults::{Action, Filter, KILLABLE, Kind, Moment, Rule};
use crate::sandbox::handle::Handle;
use crate::sandbox::record::Query;
use crate::sandbox::trouble::Trouble;
use crate::sandbox::wire::ServiceError;
use crate::sandbox::{Options, Sandbox};

async fn sandbox() -> Sandbox {
    Sandbox::bare(Options::default()).await.unwrap()
}

async fn identify(client: &Client) -> Result<String, ServiceError> {
    let answer = client.query("sts", "GetCallerIdentity", &[]).await?;
    Ok(answer.text_at("GetCallerIdentityResult/Arn").to_owned())
}

fn trouble(trouble: Trouble) -> Action {
    Action::Trouble { trouble, code: None }
}

#[tokio::test]
async fn calls_are_answered_and_recorded() {
    let sandbox = sandbox().await;
    let client = sandbox.client().with_user_agent("x/1 deployment/dev%2Fnetwork");
    let arn = identify(&client).await.unwrap();
    assert_eq!(arn, "arn:aws:iam::111122223333:user/sandbox");
    let entries = sandbox.record(&Query::default()).await.unwrap();
    let [entry] = entries.as_slice() else { panic!("{entries:?}") };
    assert_eq!((entry.sequence, entry.status), (1, 200));
    assert_eq!((entry.service.as_str(), entry.operation.as_str()), ("sts", "GetCallerIdentity"));
    assert_eq!((entry.account.as_str(), entry.region.as_str()), ("111122223333", "eu-central-1"));
    assert_eq!(entry.process_id, Some(i32::try_from(std::process::id()).unwrap()));
    assert_eq!(sandbox.counts(&Query::default()).await.unwrap()["dev/network"], 1);
    let later = Query { since: sandbox.last_call().await.unwrap(), ..Query::default() };
    assert_eq!(sandbox.record(&later).await.unwrap(), []);
}

#[tokio::test]
async fn strangers_and_forgers_are_refused() {
    let sandbox = sandbox().await;
    let mut credentials = sandbox.credentials("111122223333").await.unwrap();
    let with = |credentials| Client::new(sandbox.endpoint(), credentials, "eu-central-1");
    assert!(identify(&with(credentials.clone())).await.is_ok());
    credentials.secret_access_key.push('x');
    let error = identify(&with(credentials.clone())).await.unwrap_err();
    assert_eq!((error.status, error.code.as_str()), (403, "SignatureDoesNotMatch"));
    credentials.access_key_id.replace_range(4..6, "00");
    let error = identify(&with(credentials)).await.unwrap_err();
    assert_eq!((error.status, error.code.as_str()), (403, "InvalidClientTokenId"));
    let error = sandbox.credentials("999999999999").await.unwrap_err();
    assert!(error.to_string().contains("Organizations has to make it"), "{error}");
}

#[tokio::test]
async fn sessions_expire_in_the_shape_of_each_service() {
    let sandbox = sandbox().await;
    let expired = sandbox.session("111122223333", -1).await.unwrap();
    let client = Client::new(sandbox.endpoint(), expired, "eu-central-1");
    let ec2 = client.query("ec2", "DescribeVpcs", &[]).await.unwrap_err();
    assert_eq!(ec2.code, "RequestExpired");
    let kms = client.json("kms", "ListKeys", &json!({})).await.unwrap_err();
    assert_eq!(kms.code, "ExpiredTokenException");
    let eks = client.rest("eks", Method::GET, "/clusters", "").await.unwrap_err();
    assert_eq!((eks.status, eks.code.as_str()), (403, "ExpiredTokenException"));
    let live = sandbox.session("111122223333", 900).await.unwrap();
    let client = Client::new(sandbox.endpoint(), live, "eu-central-1");
    assert!(identify(&client).await.is_ok());
    sandbox.expire_sessions().await.unwrap();
    assert_eq!(identify(&client).await.unwrap_err().code, "ExpiredToken");
}

#[tokio::test]
async fn faults_speak_each_protocol() {
    let sandbox = sandbox().await;
    let client = sandbox.client();
    let set = async |service: &str, action| {
        sandbox.clear_faults().await.unwrap();
        sandbox.add_fault(&Rule::once(Filter::of(service, ""), action)).await.unwrap()
    };
    set("ec2", trouble(Trouble::Throttled)).await;
    let error = client.query("ec2", "CreateVpc", &[]).await.unwrap_err();
    assert_eq!((error.status, error.code.as_str()), (503, "RequestLimitExceeded"));
    set("kms", trouble(Trouble::Throttled)).await;
    let error = client.json("kms", "CreateKey", &json!({})).await.unwrap_err();
    assert_eq!((error.status, error.code.as_str()), (400, "ThrottlingException"));
    set("s3", trouble(Trouble::Throttled)).await;
    let error = client.rest("s3", Method::PUT, "/bucket/key", "x").await.unwrap_err();
    assert_eq!((error.status, error.code.as_str()), (503, "SlowDown"));
    set("eks", trouble(Trouble::AccessDenied)).await;
    let error = client.rest("eks", Method::GET, "/clusters", "").await.unwrap_err();
    assert_eq!((error.status, error.code.as_str()), (403, "AccessDeniedException"));
    let id = set(
        "iam",
        Action::Error { code: "LimitExceeded".into(), message: "m".into(), status: 409 },
    )
    .await;
    let error = client.query("iam", "CreateRole", &[]).await.unwrap_err();
    assert_eq!((error.status, error.code.as_str()), (409, "LimitExceeded"));
    let standing = sandbox.fault(id).await.unwrap();
    assert_eq!((standing.matched, standing.fired.len()), (1, 1));
    let entries =
        sandbox.record(&Query { service: "iam".into(), ..Query::default() }).await.unwrap();
    assert_eq!(entries[0].fault.as_deref(), Some("LimitExceeded"));
    assert_eq!(entries[0].error.as_deref(), Some("LimitExceeded"));
}

#[tokio::test]
async fn connections_break_on_request() {
    let sandbox = sandbox().await;
    let client = sandbox.client();
    let filter = Filter { kind: Kind::Read, ..Filter::of("sts", "*") };
    sandbox.add_fault(&Rule::once(filter.clone(), Action::Reset)).await.unwrap();
    let error = identify(&client).await.unwrap_err();
    assert_eq!(error.code, "InternalFailure", "{error}");
    assert!(identify(&client).await.is_ok());

    sandbox.clear_faults().await.unwrap();
    let id = sandbox.add_fault(&Rule::once(filter.clone(), Action::Hang)).await.unwrap();
    // The caller gives up; the gateway lets go of the call then.
    let wait = tokio::time::timeout(Duration::from_millis(200), identify(&client)).await;
    assert!(wait.is_err());
    let mut ticks = tokio::time::interval(Duration::from_millis(5));
    while sandbox.fault(id).await.unwrap().fired.is_empty() {
        ticks.tick().await;
    }
    let unanswered: Vec<u64> = sandbox
        .record(&Query::default())
        .await
        .unwrap()
        .into_iter()
        .filter(|entry| entry.status == 0)
        .map(|entry| entry.sequence)
        .collect();
    assert_eq!(unanswered, [1, 3]);

    sandbox.clear_faults().await.unwrap();
    let delay = Action::Delay { milliseconds: 30 };
    sandbox.add_fault(&Rule::once(filter, delay)).await.unwrap();
    assert!(identify(&client).await.is_ok());
    let last = sandbox.record(&Query::default()).await.unwrap().pop().unwrap();
    assert_eq!(last.fault.as_deref(), Some("delay"));
    assert!(last.latency_milliseconds >= 30.0);
}

#[tokio::test]
async fn a_fault_after_the_work_hides_its_answer() {
    let sandbox = sandbox().await;
    let client = sandbox.client();
    let rule = Rule {
        moment: Moment::After,
        ..Rule::once(Filter::of("sts", "GetSessionToken"), trouble(Trouble::Failure))
    };
    sandbox.add_fault(&rule).await.unwrap();
    let error = client.query("sts", "GetSessionToken", &[]).await.unwrap_err();
    assert_eq!(error.status, 500);
    assert!(client.query("sts", "GetSessionToken", &[]).await.is_ok());
}

const ENDPOINT: &str = "TRAVEL_TEST_ENDPOINT";
const KEY: &str = "TRAVEL_TEST_KEY";

/// What the process of the kill tests does: it calls again and again. Without its environment it is no test.
#[tokio::test]
async fn calling_process() {
    let (Ok(endpoint), Ok(key)) = (std::env::var(ENDPOINT), std::env::var(KEY)) else { return };
    let client = Client::new(&endpoint, serde_json::from_str(&key).unwrap(), "eu-central-1");
    for _ in 0..5 {
        identify(&client).await.unwrap();
    }
}

/// Runs [`calling_process`] under a program name and says which signal ended it.
async fn run_caller(name: &str, sandbox: &Handle) -> Option<i32> {
    // A link, not a copy: a file that is being written cannot be run, and a process that another
    // test starts meanwhile would hold it open for writing.
    let own = std::env::current_exe().unwrap();
    let folder = tempfile::tempdir_in(own.parent().unwrap()).unwrap();
    let program = folder.path().join(name);
    std::fs::hard_link(&own, &program).unwrap();
    let credentials = sandbox.credentials("111122223333").await.unwrap();
    let output = tokio::process::Command::new(program)
        .args(["--exact", "sandbox::gateway::tests::calling_process"])
        .env(ENDPOINT, sandbox.endpoint())
        .env(KEY, serde_json::to_string(&credentials).unwrap())
        .output()
        .await
        .unwrap();
    assert!(output.status.success() || output.status.signal().is_some(), "{output:?}");
    output.status.signal()
}

async fn check_kill(moment: Moment, expected_statuses: &[u16]) {
    let sandbox = sandbox().await;
    let id = sandbox.kill_at(Filter::of("sts", ""), 3, moment).await.unwrap();
    // Neither a test nor anybody else is killed, nor counted.
    assert!(identify(&sandbox.client()).await.is_ok());
    assert_eq!(run_caller("somebody-else", &sandbox).await, None);
    assert_eq!(sandbox.fault(id).await.unwrap().matched, 0);
    let since = sandbox.last_call().await.unwrap();
    let name = format!("{KILLABLE}_v0.1.0");
    assert_eq!(run_caller(&name, &sandbox).await, Some(9));
    let standing = sandbox.fault(id).await.unwrap();
    assert_eq!((standing.matched, standing.fired.len()), (3, 1));
    assert_eq!(standing.fired[0].problem, None);
    let entries = sandbox.record(&Query { since, ..Query::default() }).await.unwrap();
    let statuses: Vec<u16> = entries.iter().map(|entry| entry.status).collect();
    assert_eq!(statuses, expected_statuses);
    assert_eq!(entries[2].fault.as_deref(), Some("kill"));
    assert_eq!(entries[2].executable.as_deref(), Some(name.as_str()));
}

#[tokio::test]
async fn kills_the_provider_before_the_call() {
    check_kill(Moment::Before, &[200, 200, 0]).await;
}

#[tokio::test]
async fn kills_the_provider_after_the_call() {
    check_kill(Moment::After, &[200, 200, 0]).await;
}

#[tokio::test]
async fn the_control_api_says_what_is_wrong() {
    let sandbox = sandbox().await;
    let error = sandbox.service(Method::GET, "nosuch", "x", None).await.unwrap_err();
    assert!(error.to_string().contains("404"), "{error}");
    let settings = sandbox.settings().await.unwrap();
    assert_eq!(sandbox.set_settings(&settings).await.unwrap(), settings);
    sandbox.advance_clock(3600).await.unwrap();
    assert!(sandbox.world().clock.ahead().num_minutes() == 60);
    assert_eq!(sandbox.accounts().await.unwrap().len(), 1);
    assert_eq!(sandbox.status().await.unwrap()["ready"], false);
}

/// What a request with these headers, and no other signature, gets: status and JSON.
async fn get(sandbox: &Handle, path: &str, headers: &[(&str, &str)]) -> (u16, Value) {
    let mut request = Request::get(format!("{}/{path}", sandbox.endpoint()));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let http = HttpClient::builder(TokioExecutor::new()).build_http();
    let response = http.request(request.body(Empty::<Bytes>::new()).unwrap()).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap())
}

#[tokio::test]
async fn a_service_that_is_not_in_the_table_is_said_and_recorded() {
    let sandbox = sandbox().await;
    let authorization = "AWS4-HMAC-SHA256 Credential=AKIAAAAAAAAAAAAAAAAA/20260101/eu-central-1/appconfig/aws4_request, SignedHeaders=host, Signature=0";
    let headers = [("authorization", authorization), ("x-amz-date", "20260101T000000Z")];
    let (status, said) = get(&sandbox, "applications", &headers).await;
    assert_eq!(status, 501);
    assert!(said["message"].as_str().unwrap().contains("\"appconfig\""), "{said}");
    let entries = sandbox.record(&Query::default()).await.unwrap();
    assert_eq!(entries.len(), 1);
    assert_eq!((entries[0].operation.as_str(), entries[0].status), ("GET /applications", 501));
}

#[tokio::test]
async fn the_portal_gives_credentials_to_who_has_signed_in() {
    let sandbox = sandbox().await;
    let made = sandbox.service(Method::POST, "sso", "tokens", None).await.unwrap();
    let token = made["access_token"].as_str().unwrap();
    let ask = async |token: &str, account: &str| {
        let path = format!("federation/credentials?account_id={account}&role_name=Administrator");
        get(&sandbox, &path, &[("x-amz-sso_bearer_token", token)]).await
    };
    assert_eq!(ask("another", "111122223333").await.0, 401);
    assert_eq!(ask(token, "999999999999").await.0, 403);
    let (status, answer) = ask(token, "111122223333").await;
    assert_eq!(status, 200);
    let text = |name: &str| answer["roleCredentials"][name].as_str().unwrap().to_owned();
    let credentials = crate::sandbox::accounts::Credentials {
        access_key_id: text("accessKeyId"),
        secret_access_key: text("secretAccessKey"),
        session_token: Some(text("sessionToken")),
        expiration: None,
    };
    let client = Client::new(sandbox.endpoint(), credentials, "eu-central-1");
    let arn = identify(&client).await.unwrap();
    assert!(arn.contains(":assumed-role/AWSReservedSSO_Administrator_"), "{arn}");
}
