//! The log's line for each request to AWS: which call it was of, where, how long it took, and what
//! came of it.
//!
//! It is written where requests leave the process, so that every attempt has its line, also of the
//! calls that the SDK makes by itself for credentials.

use std::time::{Duration, Instant};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextMut;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, Metadata};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use tracing::Level;

use crate::connection::attempt;
use crate::error::{self, Weight};
use crate::passage::Step;

/// Writes a line for each answer.
#[derive(Clone, Debug)]
pub struct Logged;

impl Step for Logged {
    fn pass(&self, request: HttpRequest, next: &SharedHttpConnector) -> HttpConnectorFuture {
        let line = Line::of(&request);
        let begun = Instant::now();
        let answer = next.call(request);
        HttpConnectorFuture::new(async move {
            let mut answer = answer.await;
            let code = match &mut answer {
                Ok(response) => error::code_in(response).await?,
                Err(_) => None,
            };
            line.write(&answer, code.as_deref(), begun.elapsed());
            answer
        })
    }
}

/// Which call a request is of, and in whose account: what a request does not say by itself.
#[derive(Clone, Debug)]
struct Purpose {
    operation: String,
    account: Option<String>,
}

/// Has the requests of a client say what they are for.
#[derive(Debug)]
pub struct Purposes {
    account: Option<String>,
}

impl Purposes {
    /// For the requests of a client that works in this account, where it is known.
    pub const fn new(account: Option<String>) -> Self {
        Self { account }
    }
}

#[dyn_dispatch_hint]
impl Intercept for Purposes {
    fn name(&self) -> &'static str {
        "Purposes"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        configuration: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(metadata) = configuration.load::<Metadata>() {
            let operation = metadata.name().to_owned();
            let purpose = Purpose { operation, account: self.account.clone() };
            context.request_mut().add_extension(purpose);
        }
        Ok(())
    }
}

/// What a line says of a request.
#[derive(Debug, PartialEq, Eq)]
struct Line {
    service: String,
    operation: String,
    account: Option<String>,
    region: Option<String>,
    attempt: u32,
}

impl Line {
    fn of(request: &HttpRequest) -> Self {
        let purpose = request.extension::<Purpose>();
        Self {
            service: service(request),
            operation: purpose.map_or_else(|| operation(request), |it| it.operation.clone()),
            account: purpose.and_then(|it| it.account.clone()),
            region: region(request),
            attempt: attempt(request),
        }
    }

    fn write(
        &self,
        answer: &Result<HttpResponse, ConnectorError>,
        error: Option<&str>,
        duration: Duration,
    ) {
        let response = answer.as_ref().ok();
        let status = response.map(|it| it.status().as_u16());
        let outcome = match answer {
            Ok(response) => outcome(response, error),
            Err(error) => format!("got no answer: {}", error::chain(error)),
        };
        let Self { service, operation, account, region, attempt } = self;
        macro_rules! line {
            ($level:expr) => {
                tracing::event!(
                    $level,
                    service,
                    operation,
                    account,
                    region,
                    attempt,
                    status,
                    error,
                    request_id = response.and_then(request_id),
                    duration_milliseconds = duration.as_millis(),
                    "{service}:{operation} {outcome}"
                )
            };
        }
        match weight(status, error) {
            Weight::Expected => line!(Level::DEBUG),
            Weight::Refused => line!(Level::INFO),
            Weight::Troubling => line!(Level::WARN),
        }
    }
}

/// What came of a request, in words that follow its name.
fn outcome(response: &HttpResponse, error: Option<&str>) -> String {
    match error {
        Some(code) => format!("failed: {code}"),
        None if response.status().as_u16() < 400 => "succeeded".to_owned(),
        None => format!("failed: HTTP status {}", response.status().as_u16()),
    }
}

/// How much an answer says to whoever watches an apply.
fn weight(status: Option<u16>, error: Option<&str>) -> Weight {
    match (status, error) {
        (Some(..400 | 404), _) => Weight::Expected,
        (None | Some(429 | 500..), _) => Weight::Troubling,
        (_, Some(code)) => Weight::of(code),
        _ => Weight::Refused,
    }
}

/// The service by its name in IAM's actions. The SDK writes its own name for it into the user agent.
fn service(request: &HttpRequest) -> String {
    let products = request.headers().get("x-amz-user-agent");
    let products = products.or_else(|| request.headers().get("user-agent")).unwrap_or_default();
    let api = products.split(' ').find_map(|product| product.strip_prefix("api/"));
    let name = api.and_then(|it| it.split(['/', '#']).next()).unwrap_or("http");
    error::iam_prefix(name).to_owned()
}

/// The operation, as far as the request itself says.
fn operation(request: &HttpRequest) -> String {
    let target = request.headers().get("x-amz-target");
    if let Some((_, operation)) = target.and_then(|it| it.rsplit_once('.')) {
        return operation.to_owned();
    }
    let form = request.body().bytes().and_then(|bytes| std::str::from_utf8(bytes).ok());
    let action = form.and_then(|it| it.strip_prefix("Action=")?.split('&').next());
    // The query is left out: it may hold what nobody is to read.
    action.map_or_else(|| format!("{} {}", request.method(), path(request.uri())), str::to_owned)
}

fn path(uri: &str) -> &str {
    let rest = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    let path = rest.find('/').map_or("/", |at| &rest[at..]);
    path.split('?').next().unwrap_or(path)
}

/// The region that a request is signed for.
fn region(request: &HttpRequest) -> Option<String> {
    let authorization = request.headers().get("authorization")?;
    // As in `Credential=KEY/20260131/eu-central-1/kms/aws4_request`.
    let scope = authorization.split("Credential=").nth(1)?.split([',', ' ']).next()?;
    scope.rsplit('/').nth(2).map(str::to_owned)
}

fn request_id(response: &HttpResponse) -> Option<&str> {
    ["x-amzn-requestid", "x-amzn-request-id", "x-amz-request-id"]
        .into_iter()
        .find_map(|name| response.headers().get(name))
}

#[cfg(test)]
mod tests;
