//! What the requests of an HTTP client pass on their way to its connections.

use std::fmt;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

/// A step on the way.
pub trait Step: Clone + fmt::Debug + Send + Sync + 'static {
    /// Sends a request on, and sees to its answer.
    fn pass(&self, request: HttpRequest, next: &SharedHttpConnector) -> HttpConnectorFuture;
}

/// The client, with a step before it that all its requests pass.
pub fn through(step: impl Step, client: SharedHttpClient) -> SharedHttpClient {
    SharedHttpClient::new(Passage { step, next: client })
}

/// The connector, with a step before it that all its requests pass.
pub fn before(step: impl Step, connector: SharedHttpConnector) -> SharedHttpConnector {
    SharedHttpConnector::new(Passage { step, next: connector })
}

#[derive(Debug)]
struct Passage<S, N> {
    step: S,
    next: N,
}

impl<S: Step> HttpClient for Passage<S, SharedHttpClient> {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        before(self.step.clone(), self.next.http_connector(settings, components))
    }
}

impl<S: Step> HttpConnector for Passage<S, SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        self.step.pass(request, &self.next)
    }
}
