//! The provider: everything it serves, in one place, and the answers to the plugin's requests.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::mpsc::Sender;
use travel_value::Value;

use crate::action::{Action, Invocable, Invoker};
use crate::call::Failure;
use crate::data::{DataSource, Function, Readable, Source};
use crate::diagnostic::Diagnostics;
use crate::ephemeral::{Ephemeral, Openable, Opener};
use crate::list::{Listable, Lister, Lists};
use crate::model::Model;
use crate::orphan::{Marked, Removal};
use crate::page::{Managed, Page, check_rules, unknown_type};
use crate::platform::Platform;
use crate::resource::{Description, Resource};
use crate::schema::Block;
use crate::server::{
    ApplyRequest, ApplyResponse, ConfigureRequest, DataResponse, FunctionError, GenerateResponse,
    ImportRequest, ImportResponse, ListRequest, ListedObject, MoveRequest, MoveResponse,
    OpenResponse, PlanRequest, PlanResponse, ReadRequest, ReadResponse, RenewResponse, Schemas,
    Server, UpgradeRequest, UpgradeResponse, not_served,
};
use crate::shared::{DeploymentConfig, Shared};

/// Everything a provider serves.
#[derive(Default)]
pub struct Provider {
    shared: Arc<Shared>,
    schemas: Schemas,
    platforms: Vec<Arc<dyn Configurable>>,
    resources: BTreeMap<&'static str, Box<dyn Managed>>,
    order: Vec<&'static str>,
    data_sources: BTreeMap<&'static str, Box<dyn Readable>>,
    functions: BTreeMap<String, Box<dyn Function>>,
    ephemeral_resources: BTreeMap<&'static str, Box<dyn Openable>>,
    lists: BTreeMap<&'static str, Box<dyn Lists>>,
    actions: BTreeMap<&'static str, Box<dyn Invocable>>,
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
        self.order.push(type_name);
        self
    }

    /// Adds a data source.
    #[must_use]
    pub fn data_source<D: DataSource>(mut self, platform: &Arc<D::Platform>) -> Self {
        let source = Source::<D>::new(platform, &self.shared);
        self.schemas.data_sources.insert(D::TYPE_NAME.to_owned(), source.schema());
        self.data_sources.insert(D::TYPE_NAME, Box::new(source));
        self
    }

    /// Adds the list of a resource.
    #[must_use]
    pub fn list<R: Listable>(mut self, platform: &Arc<R::Platform>) -> Self {
        let type_name = R::DESCRIPTION.type_name;
        let list = Lister::<R>::new(platform, &self.shared);
        self.schemas.lists.insert(type_name.to_owned(), list.schema());
        self.lists.insert(type_name, Box::new(list));
        self
    }

    /// Adds an ephemeral resource.
    #[must_use]
    pub fn ephemeral_resource<E: Ephemeral>(mut self, platform: &Arc<E::Platform>) -> Self {
        let ephemeral = Opener::<E>::new(platform, &self.shared);
        self.schemas.ephemeral_resources.insert(E::TYPE_NAME.to_owned(), ephemeral.schema());
        self.ephemeral_resources.insert(E::TYPE_NAME, Box::new(ephemeral));
        self
    }

    /// Adds an action.
    #[must_use]
    pub fn action<A: Action>(mut self, platform: &Arc<A::Platform>) -> Self {
        let action = Invoker::<A>::new(platform, &self.shared);
        self.schemas.actions.insert(A::TYPE_NAME.to_owned(), action.schema());
        self.actions.insert(A::TYPE_NAME, Box::new(action));
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

    /// The types of resources in the order in which they were added: what stands later uses what
    /// stands before.
    pub fn order(&self) -> &[&'static str] {
        &self.order
    }

    /// Removes what carries a mark and stands in no state, with the object that it is a part of.
    ///
    /// # Errors
    /// As the delete of its page.
    pub async fn remove_orphan(&self, marked: &Marked) -> Result<Removal, Failure> {
        match self.resources.get(marked.remover.as_str()) {
            Some(resource) => resource.remove_marked(marked).await,
            None => Err(unknown_type(&marked.remover).into()),
        }
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

    fn awaits_configuration(&self) -> bool {
        self.shared.awaits_deployment()
    }

    async fn validate_resource(
        &self,
        type_name: &str,
        config: Value,
        write_only_allowed: bool,
    ) -> Diagnostics {
        match self.resources.get(type_name) {
            Some(resource) => resource.validate(&config, write_only_allowed),
            None => not_served(type_name).into(),
        }
    }

    async fn validate_data_source(&self, type_name: &str, config: Value) -> Diagnostics {
        match self.data_sources.get(type_name) {
            Some(source) => source.validate(&config),
            None => not_served(type_name).into(),
        }
    }

    async fn upgrade_state(&self, request: UpgradeRequest) -> UpgradeResponse {
        match self.resources.get(request.type_name.as_str()) {
            Some(resource) => resource.upgrade(&request),
            None => {
                let diagnostics = not_served(&request.type_name).into();
                UpgradeResponse { value: Value::Null, diagnostics }
            }
        }
    }

    async fn upgrade_identity(&self, request: UpgradeRequest) -> UpgradeResponse {
        let Some(schema) = self.schemas.identities.get(&request.type_name) else {
            let diagnostics = not_served(&request.type_name).into();
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
                diagnostics: not_served(&request.type_name).into(),
                state: request.state,
                private: request.private,
                identity: request.identity,
            },
        }
    }

    async fn plan(&self, request: PlanRequest) -> PlanResponse {
        match self.resources.get(request.type_name.as_str()) {
            Some(resource) => resource.plan(request).await,
            None => PlanResponse {
                diagnostics: not_served(&request.type_name).into(),
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
                diagnostics: not_served(&request.type_name).into(),
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
                diagnostics: not_served(&request.type_name).into(),
                state: None,
                private: Vec::new(),
                identity: request.identity,
            },
        }
    }

    async fn move_state(&self, request: MoveRequest) -> MoveResponse {
        match self.resources.get(request.type_name.as_str()) {
            Some(resource) => resource.take_over(&request).await,
            None => MoveResponse {
                diagnostics: not_served(&request.type_name).into(),
                state: Value::Null,
                private: Vec::new(),
                identity: Value::Null,
            },
        }
    }

    async fn generate_config(&self, type_name: &str, state: Value) -> GenerateResponse {
        match self.resources.get(type_name) {
            Some(resource) => GenerateResponse {
                config: resource.generate(state),
                diagnostics: Diagnostics::new(),
            },
            None => {
                GenerateResponse { config: Value::Null, diagnostics: not_served(type_name).into() }
            }
        }
    }

    async fn validate_ephemeral(&self, type_name: &str, config: Value) -> Diagnostics {
        match self.ephemeral_resources.get(type_name) {
            Some(ephemeral) => ephemeral.validate(&config),
            None => not_served(type_name).into(),
        }
    }

    async fn open_ephemeral(&self, type_name: &str, config: Value) -> OpenResponse {
        match self.ephemeral_resources.get(type_name) {
            Some(ephemeral) => ephemeral.open(config).await,
            None => OpenResponse {
                result: Value::Null,
                private: Vec::new(),
                renew_at: None,
                diagnostics: not_served(type_name).into(),
            },
        }
    }

    async fn renew_ephemeral(&self, type_name: &str, private: Vec<u8>) -> RenewResponse {
        match self.ephemeral_resources.get(type_name) {
            Some(ephemeral) => ephemeral.renew(private).await,
            None => {
                let diagnostics = not_served(type_name).into();
                RenewResponse { private, renew_at: None, diagnostics }
            }
        }
    }

    async fn close_ephemeral(&self, type_name: &str, private: Vec<u8>) -> Diagnostics {
        match self.ephemeral_resources.get(type_name) {
            Some(ephemeral) => ephemeral.close(private).await,
            None => not_served(type_name).into(),
        }
    }

    async fn validate_list(&self, type_name: &str, config: Value) -> Diagnostics {
        match self.lists.get(type_name) {
            Some(list) => list.validate(&config),
            None => not_served(type_name).into(),
        }
    }

    async fn list(&self, request: ListRequest, found: Sender<ListedObject>) {
        match self.lists.get(request.type_name.as_str()) {
            Some(list) => list.list(request, found).await,
            None => {
                let error = ListedObject::about_all(not_served(&request.type_name).into());
                // Where nobody listens any more, nobody is left to be told.
                let _ = found.send(error).await;
            }
        }
    }

    async fn validate_action(&self, type_name: &str, config: Value) -> Diagnostics {
        match self.actions.get(type_name) {
            Some(action) => action.validate(&config),
            None => not_served(type_name).into(),
        }
    }

    async fn plan_action(&self, type_name: &str, config: Value) -> Diagnostics {
        // More of the configuration is known than when it was validated first.
        self.validate_action(type_name, config).await
    }

    async fn invoke_action(
        &self,
        type_name: &str,
        config: Value,
        progress: Sender<String>,
    ) -> Diagnostics {
        match self.actions.get(type_name) {
            Some(action) => action.invoke(config, progress).await,
            None => not_served(type_name).into(),
        }
    }

    async fn read_data_source(&self, type_name: &str, config: Value) -> DataResponse {
        match self.data_sources.get(type_name) {
            Some(source) => source.read(config).await,
            None => DataResponse { state: Value::Null, diagnostics: not_served(type_name).into() },
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
