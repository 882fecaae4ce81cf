//! The provider's service: each request is understood, handed to the server, and answered. What
//! goes wrong on the way, a panic included, becomes a diagnostic in the answer.

mod configuration;
mod data;
mod metadata;
mod resource;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use tonic::{Request, Response, Status};
use tracing::{Instrument, Span, debug, info_span, trace};
use travel_framework::Diagnostic;
use travel_framework::server::Server;
use travel_proto::tfplugin6 as wire;
use travel_proto::tfplugin6::provider_server::Provider;

use crate::PluginInfo;
use crate::convert::{Answer, ConvertError};
use crate::guard::{Panic, apart, guarded};

/// Serves one provider.
#[derive(Debug)]
pub struct ProviderService<S> {
    server: Arc<S>,
    info: PluginInfo,
    schema: OnceLock<wire::get_provider_schema::Response>,
    requests: AtomicU64,
}

/// What a request is about, for the log.
enum Subject<'a> {
    Provider,
    Resource(&'a str),
    DataSource(&'a str),
    Function(&'a str),
}

impl<S: Server> ProviderService<S> {
    /// Serves this provider.
    pub const fn new(server: Arc<S>, info: PluginInfo) -> Self {
        Self { server, info, schema: OnceLock::new(), requests: AtomicU64::new(0) }
    }

    /// Runs a handler to its answer, with its name, its number and its subject in the log.
    async fn answer<A: Answer>(
        &self,
        rpc: &'static str,
        subject: Subject<'_>,
        handler: impl Future<Output = Result<A, ConvertError>> + Send,
    ) -> Result<Response<A>, Status> {
        let span = self.span(rpc, &subject);
        let started = Instant::now();
        let work = async {
            trace!("request received");
            let answer = match guarded(handler).await {
                Ok(Ok(answer)) => answer,
                Ok(Err(error)) => A::refusal(Diagnostic::from(error)),
                Err(panic) => A::refusal(self.panicked(rpc, &panic)),
            };
            let duration_milliseconds = started.elapsed().as_millis();
            debug!(diagnostics = answer.told(), duration_milliseconds, "request answered");
            answer
        };
        Ok(Response::new(work.instrument(span).await))
    }

    fn span(&self, tf_rpc: &'static str, subject: &Subject<'_>) -> Span {
        let tf_req_id = self.requests.fetch_add(1, Ordering::Relaxed);
        let tf_provider_addr = self.info.source;
        match *subject {
            Subject::Provider => info_span!("rpc", tf_provider_addr, tf_req_id, tf_rpc),
            Subject::Resource(name) => {
                info_span!("rpc", tf_provider_addr, tf_req_id, tf_rpc, tf_resource_type = name)
            }
            Subject::DataSource(name) => {
                info_span!("rpc", tf_provider_addr, tf_req_id, tf_rpc, tf_data_source_type = name)
            }
            Subject::Function(name) => {
                info_span!("rpc", tf_provider_addr, tf_req_id, tf_rpc, tf_function_name = name)
            }
        }
    }

    fn panicked(&self, rpc: &str, panic: &Panic) -> Diagnostic {
        let PluginInfo { name, source, version } = &self.info;
        Diagnostic::error(
            format!("the {name} provider panicked"),
            format!(
                "This is a bug in the provider. Please report it to the maintainers of {source} \
                 with the version ({version}), the request ({rpc}) and the place ({panic}). What \
                 the request had already changed stays changed; the next apply finds it."
            ),
        )
    }
}

/// Requests that are not here (ephemeral resources, lists, actions, state stores, generated
/// configuration) are answered as unimplemented, and no capability or schema promises them.
#[tonic::async_trait]
impl<S: Server> Provider for ProviderService<S> {
    async fn get_metadata(
        &self,
        _: Request<wire::get_metadata::Request>,
    ) -> Result<Response<wire::get_metadata::Response>, Status> {
        let handler = async { Ok(metadata::names(&*self.server)) };
        self.answer("GetMetadata", Subject::Provider, handler).await
    }

    async fn get_provider_schema(
        &self,
        _: Request<wire::get_provider_schema::Request>,
    ) -> Result<Response<wire::get_provider_schema::Response>, Status> {
        let handler = async {
            Ok(self.schema.get_or_init(|| metadata::provider_schema(&*self.server)).clone())
        };
        self.answer("GetProviderSchema", Subject::Provider, handler).await
    }

    async fn get_resource_identity_schemas(
        &self,
        _: Request<wire::get_resource_identity_schemas::Request>,
    ) -> Result<Response<wire::get_resource_identity_schemas::Response>, Status> {
        let handler = async { Ok(metadata::identity_schemas(&*self.server)) };
        self.answer("GetResourceIdentitySchemas", Subject::Provider, handler).await
    }

    async fn get_functions(
        &self,
        _: Request<wire::get_functions::Request>,
    ) -> Result<Response<wire::get_functions::Response>, Status> {
        let handler = async { Ok(metadata::functions(&*self.server)) };
        self.answer("GetFunctions", Subject::Provider, handler).await
    }

    async fn validate_provider_config(
        &self,
        request: Request<wire::validate_provider_config::Request>,
    ) -> Result<Response<wire::validate_provider_config::Response>, Status> {
        let handler = configuration::validate(&*self.server, request.into_inner());
        self.answer("ValidateProviderConfig", Subject::Provider, handler).await
    }

    async fn configure_provider(
        &self,
        request: Request<wire::configure_provider::Request>,
    ) -> Result<Response<wire::configure_provider::Response>, Status> {
        let handler = configuration::configure(&*self.server, request.into_inner());
        self.answer("ConfigureProvider", Subject::Provider, handler).await
    }

    async fn stop_provider(
        &self,
        _: Request<wire::stop_provider::Request>,
    ) -> Result<Response<wire::stop_provider::Response>, Status> {
        let handler = async {
            self.server.stop();
            Ok(wire::stop_provider::Response::default())
        };
        self.answer("StopProvider", Subject::Provider, handler).await
    }

    async fn validate_resource_config(
        &self,
        request: Request<wire::validate_resource_config::Request>,
    ) -> Result<Response<wire::validate_resource_config::Response>, Status> {
        let request = request.into_inner();
        let name = request.type_name.clone();
        let handler = resource::validate(&*self.server, request);
        self.answer("ValidateResourceConfig", Subject::Resource(&name), handler).await
    }

    async fn upgrade_resource_state(
        &self,
        request: Request<wire::upgrade_resource_state::Request>,
    ) -> Result<Response<wire::upgrade_resource_state::Response>, Status> {
        let request = request.into_inner();
        let name = request.type_name.clone();
        let handler = resource::upgrade_state(&*self.server, request);
        self.answer("UpgradeResourceState", Subject::Resource(&name), handler).await
    }

    async fn upgrade_resource_identity(
        &self,
        request: Request<wire::upgrade_resource_identity::Request>,
    ) -> Result<Response<wire::upgrade_resource_identity::Response>, Status> {
        let request = request.into_inner();
        let name = request.type_name.clone();
        let handler = resource::upgrade_identity(&*self.server, request);
        self.answer("UpgradeResourceIdentity", Subject::Resource(&name), handler).await
    }

    async fn read_resource(
        &self,
        request: Request<wire::read_resource::Request>,
    ) -> Result<Response<wire::read_resource::Response>, Status> {
        let request = request.into_inner();
        let name = request.type_name.clone();
        let handler = resource::read(&*self.server, request);
        self.answer("ReadResource", Subject::Resource(&name), handler).await
    }

    async fn plan_resource_change(
        &self,
        request: Request<wire::plan_resource_change::Request>,
    ) -> Result<Response<wire::plan_resource_change::Response>, Status> {
        let request = request.into_inner();
        let name = request.type_name.clone();
        let server = Arc::clone(&self.server);
        // Planning may render charts and get them from far away.
        let handler = apart(async move { resource::plan(&*server, request).await });
        self.answer("PlanResourceChange", Subject::Resource(&name), handler).await
    }

    async fn apply_resource_change(
        &self,
        request: Request<wire::apply_resource_change::Request>,
    ) -> Result<Response<wire::apply_resource_change::Response>, Status> {
        let request = request.into_inner();
        let name = request.type_name.clone();
        let handler = resource::apply(&*self.server, request);
        self.answer("ApplyResourceChange", Subject::Resource(&name), handler).await
    }

    async fn import_resource_state(
        &self,
        request: Request<wire::import_resource_state::Request>,
    ) -> Result<Response<wire::import_resource_state::Response>, Status> {
        let request = request.into_inner();
        let name = request.type_name.clone();
        let handler = resource::import(&*self.server, request);
        self.answer("ImportResourceState", Subject::Resource(&name), handler).await
    }

    async fn move_resource_state(
        &self,
        request: Request<wire::move_resource_state::Request>,
    ) -> Result<Response<wire::move_resource_state::Response>, Status> {
        let request = request.into_inner();
        let handler = async { Ok(resource::refuse_move(&request)) };
        let subject = Subject::Resource(&request.target_type_name);
        self.answer("MoveResourceState", subject, handler).await
    }

    async fn validate_data_resource_config(
        &self,
        request: Request<wire::validate_data_resource_config::Request>,
    ) -> Result<Response<wire::validate_data_resource_config::Response>, Status> {
        let request = request.into_inner();
        let name = request.type_name.clone();
        let handler = data::validate(&*self.server, request);
        self.answer("ValidateDataResourceConfig", Subject::DataSource(&name), handler).await
    }

    async fn read_data_source(
        &self,
        request: Request<wire::read_data_source::Request>,
    ) -> Result<Response<wire::read_data_source::Response>, Status> {
        let request = request.into_inner();
        let name = request.type_name.clone();
        let handler = data::read(&*self.server, request);
        self.answer("ReadDataSource", Subject::DataSource(&name), handler).await
    }

    async fn call_function(
        &self,
        request: Request<wire::call_function::Request>,
    ) -> Result<Response<wire::call_function::Response>, Status> {
        let request = request.into_inner();
        let name = request.name.clone();
        let handler = data::call_function(&*self.server, request);
        self.answer("CallFunction", Subject::Function(&name), handler).await
    }
}
