//! What the plugin asks of a provider: one method for each request of the protocol, in the
//! framework's own terms.

use std::collections::BTreeMap;
use std::time::SystemTime;

use tokio::sync::mpsc::Sender;
use travel_value::{Path, Value};

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::schema::{FunctionSignature, Schema};

/// Everything Terraform is told of the provider at the start.
#[derive(Clone, Debug, Default)]
pub struct Schemas {
    /// The provider's own configuration.
    pub provider: Schema,
    /// Each managed resource by its type.
    pub resources: BTreeMap<String, Schema>,
    /// The identity of each managed resource that has one, by its type. Every attribute is
    /// either required for import (`required`) or optional for it (`optional`).
    pub identities: BTreeMap<String, Schema>,
    /// Each data source by its type.
    pub data_sources: BTreeMap<String, Schema>,
    /// Each function by its name.
    pub functions: BTreeMap<String, FunctionSignature>,
    /// Each ephemeral resource by its type.
    pub ephemeral_resources: BTreeMap<String, Schema>,
    /// The configuration of a list, by the type of the managed resource that it lists. Nothing in
    /// it is computed.
    pub lists: BTreeMap<String, Schema>,
    /// The configuration of each action, by its type. Nothing in it is computed.
    pub actions: BTreeMap<String, Schema>,
}

/// The provider's configuration, and the core that sends it.
#[derive(Clone, Debug)]
pub struct ConfigureRequest {
    /// The configuration; parts of it may be unknown during a plan.
    pub config: Value,
    /// The version of the Terraform or OpenTofu that calls.
    pub core_version: String,
}

/// State of an older (or the same) schema version, as it stands in the state file.
#[derive(Clone, Debug)]
pub struct UpgradeRequest {
    /// The resource's type.
    pub type_name: String,
    /// The schema version that wrote the state.
    pub version: i64,
    /// The state's JSON.
    pub raw: Vec<u8>,
}

/// State or identity of the current schema version.
#[derive(Clone, Debug)]
pub struct UpgradeResponse {
    /// The upgraded value; null where it could not be upgraded.
    pub value: Value,
    /// Errors and warnings.
    pub diagnostics: Diagnostics,
}

/// Asks for the real object behind a state.
#[derive(Clone, Debug)]
pub struct ReadRequest {
    /// The resource's type.
    pub type_name: String,
    /// The last known state.
    pub state: Value,
    /// The last private state.
    pub private: Vec<u8>,
    /// The last known identity; null where there is none.
    pub identity: Value,
}

/// The real object, or null where it is gone.
#[derive(Clone, Debug)]
pub struct ReadResponse {
    /// The state; null where the object is gone.
    pub state: Value,
    /// The private state.
    pub private: Vec<u8>,
    /// The identity; null where there is none.
    pub identity: Value,
    /// Errors and warnings.
    pub diagnostics: Diagnostics,
}

/// Asks what an apply would do.
#[derive(Clone, Debug)]
pub struct PlanRequest {
    /// The resource's type.
    pub type_name: String,
    /// The prior state; null for a create.
    pub prior: Value,
    /// Core's merge of configuration and prior state; null for a destroy.
    pub proposed: Value,
    /// The configuration; null for a destroy.
    pub config: Value,
    /// The prior private state.
    pub private: Vec<u8>,
    /// The prior identity; null where there is none.
    pub identity: Value,
}

/// What an apply would do.
#[derive(Clone, Debug)]
pub struct PlanResponse {
    /// The state after the apply; unknown where it cannot be known yet.
    pub planned: Value,
    /// The attributes whose change needs another object.
    pub requires_replace: Vec<Path>,
    /// What the apply is to know of this plan.
    pub private: Vec<u8>,
    /// The identity after the apply; null where there is none.
    pub identity: Value,
    /// Errors and warnings.
    pub diagnostics: Diagnostics,
}

/// Asks to carry out a plan.
#[derive(Clone, Debug)]
pub struct ApplyRequest {
    /// The resource's type.
    pub type_name: String,
    /// The prior state; null for a create.
    pub prior: Value,
    /// The planned state; null for a destroy.
    pub planned: Value,
    /// The configuration; null for a destroy.
    pub config: Value,
    /// What the plan left for the apply.
    pub private: Vec<u8>,
    /// The planned identity; null where there is none.
    pub identity: Value,
}

/// What was done, also where it failed half-way.
#[derive(Clone, Debug)]
pub struct ApplyResponse {
    /// The state after the apply; null after a destroy.
    pub state: Value,
    /// The private state.
    pub private: Vec<u8>,
    /// The identity; null where there is none.
    pub identity: Value,
    /// Errors and warnings.
    pub diagnostics: Diagnostics,
}

/// Asks to bring an existing object under management.
#[derive(Clone, Debug)]
pub struct ImportRequest {
    /// The resource's type.
    pub type_name: String,
    /// The id given by the person; empty where an identity is given.
    pub id: String,
    /// The identity given by the person; null where an id is given.
    pub identity: Value,
}

