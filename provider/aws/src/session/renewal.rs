//! Credentials that an operation may outlive. Those of a session are renewed before their end by the
//! SDK's cache, as far as its clock tells that end; where AWS says that they have ended all the same,
//! they are got anew, and the call that was refused is made again. Of those that nobody can renew it
//! is said beforehand that they end.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_config::identity::IdentityCache;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::identity::{
    IdentityFuture, ResolveCachedIdentity, SharedIdentityCache, SharedIdentityResolver,
};
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use chrono::{DateTime, SecondsFormat, Utc};
use tokio::time::Instant;
use travel_framework::Diagnostic;

use crate::error;
use crate::passage::Step;

/// How long it may take to get credentials, retries included, and how long before their end they
/// are renewed.
const LOAD_TIMEOUT: Duration = Duration::from_secs(30);
const BUFFER: Duration = Duration::from_secs(60);
/// What was got anew within this time and is refused again does not get better by another try.
const SETTLED: Duration = Duration::from_secs(60);

/// The cache of a session's credentials, which can be emptied.
#[derive(Clone, Debug)]
pub struct Renewal(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    cache: SharedIdentityCache,
    renewed: Option<Instant>,
}

impl Default for Renewal {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(State { cache: fresh(), renewed: None })))
    }
}

fn fresh() -> SharedIdentityCache {
    IdentityCache::lazy().load_timeout(LOAD_TIMEOUT).buffer_time(BUFFER).build()
}

impl Renewal {
    /// Has credentials got anew, because a request that was sent at this moment was refused with those
    /// there are; whether that may help.
    fn renew(&self, sent: Instant) -> bool {
        let mut state = self.state();
        match state.renewed {
            // Somebody else's request was refused first.
            Some(at) if at > sent => true,
            Some(at) if at.elapsed() < SETTLED => false,
            _ => {
                tracing::info!("the AWS credentials have ended: getting them anew");
                *state = State { cache: fresh(), renewed: Some(Instant::now()) };
                true
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ResolveCachedIdentity for Renewal {
    fn resolve_cached_identity<'a>(
        &'a self,
        resolver: SharedIdentityResolver,
        components: &'a RuntimeComponents,
        configuration: &'a ConfigBag,
    ) -> IdentityFuture<'a> {
        let cache = self.state().cache.clone();
        IdentityFuture::new(async move {
            cache.resolve_cached_identity(resolver, components, configuration).await
        })
    }
}

impl Step for Renewal {
    fn pass(&self, request: HttpRequest, next: &SharedHttpConnector) -> HttpConnectorFuture {
        let (renewal, sent) = (self.clone(), Instant::now());
        let answer = next.call(request);
        HttpConnectorFuture::new(async move {
            let mut answer = answer.await?;
            let code = error::code_in(&mut answer).await?;
            if code.is_some_and(|code| error::is_expired(&code)) && renewal.renew(sent) {
                answer.add_extension(Renewed);
            }
            Ok(answer)
        })
    }
}

/// The mark of an answer for which credentials were got anew.
#[derive(Clone, Debug)]
struct Renewed;

/// Whether credentials were got anew for this answer: its call may be made again.
pub fn has_renewed(answer: &HttpResponse) -> bool {
    answer.extension::<Renewed>().is_some()
}

/// Has a call made again for which credentials were got anew.
#[derive(Debug)]
pub struct RetryRenewed;

impl ClassifyRetry for RetryRenewed {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        match context.response().is_some_and(has_renewed) {
            true => RetryAction::transient_error(),
            false => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "RetryRenewed"
    }
}

/// What is to be said where the environment's credentials have ended, or end before an operation that
/// may take so long, and nobody can renew them: an error or a warning. Tools that write a session into
/// the environment say in `AWS_CREDENTIAL_EXPIRATION` when it ends.
pub fn outlasted(
    needed: Duration,
    now: DateTime<Utc>,
    variable: impl Fn(&str) -> Option<String>,
) -> Option<Diagnostic> {
    let given = |name: &str| variable(name).filter(|value| !value.is_empty());
    given("AWS_ACCESS_KEY_ID").and(given("AWS_SESSION_TOKEN"))?;
    let end = given("AWS_CREDENTIAL_EXPIRATION")?;
    // What is no time was meant for somebody else.
    let end = DateTime::parse_from_rfc3339(end.trim()).ok()?.to_utc();
    let shown = end.to_rfc3339_opts(SecondsFormat::Secs, true);
    let remedy = "Sign in anew, or set AWS_PROFILE in place of AWS_ACCESS_KEY_ID and \
                  AWS_SESSION_TOKEN: what a profile gives is renewed on the way.";
    let left = (end - now).to_std().unwrap_or_default();
    if left.is_zero() {
        return Some(Diagnostic::error(
            "the AWS credentials have ended",
            format!(
                "Those of the environment ended at {shown} (AWS_CREDENTIAL_EXPIRATION). {remedy}"
            ),
        ));
    }
    (left < needed).then(|| {
        Diagnostic::warning(
            "the AWS credentials may end too soon",
            format!(
                "Those of the environment end at {shown}, in {} minutes (AWS_CREDENTIAL_EXPIRATION), \
                 and nobody can renew them; the operation may take {}. {remedy} Where they end on \
                 the way, the next apply goes on from there.",
                left.as_secs() / 60,
                needed.as_secs() / 60,
            ),
        )
    })
}

#[cfg(test)]
mod tests;
