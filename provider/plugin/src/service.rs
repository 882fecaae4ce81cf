//! The provider's service: each request is understood, handed to the server, and answered. What
//! goes wrong on the way, a panic included, becomes a diagnostic in the answer.

mod action;
mod configuration;
mod data;
mod ephemeral;
mod list;
mod metadata;
mod resource;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use tokio::sync::mpsc::{Sender, channel};
use tonic::codegen::BoxStream;
use tonic::{Request, Response, Status};
use tracing::{Instrument, Span, debug, error, info_span, trace};
use travel_framework::server::Server;
use travel_framework::{Diagnostic, Diagnostics};
use travel_proto::tfplugin6 as wire;
use travel_proto::tfplugin6::provider_server::Provider;

use crate::PluginInfo;
use crate::convert::{Answer, ConvertError, log};
use crate::guard::{Panic, apart, guarded};

/// Serves one provider: the service that [`crate::serve`] puts on a socket, for those who call it
/// within the process.
#[derive(Debug)]
pub struct ProviderService<S> {
    server: Arc<S>,
    info: PluginInfo,
    schema: OnceLock<wire::get_provider_schema::Response>,
    requests: AtomicU64,
}

/// How many parts of a streamed answer may wait to be read.
const AHEAD: usize = 16;

/// What a request is about, for the log.
enum Subject<'a> {
    Provider,
    Resource(&'a str),
    DataSource(&'a str),
    Function(&'a str),
    Ephemeral(&'a str),
    List(&'a str),
    Action(&'a str),
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
                Err(panic) => A::refusal(panicked(&self.info, rpc, &panic)),
            };
            let duration_milliseconds = started.elapsed().as_millis();
            // Not within the event, which is put together only where its level is heard.
            let diagnostics = log(&answer);
            debug!(diagnostics, duration_milliseconds, "request answered");
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
            Subject::Ephemeral(name) => info_span!(
                "rpc",
                tf_provider_addr,
                tf_req_id,
                tf_rpc,
                tf_ephemeral_resource_type = name
            ),
            Subject::List(name) => {
                info_span!("rpc", tf_provider_addr, tf_req_id, tf_rpc, tf_list_resource_type = name)
            }
            Subject::Action(name) => {
                info_span!("rpc", tf_provider_addr, tf_req_id, tf_rpc, tf_action_type = name)
            }
        }
    }

    /// Runs a handler that answers in parts. It ends with its last part, or once the caller reads no
    /// more; what goes wrong is the last part, made by `failed`.
    fn stream<E, F>(
        &self,
        rpc: &'static str,
        subject: Subject<'_>,
        handler: impl FnOnce(Sender<E>) -> F,
        failed: fn(Diagnostics) -> E,
    ) -> Response<BoxStream<E>>
    where
        E: Send + 'static,
        F: Future<Output = Result<(), ConvertError>> + Send + 'static,
    {
        let span = self.span(rpc, &subject);
        let info = self.info;
        let (sender, parts) = channel(AHEAD);
        let handler = handler(sender.clone());
        let work = async move {
            let started = Instant::now();
            trace!("request received");
            let error = tokio::select! {
                ended = guarded(handler) => match ended {
                    Ok(Ok(())) => None,
                    Ok(Err(error)) => Some(Diagnostic::from(error)),
                    Err(panic) => Some(panicked(&info, rpc, &panic)),
                },
                () = sender.closed() => None,
            };
            if let Some(error) = error {
                error!(detail = error.detail, "{}", error.summary);
                // Where nobody reads any more, nobody is left to be told.
                let _ = sender.send(failed(error.into())).await;
            }
            let duration_milliseconds = started.elapsed().as_millis();
            debug!(duration_milliseconds, "request answered");
        };
        tokio::spawn(work.instrument(span));
        let parts = futures::stream::unfold(parts, |mut parts| async {
            parts.recv().await.map(|part| (Ok(part), parts))
        });
        Response::new(Box::pin(parts))
    }
}

fn panicked(info: &PluginInfo, rpc: &str, panic: &Panic) -> Diagnostic {
    let PluginInfo { name, source, version } = info;
    Diagnostic::error(
        format!("the {name} provider panicked"),
        format!(
            "This is a bug in the provider. Please report it to the maintainers of {source} \
             with the version ({version}), the request ({rpc}) and the place ({panic}). What \
             the request had already changed stays changed; the next apply finds it."
        ),
    )
}

/// Requests that are not here (those of state stores) are answered as unimplemented, and no
/// capability or schema promises them.
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
        let name = request.target_type_name.clone();
        let handler = resource::take_over(&*self.server, self.info.source, request);
        self.answer("MoveResourceState", Subject::Resource(&name), handler).await
    }

    async fn generate_resource_config(
        &self,
        request: Request<wire::generate_resource_config::Request>,
    ) -> Result<Response<wire::generate_resource_config::Response>, Status> {
        let request = request.into_inner();
        let name = request.type_name.clone();
        let handler = resource::generate(&*self.server, request);
        self.answer("GenerateResourceConfig", Subject::Resource(&name), handler).await
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

    async fn validate_ephemeral_resource_config(
        &self,
        request: Request<wire::validate_ephemeral_resource_config::Request>,
    ) -> Result<Response<wire::validate_ephemeral_resource_config::Response>, Status> {
        let request = request.into_inner();
        let name = request.type_name.clone();
        let handler = ephemeral::validate(&*self.server, request);
        self.answer("ValidateEphemeralResourceConfig", Subject::Ephemeral(&name), handler).await
    }

    async fn open_ephemeral_resource(
        &self,
        request: Request<wire::open_ephemeral_resource::Request>,
    ) -> Result<Response<wire::open_ephemeral_resource::Response>, Status> {
        let request = request.into_inner();
        let name = request.type_name.clone();
        let handler = ephemeral::open(&*self.server, request);
        self.answer("OpenEphemeralResource", Subject::Ephemeral(&name), handler).await
    }

    async fn renew_ephemeral_resource(
        &self,
        request: Request<wire::renew_ephemeral_resource::Request>,
    ) -> Result<Response<wire::renew_ephemeral_resource::Response>, Status> {
        let request = request.into_inner();
        let name = request.type_name.clone();
        let handler = ephemeral::renew(&*self.server, request);
        self.answer("RenewEphemeralResource", Subject::Ephemeral(&name), handler).await
    }

    async fn close_ephemeral_resource(
        &self,
        request: Request<wire::close_ephemeral_resource::Request>,
    ) -> Result<Response<wire::close_ephemeral_resource::Response>, Status> {
        let request = request.into_inner();
        let name = request.type_name.clone();
        let handler = ephemeral::close(&*self.server, request);
        self.answer("CloseEphemeralResource", Subject::Ephemeral(&name), handler).await
    }

    async fn validate_list_resource_config(
        &self,
        request: Request<wire::validate_list_resource_config::Request>,
    ) -> Result<Response<wire::validate_list_resource_config::Response>, Status> {
        let request = request.into_inner();
        let name = request.type_name.clone();
        let handler = list::validate(&*self.server, request);
        self.answer("ValidateListResourceConfig", Subject::List(&name), handler).await
    }

    async fn list_resource(
        &self,
        request: Request<wire::list_resource::Request>,
    ) -> Result<Response<BoxStream<wire::list_resource::Event>>, Status> {
        let request = request.into_inner();
        let name = request.type_name.clone();
        let server = Arc::clone(&self.server);
        let handler = |events| list::list(server, request, events);
        Ok(self.stream("ListResource", Subject::List(&name), handler, list::failed))
    }

    async fn validate_action_config(
        &self,
        request: Request<wire::validate_action_config::Request>,
    ) -> Result<Response<wire::validate_action_config::Response>, Status> {
        let request = request.into_inner();
        let name = request.type_name.clone();
        let handler = action::validate(&*self.server, request);
        self.answer("ValidateActionConfig", Subject::Action(&name), handler).await
    }

    async fn plan_action(
        &self,
        request: Request<wire::plan_action::Request>,
    ) -> Result<Response<wire::plan_action::Response>, Status> {
        let request = request.into_inner();
        let name = request.action_type.clone();
        let handler = action::plan(&*self.server, request);
        self.answer("PlanAction", Subject::Action(&name), handler).await
    }

    async fn invoke_action(
        &self,
        request: Request<wire::invoke_action::Request>,
    ) -> Result<Response<BoxStream<wire::invoke_action::Event>>, Status> {
        let request = request.into_inner();
        let name = request.action_type.clone();
        let server = Arc::clone(&self.server);
        let handler = |events| action::invoke(server, request, events);
        Ok(self.stream("InvokeAction", Subject::Action(&name), handler, action::completed))
    }
}
