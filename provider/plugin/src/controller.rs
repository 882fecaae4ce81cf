//! What go-plugin wants of every plugin: to end when told, streams for output and further
//! connections that Terraform does not use, and to say that it is well.

use futures::{Stream, StreamExt};
use tokio_util::sync::CancellationToken;
use tonic::codegen::BoxStream;
use tonic::{Request, Response, Status, Streaming};
use tracing::debug;
use travel_proto::health::health_check_response::ServingStatus;
use travel_proto::health::health_server::Health;
use travel_proto::health::{HealthCheckRequest, HealthCheckResponse};
use travel_proto::plugin::grpc_broker_server::GrpcBroker;
use travel_proto::plugin::grpc_controller_server::GrpcController;
use travel_proto::plugin::grpc_stdio_server::GrpcStdio;
use travel_proto::plugin::{ConnInfo, Empty, StdioData};

/// The service under whose name go-plugin asks for the plugin's health.
const HEALTH_SERVICE: &str = "plugin";

/// Serves go-plugin, and ends the process by its token.
#[derive(Clone, Debug)]
pub struct Controller {
    shutdown: CancellationToken,
}

impl Controller {
    /// A controller that cancels this token when the plugin is to end.
    pub const fn new(shutdown: CancellationToken) -> Self {
        Self { shutdown }
    }

    /// These answers, until the plugin is to end: an open stream would hold up the end.
    fn until_shutdown<T: Send + 'static>(
        &self,
        answers: impl Stream<Item = Result<T, Status>> + Send + 'static,
    ) -> Response<BoxStream<T>> {
        Response::new(Box::pin(answers.take_until(self.shutdown.clone().cancelled_owned())))
    }
}

#[tonic::async_trait]
impl GrpcController for Controller {
    async fn shutdown(&self, _: Request<Empty>) -> Result<Response<Empty>, Status> {
        debug!("told to end");
        self.shutdown.cancel();
        Ok(Response::new(Empty {}))
    }
}

#[tonic::async_trait]
impl GrpcStdio for Controller {
    /// Nothing comes this way: logs go to standard error, and nothing else is printed.
    async fn stream_stdio(&self, _: Request<()>) -> Result<Response<BoxStream<StdioData>>, Status> {
        Ok(self.until_shutdown(futures::stream::pending()))
    }
}

#[tonic::async_trait]
impl GrpcBroker for Controller {
    /// Takes what the client sends and asks for no connection itself.
    async fn start_stream(
        &self,
        request: Request<Streaming<ConnInfo>>,
    ) -> Result<Response<BoxStream<ConnInfo>>, Status> {
        let asked = request.into_inner();
        Ok(self.until_shutdown(asked.filter_map(|_| std::future::ready(None))))
    }
}

#[tonic::async_trait]
impl Health for Controller {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        match status(&request.into_inner().service) {
            Some(status) => Ok(Response::new(HealthCheckResponse { status: status.into() })),
            None => Err(Status::not_found("no such service")),
        }
    }

    async fn watch(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<BoxStream<HealthCheckResponse>>, Status> {
        let status = status(&request.into_inner().service).unwrap_or(ServingStatus::ServiceUnknown);
        let first = futures::stream::iter([Ok(HealthCheckResponse { status: status.into() })]);
        Ok(self.until_shutdown(first.chain(futures::stream::pending())))
    }
}

fn status(service: &str) -> Option<ServingStatus> {
    ["", HEALTH_SERVICE].contains(&service).then_some(ServingStatus::Serving)
}
