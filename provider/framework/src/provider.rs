//! The provider: everything it serves, in one place, and the answers to the plugin's requests.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;
use travel_value::{Path, Value};

use crate::call::{Call, Failure};
use crate::data::{DataSource, Function};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::Model;
use crate::ownership::Claim;
use crate::page::{Managed, Page, check_rules};
use crate::plan::{Computed, Plan, plan_by_schema};
use crate::platform::Platform;
use crate::resource::{Description, Resource};
use crate::schema::{Block, Schema};
use crate::server::{
    ApplyRequest, ApplyResponse, ConfigureRequest, DataResponse, FunctionError, ImportRequest,
    ImportResponse, PlanRequest, PlanResponse, ReadRequest, ReadResponse, Schemas, Server,
    UpgradeRequest, UpgradeResponse,
};
use crate::shared::{DeploymentConfig, Shared};

/// How long a data source may take.
const DATA_TIMEOUT: Duration = Duration::from_secs(300);

/// Everything a provider serves.
#[derive(Default)]
pub struct Provider {
    shared: Arc<Shared>,
    schemas: Schemas,
    platforms: Vec<Arc<dyn Configurable>>,
    resources: BTreeMap<&'static str, Box<dyn Managed>>,
    data_sources: BTreeMap<&'static str, Box<dyn Readable>>,
    functions: BTreeMap<String, Box<dyn Function>>,
}

impl Provider {
    /// A provider that serves nothing yet; `description` says what it is for, in Markdown.
    pub fn new(description: &str) -> Self {
        let mut provider = Self::default();
        provider.schemas.provider.block = <DeploymentConfig as Model>::block();
        description.clone_into(&mut provider.schemas.provider.block.description);
        provider
    }

    /// Adds a platform: its part of the provider's configuration.
    #[must_use]
    pub fn platform<P: Platform>(mut self, platform: &Arc<P>) -> Self {
        let Block { attributes, blocks, .. } = P::Config::block();
        self.schemas.provider.block.attributes.extend(attributes);
        self.schemas.provider.block.blocks.extend(blocks);
        self.platforms.push(Arc::new(Configured(Arc::clone(platform))));
        self
    }

    /// Adds a resource.
    #[must_use]
    pub fn resource<R: Resource>(mut self, platform: &Arc<R::Platform>) -> Self {
        let type_name = R::DESCRIPTION.type_name;
        let page = Page::<R>::new(Arc::clone(platform), Arc::clone(&self.shared));
        self.schemas.resources.insert(type_name.to_owned(), page.schema());
        if let Some(identity) = page.identity() {
            self.schemas.identities.insert(type_name.to_owned(), identity);
        }
        self.resources.insert(type_name, Box::new(page));
        self
    }

    /// Adds a data source.
    #[must_use]
    pub fn data_source<D: DataSource>(mut self, platform: &Arc<D::Platform>) -> Self {
        let block = <D as Model>::block();
        let schema = Schema { version: 0, block: block.clone() };
        self.schemas.data_sources.insert(D::TYPE_NAME.to_owned(), schema);
        let source = Source::<D> {
            platform: Arc::clone(platform),
            shared: Arc::clone(&self.shared),
            block,
            source: std::marker::PhantomData,
        };
        self.data_sources.insert(D::TYPE_NAME, Box::new(source));
        self
    }

    /// Adds a function.
    #[must_use]
    pub fn function(mut self, function: impl Function) -> Self {
        let signature = function.signature();
        self.functions.insert(signature.name.clone(), Box::new(function));
        self.schemas.functions.insert(signature.name.clone(), signature);
        self
    }

    /// What tools need to know of each resource.
    pub fn descriptions(&self) -> impl Iterator<Item = &'static Description> {
        self.resources.values().map(|resource| resource.description())
    }
}

#[async_trait]
impl Server for Provider {
    fn schemas(&self) -> &Schemas {
        &self.schemas
    }

    async fn validate_provider(&self, config: Value) -> Diagnostics {
        let mut found = Diagnostics::new();
        check_rules(&self.schemas.provider.block, &config, &mut found);
        for platform in &self.platforms {
            found.extend(platform.validate(&config));
        }
        found
    }

    async fn configure(&self, request: ConfigureRequest) -> Diagnostics {
        let mut found = Diagnostics::new();
        found.take(self.shared.configure(&request.config));
        for platform in &self.platforms {
            found.extend(platform.configure(&request.config, &request.core_version));
        }
        found
    }

    async fn validate_resource(&self, type_name: &str, config: Value) -> Diagnostics {
        match self.resources.get(type_name) {
            Some(resource) => resource.validate(&config),
            None => unknown_type(type_name).into(),
        }
    }

    async fn validate_data_source(&self, type_name: &str, config: Value) -> Diagnostics {
        match self.data_sources.get(type_name) {
            Some(source) => source.validate(&config),
            None => unknown_type(type_name).into(),
        }
    }

    async fn upgrade_state(&self, request: UpgradeRequest) -> UpgradeResponse {
        match self.resources.get(request.type_name.as_str()) {
            Some(resource) => resource.upgrade(&request),
            None => {
                let diagnostics = unknown_type(&request.type_name).into();
                UpgradeResponse { value: Value::Null, diagnostics }
            }
        }
    }

    async fn upgrade_identity(&self, request: UpgradeRequest) -> UpgradeResponse {
        let Some(schema) = self.schemas.identities.get(&request.type_name) else {
            let diagnostics = unknown_type(&request.type_name).into();
            return UpgradeResponse { value: Value::Null, diagnostics };
        };
        match crate::page::decode_state(&request.raw, &schema.value_type()) {
            Ok(value) => UpgradeResponse { value, diagnostics: Diagnostics::new() },
            Err(error) => UpgradeResponse { value: Value::Null, diagnostics: error.into() },
        }
    }

