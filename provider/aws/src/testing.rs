//! A stand-in for AWS in unit tests: it answers each request by a function of the test's own, and
//! remembers what it was asked.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::identity::IdentityCache;
use aws_config::retry::RetryConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use aws_types::SdkConfig;
use aws_types::region::Region;
use serde_json::{Value as Json, json};
use travel_framework::Call;
use travel_framework::ownership::Claim;

use crate::platform::Aws;
use crate::session::{Session, Wanted};
use crate::settings::Settings;

/// The account of the credentials that a fake accepts.
pub const ACCOUNT: &str = "111122223333";
/// The region of its calls.
pub const REGION: &str = "eu-central-1";

/// One request, as the service would understand it.
#[derive(Clone, Debug)]
pub struct Request {
    /// The access key it is signed with.
    pub key: String,
    /// The region it is signed for.
    pub region: String,
    /// Service and action, as in `kms:CreateKey`; of a service without actions the method and
    /// path, as in `dlm:GET /policies`.
    pub action: String,
    /// The parameters: the JSON body, or the form fields as strings.
    pub input: Json,
}

/// What a fake answers.
#[derive(Clone, Debug)]
pub struct Reply {
    status: u16,
    body: String,
}

impl Reply {
    /// A JSON answer.
    pub fn json(body: Json) -> Self {
        Self { status: 200, body: body.to_string() }
    }

    /// An XML answer of the query protocol: what stands inside the result element of an action.
    pub fn query(action: &str, result: &str) -> Self {
        let body = format!(
            "<{action}Response><{action}Result>{result}</{action}Result></{action}Response>"
        );
        Self { status: 200, body }
    }

    /// An XML answer of EC2.
    pub fn ec2(action: &str, content: &str) -> Self {
        Self { status: 200, body: format!("<{action}Response>{content}</{action}Response>") }
    }

    /// An error of a service that speaks JSON.
    pub fn error(code: &str, message: &str) -> Self {
        Self { status: 400, body: json!({"__type": code, "message": message}).to_string() }
    }

    /// An error of a service that speaks the query protocol.
    pub fn query_error(code: &str, message: &str) -> Self {
        let body = format!(
            "<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error>\
             </ErrorResponse>"
        );
        Self { status: 403, body }
    }

    /// An error of EC2.
    pub fn ec2_error(status: u16, code: &str) -> Self {
        let body = format!(
            "<Response><Errors><Error><Code>{code}</Code><Message>no</Message></Error></Errors>\
             <RequestID>r-1</RequestID></Response>"
        );
        Self { status, body }
    }
}

type Handler = dyn Fn(&Request) -> Reply + Send + Sync;

/// The stand-in.
#[derive(Clone)]
pub struct Fake {
    calls: Arc<Mutex<Vec<Request>>>,
    handler: Arc<Handler>,
}

impl fmt::Debug for Fake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Fake")
    }
}

impl Fake {
    /// One that answers by this function, and STS by [`sts`].
    pub fn new(handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        Self::with_own_sts(move |request| sts(request).unwrap_or_else(|| handler(request)))
    }

    /// One that answers everything by this function.
    pub fn with_own_sts(handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        Self { calls: Arc::default(), handler: Arc::new(handler) }
    }

    /// Everything it was asked, in order.
    pub fn calls(&self) -> Vec<Request> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The actions it was asked for, in order.
    pub fn actions(&self) -> Vec<String> {
        self.calls().into_iter().map(|request| request.action).collect()
    }

    /// The SDK's configuration that leads here.
    pub fn config(&self) -> SdkConfig {
        let credentials = Credentials::new(ACCOUNT, "secret", None, None, "test");
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static(REGION))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .identity_cache(IdentityCache::lazy().build())
            .http_client(SharedHttpClient::new(self.clone()))
            .retry_config(RetryConfig::disabled())
            .sleep_impl(aws_smithy_async::rt::sleep::TokioSleep::new())
            .time_source(aws_smithy_async::time::SystemTimeSource::new())
            .build()
    }

    /// A session that leads here.
    pub fn session(&self, settings: Settings) -> Arc<Session> {
        Arc::new(Session::with_base(settings, self.config()))
    }
}

