//! What a failed AWS call means for a person: what failed, where, with which request id, and what
//! to do next.

mod action;

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::error::operation::BuildError;
use aws_types::request_id::RequestId;
use travel_framework::{Diagnostic, Failure};

use crate::connection::{Unreachable, find};
use crate::scope::Scope;

/// What an AWS call gives.
pub type Answer<T, E> = Result<T, SdkError<E, HttpResponse>>;

/// Turns the answer of an AWS call into what a page works with.
pub trait Reply<T> {
    /// The value, or the failure as a person reads it, with account and region.
    ///
    /// # Errors
    /// Where the call failed.
    fn at(self, scope: &Scope) -> Result<T, Failure>;

    /// The value, or none where the service answers with one of these codes.
    ///
    /// # Errors
    /// Where the call failed otherwise.
    fn found(self, scope: &Scope, absent: &[&str]) -> Result<Option<T>, Failure>;
}

impl<T, E> Reply<T> for Answer<T, E>
where
    E: Error + ProvideErrorMetadata + 'static,
{
    fn at(self, scope: &Scope) -> Result<T, Failure> {
        self.map_err(|error| failure(&error, &scope.place()))
    }

    fn found(self, scope: &Scope, absent: &[&str]) -> Result<Option<T>, Failure> {
        match self {
            Ok(value) => Ok(Some(value)),
            Err(error) if is_code(&error, absent) => Ok(None),
            Err(error) => Err(failure(&error, &scope.place())),
        }
    }
}

/// Whether the service answered with one of these error codes.
pub fn is_code<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>, codes: &[&str]) -> bool {
    error
        .as_service_error()
        .and_then(ProvideErrorMetadata::code)
        .is_some_and(|code| codes.contains(&code))
}

/// Whether an error code says that there were too many requests, so that this one was not carried
/// out.
pub fn is_throttled(code: &str) -> bool {
    Remedy::of(code) == Remedy::Throttled
}

/// How much an error says to whoever watches an apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// Nothing: a look at what is not there.
    Expected,
    /// That something was not done.
    Refused,
    /// That something may have to be done about it.
    Troubling,
}

impl Weight {
    /// That of an error code.
    pub fn of(code: &str) -> Self {
        let is_absence = code.contains("NotFound") || code.contains("NoSuch");
        match Remedy::of(code) {
            _ if is_absence => Self::Expected,
            Remedy::None => Self::Refused,
            _ => Self::Troubling,
        }
    }
}

/// The error code of an answer; none where it is no error, or says none. Reads the body of an error,
/// which is short, and puts it back.
///
/// # Errors
/// Where the body does not come.
pub async fn code_in(answer: &mut HttpResponse) -> Result<Option<String>, ConnectorError> {
    if answer.status().as_u16() < 400 {
        return Ok(None);
    }
    let body = std::mem::replace(answer.body_mut(), SdkBody::empty());
    let bytes = ByteStream::new(body).collect().await;
    let bytes = bytes.map_err(|error| ConnectorError::io(error.into()))?.into_bytes();
    // The JSON protocols over REST may say it in the head only.
    let code = answer.headers().get("x-amzn-errortype").map(plain_code).or_else(|| code_of(&bytes));
    *answer.body_mut() = SdkBody::from(bytes);
    Ok(code)
}

/// The error code in a body, be it of JSON or XML.
fn code_of(body: &[u8]) -> Option<String> {
    if let Ok(json) = serde_json::from_slice::<serde_json::Value>(body) {
        let code = ["__type", "code", "Code"].into_iter().find_map(|name| json[name].as_str())?;
        return Some(plain_code(code));
    }
    let text = std::str::from_utf8(body).ok()?;
    let (_, rest) = text.split_once("<Code>")?;
    rest.split_once("</Code>").map(|(code, _)| code.trim().to_owned())
}

/// A code without what may stand around it, as in `com.amazonaws.ssm#ThrottlingException`, or with an
/// address behind a colon.
fn plain_code(code: &str) -> String {
    let code = code.split(':').next().unwrap_or(code);
    code.rsplit('#').next().unwrap_or(code).to_owned()
}