/// The imported object; its state is read right after.
#[derive(Clone, Debug)]
pub struct ImportResponse {
    /// The state as far as the import knows it; none after an error.
    pub state: Option<Value>,
    /// The private state.
    pub private: Vec<u8>,
    /// The identity; null where there is none.
    pub identity: Value,
    /// Errors and warnings.
    pub diagnostics: Diagnostics,
}

/// The answer of a data source.
#[derive(Clone, Debug)]
pub struct DataResponse {
    /// The configuration together with what was read; null after an error.
    pub state: Value,
    /// Errors and warnings.
    pub diagnostics: Diagnostics,
}

/// A state that was another resource's: of another type, or of another provider.
#[derive(Clone, Debug)]
pub struct MoveRequest {
    /// The full address of the provider that wrote it, host included.
    pub source_provider: String,
    /// Whether that is this provider, maybe from another registry.
    pub is_own: bool,
    /// The type that it had there.
    pub source_type: String,
    /// The version of that type's schema.
    pub source_version: i64,
    /// Its JSON.
    pub raw: Vec<u8>,
    /// What that provider kept beside it.
    pub private: Vec<u8>,
    /// The type that it is to have here.
    pub type_name: String,
}

/// What became of a state that was another resource's.
#[derive(Clone, Debug)]
pub struct MoveResponse {
    /// The state; null where it cannot be taken over.
    pub state: Value,
    /// The private state.
    pub private: Vec<u8>,
    /// The identity; null where there is none.
    pub identity: Value,
    /// Errors and warnings.
    pub diagnostics: Diagnostics,
}

/// A configuration that makes what a state says.
#[derive(Clone, Debug)]
pub struct GenerateResponse {
    /// The configuration; null after an error.
    pub config: Value,
    /// Errors and warnings.
    pub diagnostics: Diagnostics,
}

/// An ephemeral resource that was opened.
#[derive(Clone, Debug)]
pub struct OpenResponse {
    /// The configuration together with what was opened; null after an error.
    pub result: Value,
    /// What renewing and closing it need to know. Core keeps it in memory only.
    pub private: Vec<u8>,
    /// When it must be renewed; never, where there is none.
    pub renew_at: Option<SystemTime>,
    /// Errors and warnings.
    pub diagnostics: Diagnostics,
}

/// An ephemeral resource that was renewed. Its values stay as they were opened.
#[derive(Clone, Debug)]
pub struct RenewResponse {
    /// What the next renewal and closing it need to know.
    pub private: Vec<u8>,
    /// When it must be renewed again; never, where there is none.
    pub renew_at: Option<SystemTime>,
    /// Errors and warnings.
    pub diagnostics: Diagnostics,
}

/// Asks for the objects that exist, managed or not.
#[derive(Clone, Debug)]
pub struct ListRequest {
    /// The type of the managed resource that they would be.
    pub type_name: String,
    /// Where to look, and for which.
    pub config: Value,
    /// Whether each is to come with its whole state.
    pub with_objects: bool,
    /// How many are wanted at most; any number, where there is none.
    pub limit: Option<usize>,
}

/// An object that a list has found, or why it could not go on.
#[derive(Clone, Debug)]
pub struct ListedObject {
    /// The identity; null beside an error that is about the whole list.
    pub identity: Value,
    /// What to call it before a person.
    pub display_name: String,
    /// Its state, where that was asked for.
    pub object: Option<Value>,
    /// Errors and warnings.
    pub diagnostics: Diagnostics,
}

/// Why a function could not be evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionError {
    /// The reason, for a person.
    pub text: String,
    /// The argument at fault, counted from zero, if it is one argument's fault.
    pub argument: Option<i64>,
}

impl FunctionError {
    /// That one argument, counted from zero, is at fault.
    pub fn at(argument: i64, text: impl Into<String>) -> Self {
        Self { text: text.into(), argument: Some(argument) }
    }

    /// That a function was called with another number of arguments than it has.
    pub fn arity(expected: usize) -> Self {
        Self { text: format!("expected {expected} arguments"), argument: None }
    }
}

impl ListedObject {
    /// What is told of a whole list, and of no object in it.
    pub fn about_all(diagnostics: Diagnostics) -> Self {
        Self { identity: Value::Null, display_name: String::new(), object: None, diagnostics }
    }
}

/// The error for a type that is not served.
pub fn not_served(type_name: &str) -> Diagnostic {
    Diagnostic::error(
        format!("{type_name} is not served"),
        "This version of the provider does not have it. Use the version that the configuration \
         was written for.",
    )
}