    async fn read(&self, request: ReadRequest) -> ReadResponse {
        match self.resources.get(request.type_name.as_str()) {
            Some(resource) => resource.read(request).await,
            None => ReadResponse {
                diagnostics: unknown_type(&request.type_name).into(),
                state: request.state,
                private: request.private,
                identity: request.identity,
            },
        }
    }

    async fn plan(&self, request: PlanRequest) -> PlanResponse {
        match self.resources.get(request.type_name.as_str()) {
            Some(resource) => resource.plan(request),
            None => PlanResponse {
                diagnostics: unknown_type(&request.type_name).into(),
                planned: request.prior,
                requires_replace: Vec::new(),
                private: request.private,
                identity: request.identity,
            },
        }
    }

    async fn apply(&self, request: ApplyRequest) -> ApplyResponse {
        match self.resources.get(request.type_name.as_str()) {
            Some(resource) => resource.apply(request).await,
            None => ApplyResponse {
                diagnostics: unknown_type(&request.type_name).into(),
                state: request.prior,
                private: request.private,
                identity: request.identity,
            },
        }
    }

    async fn import(&self, request: ImportRequest) -> ImportResponse {
        match self.resources.get(request.type_name.as_str()) {
            Some(resource) => resource.import(&request),
            None => ImportResponse {
                diagnostics: unknown_type(&request.type_name).into(),
                state: None,
                private: Vec::new(),
                identity: request.identity,
            },
        }
    }

    async fn read_data_source(&self, type_name: &str, config: Value) -> DataResponse {
        match self.data_sources.get(type_name) {
            Some(source) => source.read(config).await,
            None => {
                DataResponse { state: Value::Null, diagnostics: unknown_type(type_name).into() }
            }
        }
    }

    async fn call_function(
        &self,
        name: &str,
        arguments: Vec<Value>,
    ) -> Result<Value, FunctionError> {
        match self.functions.get(name) {
            Some(function) => function.call(&arguments),
            None => {
                Err(FunctionError { text: format!("there is no function {name}"), argument: None })
            }
        }
    }

    fn stop(&self) {
        self.shared.stop();
    }
}

fn unknown_type(type_name: &str) -> Diagnostic {
    Diagnostic::error(
        format!("{type_name} is not served"),
        "This version of the provider does not have it. Use the version that the configuration \
         was written for.",
    )
}

/// A platform, whatever its configuration.
trait Configurable: Send + Sync {
    fn validate(&self, config: &Value) -> Diagnostics;
    fn configure(&self, config: &Value, core_version: &str) -> Diagnostics;
}

struct Configured<P>(Arc<P>);

impl<P: Platform> Configurable for Configured<P> {
    fn validate(&self, config: &Value) -> Diagnostics {
        self.0.validate(config)
    }

    fn configure(&self, config: &Value, core_version: &str) -> Diagnostics {
        self.0.configure(config, core_version)
    }
}

/// A data source, whatever its model.
#[async_trait]
trait Readable: Send + Sync {
    fn validate(&self, config: &Value) -> Diagnostics;
    async fn read(&self, config: Value) -> DataResponse;
}

struct Source<D: DataSource> {
    platform: Arc<D::Platform>,
    shared: Arc<Shared>,
    block: Block,
    source: std::marker::PhantomData<fn() -> D>,
}

impl<D: DataSource> Source<D> {
    async fn read_into(
        &self,
        config: &Value,
        diagnostics: &mut Diagnostics,
    ) -> Result<Value, Failure> {
        let applied = Computed::Applied { resumed: false };
        let planned = plan_by_schema(&self.block, &Value::Null, config, applied);
        let mut plan = Plan::new(config, &Value::Null, planned);
        self.platform.plan(&mut plan);
        let mut source = D::from_value(&plan.planned, &Path::root())?;
        let cancel: CancellationToken = self.shared.cancel();
        let scope = tokio::select! {
            scope = self.platform.scope(&plan.planned) => scope?,
            () = cancel.cancelled() => return Err(Failure::Interrupted),
        };
        // A data source makes nothing, so its mark is never left anywhere.
        let claim = Claim {
            deployment: String::new(),
            previous_deployments: Vec::new(),
            resource: D::TYPE_NAME.to_owned(),
            generation: String::new(),
        };
        let call = Call::<D::Platform>::new(scope, claim, cancel, DATA_TIMEOUT);
        let result = source.read(&call).await;
        diagnostics.extend(call.take_warnings());
        result?;
        let mut state = <D as Model>::to_value(&source);
        self.platform.place(&call.scope, &mut state);
        Ok(state)
    }
}

#[async_trait]
impl<D: DataSource> Readable for Source<D> {
    fn validate(&self, config: &Value) -> Diagnostics {
        let mut found = Diagnostics::new();
        check_rules(&self.block, config, &mut found);
        let mut plan = Plan::new(config, &Value::Null, config.clone());
        D::validate(&mut plan);
        found.extend(plan.diagnostics);
        found
    }

    async fn read(&self, config: Value) -> DataResponse {
        let mut diagnostics = Diagnostics::new();
        let state = match self.read_into(&config, &mut diagnostics).await {
            Ok(state) => state,
            Err(failure) => {
                diagnostics.push(failure.into_diagnostic());
                Value::Null
            }
        };
        DataResponse { state, diagnostics }
    }
}