/// Whether an error code says that the credentials have ended.
pub fn is_expired(code: &str) -> bool {
    Remedy::of(code) == Remedy::Expired
}

/// What the service itself says of the error; empty where it did not answer.
pub fn message<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> &str {
    error.as_service_error().and_then(ProvideErrorMetadata::message).unwrap_or_default()
}

/// The failure of an AWS call. `place` says where it went, as in "account 1, region r".
pub fn failure<E>(error: &SdkError<E, HttpResponse>, place: &str) -> Failure
where
    E: Error + ProvideErrorMetadata + 'static,
{
    diagnostic(error, place).into()
}

/// As [`failure`], as a diagnostic.
pub fn diagnostic<E>(error: &SdkError<E, HttpResponse>, place: &str) -> Diagnostic
where
    E: Error + ProvideErrorMetadata + 'static,
{
    let action = action::<E>();
    // The credentials provider sits below the call, and its error may hold one of STS or SSO.
    if let Some(error) = find::<CredentialsError>(error) {
        return credentials(error, place);
    }
    if let Some(error) = find::<Unreachable>(error) {
        return unreachable(error, &action, place);
    }
    let Some(service) = error.as_service_error() else {
        return Diagnostic::error(
            format!("{action} got no usable answer"),
            format!("{} ({place}). Apply again to go on from here.", chain(error)),
        );
    };
    let request = error.request_id().map(|id| format!(", request {id}")).unwrap_or_default();
    let Some(code) = service.code() else {
        let status = error.raw_response().map(|response| response.status().as_u16());
        return Diagnostic::error(
            format!("{action} got no usable answer"),
            format!(
                "The answer has HTTP status {} and no error code, so it may come from something \
                 in between ({place}{request}). Check HTTPS_PROXY and AWS_ENDPOINT_URL.",
                status.map(|status| status.to_string()).unwrap_or_default(),
            ),
        );
    };
    let remedy = Remedy::of(code);
    let said = match remedy {
        // A service that finds the signature wrong repeats what was signed, session token and all.
        Remedy::Signature => "the signature does not match",
        _ => service.message().filter(|text| !text.is_empty()).unwrap_or("no message"),
    };
    let summary = remedy.summary(&action);
    let call = if summary.contains(&action) { String::new() } else { format!("{action}, ") };
    Diagnostic::error(
        summary,
        format!("{} ({call}{code}, {place}{request}). {}", end(said), remedy.advice(&action))
            .trim()
            .to_owned(),
    )
}

/// The failure to put a request together, where a part that AWS requires is missing.
pub fn incomplete(error: &BuildError) -> Failure {
    Diagnostic::error(
        "failed to put an AWS request together",
        format!("{error}. This is a mistake in the provider: please report it."),
    )
    .into()
}

/// What to do about an error code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Remedy {
    Expired,
    Invalid,
    Signature,
    Denied,
    Region,
    Throttled,
    Quota,
    Later,
    None,
}

impl Remedy {
    fn of(code: &str) -> Self {
        match code {
            "ExpiredToken"
            | "ExpiredTokenException"
            | "RequestExpired"
            | "TokenRefreshRequired" => Self::Expired,
            "InvalidClientTokenId"
            | "UnrecognizedClientException"
            | "AuthFailure"
            | "InvalidAccessKeyId"
            | "MissingAuthenticationToken"
            | "MissingAuthenticationTokenException"
            | "InvalidToken" => Self::Invalid,
            "SignatureDoesNotMatch" | "InvalidSignatureException" | "IncompleteSignature" => {
                Self::Signature
            }
            "AccessDenied"
            | "AccessDeniedException"
            | "UnauthorizedOperation"
            | "AuthorizationError"
            | "UnauthorizedException"
            | "NotAuthorized" => Self::Denied,
            "OptInRequired" | "RegionDisabledException" => Self::Region,
            "InternalFailure"
            | "InternalError"
            | "InternalServerError"
            | "InternalServiceError"
            | "KMSInternalException"
            | "ServerException"
            | "ServiceException"
            | "ServiceUnavailable"
            | "ServiceUnavailableException"
            | "Unavailable" => Self::Later,
            "SlowDown"
            | "RequestLimitExceeded"
            | "TooManyRequestsException"
            | "BandwidthLimitExceeded"
            | "PriorRequestNotComplete" => Self::Throttled,
            _ if code.contains("Throttl") => Self::Throttled,
            _ if code.contains("LimitExceeded") || code.contains("QuotaExceeded") => Self::Quota,
            _ => Self::None,
        }
    }