/// A provider, as the plugin serves it.
///
/// Types a request names are ones that [`Server::schemas`] lists; for others each method answers
/// with an error, and those for what a server need not have do so by themselves. Values have the
/// types that the schemas give them.
#[async_trait::async_trait]
pub trait Server: Send + Sync + 'static {
    /// Everything Terraform is told at the start. Makes no call and is the same every time.
    fn schemas(&self) -> &Schemas;
    /// Checks the provider's configuration; parts of it may be unknown.
    async fn validate_provider(&self, config: Value) -> Diagnostics;
    /// Takes the provider's configuration. May be called again in the life of a process.
    async fn configure(&self, request: ConfigureRequest) -> Diagnostics;
    /// Whether the provider's configuration does not yet say what no operation on a managed
    /// resource can do without, so that these must wait for a later plan where core allows it.
    fn awaits_configuration(&self) -> bool;
    /// Checks a resource's configuration; parts of it may be unknown. `write_only_allowed` says
    /// whether core keeps the values of write-only attributes out of plan and state.
    async fn validate_resource(
        &self,
        type_name: &str,
        config: Value,
        write_only_allowed: bool,
    ) -> Diagnostics;
    /// Checks a data source's configuration; parts of it may be unknown.
    async fn validate_data_source(&self, type_name: &str, config: Value) -> Diagnostics;
    /// Brings a state to the current schema version.
    async fn upgrade_state(&self, request: UpgradeRequest) -> UpgradeResponse;
    /// Brings an identity to the current version of its schema.
    async fn upgrade_identity(&self, request: UpgradeRequest) -> UpgradeResponse;
    /// Reads the real object.
    async fn read(&self, request: ReadRequest) -> ReadResponse;
    /// Says what an apply would do.
    async fn plan(&self, request: PlanRequest) -> PlanResponse;
    /// Carries out a plan.
    async fn apply(&self, request: ApplyRequest) -> ApplyResponse;
    /// Brings an existing object under management.
    async fn import(&self, request: ImportRequest) -> ImportResponse;
    /// Takes over a state that was another resource's.
    async fn move_state(&self, request: MoveRequest) -> MoveResponse;
    /// Writes the configuration that makes what a state says. Secrets are left out of it.
    async fn generate_config(&self, type_name: &str, state: Value) -> GenerateResponse;
    /// Checks an ephemeral resource's configuration; parts of it may be unknown.
    async fn validate_ephemeral(&self, type_name: &str, config: Value) -> Diagnostics {
        let _ = config;
        not_served(type_name).into()
    }
    /// Opens an ephemeral resource.
    async fn open_ephemeral(&self, type_name: &str, config: Value) -> OpenResponse {
        let _ = config;
        OpenResponse {
            result: Value::Null,
            private: Vec::new(),
            renew_at: None,
            diagnostics: not_served(type_name).into(),
        }
    }
    /// Makes an open ephemeral resource last longer.
    async fn renew_ephemeral(&self, type_name: &str, private: Vec<u8>) -> RenewResponse {
        RenewResponse { private, renew_at: None, diagnostics: not_served(type_name).into() }
    }
    /// Ends an ephemeral resource. Called also after [`Server::stop`].
    async fn close_ephemeral(&self, type_name: &str, private: Vec<u8>) -> Diagnostics {
        let _ = private;
        not_served(type_name).into()
    }
    /// Checks a list's configuration; parts of it may be unknown.
    async fn validate_list(&self, type_name: &str, config: Value) -> Diagnostics {
        let _ = config;
        not_served(type_name).into()
    }
    /// Finds the objects that exist, and ends once nobody listens any more.
    async fn list(&self, request: ListRequest, found: Sender<ListedObject>) {
        let error = ListedObject::about_all(not_served(&request.type_name).into());
        // Where nobody listens any more, nobody is left to be told.
        let _ = found.send(error).await;
    }
    /// Checks an action's configuration; parts of it may be unknown.
    async fn validate_action(&self, type_name: &str, config: Value) -> Diagnostics {
        let _ = config;
        not_served(type_name).into()
    }
    /// Says what stands against an action, as far as that is known before; parts of the
    /// configuration may be unknown. Makes no call.
    async fn plan_action(&self, type_name: &str, config: Value) -> Diagnostics {
        let _ = config;
        not_served(type_name).into()
    }
    /// Carries out an action, and tells of its progress, a line at a time.
    async fn invoke_action(
        &self,
        type_name: &str,
        config: Value,
        progress: Sender<String>,
    ) -> Diagnostics {
        let _ = (config, progress);
        not_served(type_name).into()
    }
    /// Reads a data source.
    async fn read_data_source(&self, type_name: &str, config: Value) -> DataResponse;
    /// Evaluates a function.
    async fn call_function(
        &self,
        name: &str,
        arguments: Vec<Value>,
    ) -> Result<Value, FunctionError>;
    /// Asks all work under way to end soon, keeping what it has made. Later requests, after a new
    /// [`Server::configure`], are not touched by it.
    fn stop(&self);
}