/// What STS answers: the access key of a role's session is the id of its account.
pub fn sts(request: &Request) -> Option<Reply> {
    match request.action.as_str() {
        "sts:GetCallerIdentity" => {
            let account = &request.key;
            let result = format!(
                "<Arn>arn:aws:iam::{account}:user/test</Arn><UserId>U</UserId>\
                 <Account>{account}</Account>"
            );
            Some(Reply::query("GetCallerIdentity", &result))
        }
        "sts:AssumeRole" => {
            let role = request.input["RoleArn"].as_str().unwrap_or_default();
            let account = role.split(':').nth(4).unwrap_or_default();
            let result = format!(
                "<Credentials><AccessKeyId>{account}</AccessKeyId><SecretAccessKey>s\
                 </SecretAccessKey><SessionToken>t</SessionToken>\
                 <Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>"
            );
            Some(Reply::query("AssumeRole", &result))
        }
        _ => None,
    }
}

impl HttpClient for Fake {
    fn http_connector(
        &self,
        _settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Fake {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let request = understand(&request);
        let reply = (self.handler)(&request);
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).push(request);
        let status = StatusCode::try_from(reply.status).unwrap();
        HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(reply.body))))
    }
}

fn understand(request: &HttpRequest) -> Request {
    let headers = request.headers();
    let signature = headers.get("authorization").unwrap_or_default();
    let scope = signature.split("Credential=").nth(1).unwrap_or_default();
    let scope: Vec<&str> = scope.split(['/', ',']).collect();
    let [key, _, region, service, ..] = scope.as_slice() else {
        panic!("an unsigned request: {signature:?}")
    };
    let body = request.body().bytes().unwrap_or_default();
    let (action, input) = match headers.get("x-amz-target") {
        Some(target) => {
            let input = serde_json::from_slice(body).unwrap();
            (target.rsplit('.').next().unwrap_or_default().to_owned(), input)
        }
        None if headers.get("content-type").is_some_and(|it| it.contains("form-urlencoded")) => {
            form(body)
        }
        None => rest(request),
    };
    Request {
        key: (*key).to_owned(),
        region: (*region).to_owned(),
        action: format!("{service}:{action}"),
        input,
    }
}

/// A request of a service whose actions are methods and paths: action `GET /policies/1`.
fn rest(request: &HttpRequest) -> (String, Json) {
    let (_, address) = request.uri().split_once("://").unwrap_or_default();
    let path = address.split_once('/').map_or("", |(_, path)| path);
    let body = request.body().bytes().unwrap_or_default();
    let input = serde_json::from_slice(body).unwrap_or_default();
    (format!("{} /{path}", request.method()), input)
}

fn form(body: &[u8]) -> (String, Json) {
    let text = String::from_utf8_lossy(body).replace('+', " ");
    let decode =
        |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    let fields: BTreeMap<String, String> = text
        .split('&')
        .filter_map(|field| field.split_once('='))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect();
    (fields.get("Action").cloned().unwrap_or_default(), json!(fields))
}

/// The mark of a test's operations.
pub fn claim(resource: &str) -> Claim {
    Claim {
        deployment: "dev/test".into(),
        previous_deployments: Vec::new(),
        resource: resource.to_owned(),
        generation: "g1".into(),
    }
}

/// An operation whose calls go to a fake.
pub async fn call(fake: &Fake) -> Call<Aws> {
    call_on(fake, Settings::default(), "travel_test/main").await
}

/// An operation on a resource, under a configuration of the provider.
pub async fn call_on(fake: &Fake, settings: Settings, resource: &str) -> Call<Aws> {
    let wanted = Wanted { region: Some(REGION.into()), regional: true, ..Wanted::default() };
    let scope = fake.session(settings).scope(&wanted).await.unwrap();
    Call::new(scope, claim(resource), Default::default(), Duration::from_secs(600))
}