    fn summary(self, action: &str) -> String {
        match self {
            Self::Expired => "the AWS credentials have expired".to_owned(),
            Self::Invalid | Self::Signature => "AWS does not accept the credentials".to_owned(),
            Self::Denied => format!("not allowed to call {action}"),
            Self::Throttled => format!("{action} was throttled"),
            Self::Region | Self::Quota | Self::Later | Self::None => format!("{action} failed"),
        }
    }

    fn advice(self, action: &str) -> String {
        match self {
            Self::Expired => "Renew them (for SSO: aws sso login) and apply again: it goes on \
                              from here."
                .to_owned(),
            Self::Invalid => "Check the access key or AWS_PROFILE, and that the key is active and \
                              belongs to this partition."
                .to_owned(),
            Self::Signature => "Check the secret key, that a session token belongs to it, and \
                                this machine's clock."
                .to_owned(),
            Self::Denied => format!(
                "Allow {action} to these credentials, in their policies and in every service \
                 control policy, resource policy or boundary above them."
            ),
            Self::Region => "Enable the region in the account's settings, and wait until AWS \
                             says that it is enabled."
                .to_owned(),
            Self::Throttled => "Every retry was throttled too. Apply again with a smaller \
                                -parallelism, or raise the provider's max_retries."
                .to_owned(),
            Self::Quota => "Ask for a higher quota in Service Quotas, or remove what is no \
                            longer needed."
                .to_owned(),
            Self::Later => {
                "The service itself has failed. Apply again to go on from here.".to_owned()
            }
            Self::None => String::new(),
        }
    }
}

fn credentials(error: &CredentialsError, place: &str) -> Diagnostic {
    // A role could not be assumed: what STS says of it says more.
    if let Some(error) = find::<SdkError<AssumeRoleError, HttpResponse>>(error) {
        return diagnostic(error, place);
    }
    let remedy = "Set AWS_PROFILE (or the provider's profile), AWS_ACCESS_KEY_ID with \
                  AWS_SECRET_ACCESS_KEY, or a web identity; for SSO run aws sso login.";
    match error {
        CredentialsError::CredentialsNotLoaded(_) => Diagnostic::error(
            "no AWS credentials",
            format!("Neither environment nor profile nor instance gives any ({place}). {remedy}"),
        ),
        _ => Diagnostic::error(
            "no usable AWS credentials",
            format!("{} ({place}). {remedy}", end(&chain(error))),
        ),
    }
}

fn unreachable(error: &Unreachable, action: &str, place: &str) -> Diagnostic {
    Diagnostic::error(
        format!("{error}"),
        format!(
            "{action} failed: {} ({place}). Check the network, HTTPS_PROXY, the region's name \
             and AWS_ENDPOINT_URL.",
            // The first cause is the SDK's, and says no more than that there was an error.
            error.source().and_then(Error::source).map(chain).unwrap_or_default(),
        ),
    )
}

/// An error and its causes, each once, outermost first.
pub fn chain(error: &dyn Error) -> String {
    let mut words: Vec<String> = Vec::new();
    for error in std::iter::successors(Some(error), |error| (*error).source()) {
        let text = error.to_string();
        // Some errors repeat their cause in their own words.
        if !words.iter().any(|said| said.contains(&text)) {
            words.push(text);
        }
    }
    words.join(": ")
}

/// The IAM action of an operation, as in `kms:CreateKey`, by the type of its error: the SDK has
/// one error type per operation, in a module of the service's crate.
fn action<E>() -> String {
    let path = std::any::type_name::<E>();
    let service = path.split("::").next().unwrap_or_default();
    let operation = path.rsplit("::").next().unwrap_or_default();
    let operation = operation.strip_suffix("Error").unwrap_or(operation);
    let service = iam_prefix(service.strip_prefix("aws_sdk_").unwrap_or(service));
    let action = format!("{service}:{operation}");
    action::renamed(&action).map_or(action.clone(), str::to_owned)
}

/// What IAM's actions call a service, of which this is the SDK's name.
pub fn iam_prefix(service: &str) -> &str {
    match service {
        "accessanalyzer" => "access-analyzer",
        "cloudwatchlogs" => "logs",
        "resourcegroupstagging" | "resourcegroupstaggingapi" => "tag",
        "configservice" => "config",
        "elasticloadbalancingv2" => "elasticloadbalancing",
        "networkfirewall" => "network-firewall",
        "ssoadmin" => "sso",
        other => other,
    }
}

/// The text without the dot that may end it.
fn end(text: &str) -> &str {
    text.trim_end().trim_end_matches('.')
}

#[cfg(test)]
mod tests {
    use aws_sdk_kms::operation::create_key::CreateKeyError;
    use aws_smithy_runtime_api::client::result::ConnectorError;
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::error::ErrorMetadata;

    use super::*;

    const PLACE: &str = "account 111122223333, region eu-central-1";

    fn answered(code: &str, message: &str) -> SdkError<CreateKeyError, HttpResponse> {
        refused(ErrorMetadata::builder().code(code).message(message).build(), 400)
    }

    fn refused(meta: ErrorMetadata, status: u16) -> SdkError<CreateKeyError, HttpResponse> {
        let status = StatusCode::try_from(status).unwrap();
        let mut response = HttpResponse::new(status, SdkBody::empty());
        response.headers_mut().insert("x-amzn-requestid", "r-1");
        SdkError::service_error(CreateKeyError::generic(meta), response)
    }

    fn check(error: &SdkError<CreateKeyError, HttpResponse>, summary: &str, parts: &[&str]) {
        let found = diagnostic(error, PLACE);
        assert_eq!(found.summary, summary);
        for part in parts {
            assert!(found.detail.contains(part), "{part:?} is not in {:?}", found.detail);
        }
    }

    #[test]
    fn says_what_failed_where_and_what_to_do() {
        for (code, summary, advice) in [
            ("ExpiredTokenException", "the AWS credentials have expired", "aws sso login"),
            ("UnrecognizedClientException", "AWS does not accept the credentials", "AWS_PROFILE"),
            ("AccessDeniedException", "not allowed to call kms:CreateKey", "Allow kms:CreateKey"),
            ("ThrottlingException", "kms:CreateKey was throttled", "max_retries"),
            ("LimitExceededException", "kms:CreateKey failed", "Service Quotas"),
            ("KMSInternalException", "kms:CreateKey failed", "Apply again"),
        ] {
            // The call is named once.
            let call = if summary.contains("kms:CreateKey") { "" } else { "kms:CreateKey, " };
            let place = format!("it did not work ({call}{code}, {PLACE}, request r-1). ");
            check(&answered(code, "it did not work."), summary, &[&place, advice]);
        }
    }

    #[test]
    fn tells_an_answer_that_is_none_of_aws() {
        let error = refused(ErrorMetadata::builder().build(), 502);
        check(&error, "kms:CreateKey got no usable answer", &["HTTP status 502", "HTTPS_PROXY"]);
    }

    #[test]
    fn never_repeats_what_was_signed() {
        let error = answered("InvalidSignatureException", "x-amz-security-token:SECRET");
        assert!(!diagnostic(&error, PLACE).detail.contains("SECRET"));
    }

    #[test]
    fn tells_missing_credentials_from_unusable_ones() {
        let none = CredentialsError::not_loaded("nothing set");
        let error = SdkError::construction_failure(none);
        check(&error, "no AWS credentials", &["AWS_PROFILE", PLACE]);
        let broken = CredentialsError::provider_error("the token is stale");
        let error = SdkError::dispatch_failure(ConnectorError::other(Box::new(broken), None));
        check(&error, "no usable AWS credentials", &["the token is stale"]);
    }

    #[test]
    fn knows_a_code() {
        let error = answered("NotFoundException", "");
        assert!(is_code(&error, &["Other", "NotFoundException"]));
        assert!(!is_code(&error, &["Other"]));
    }
}
