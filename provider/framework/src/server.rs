//! What the plugin asks of a provider: one method for each request of the protocol, in the
//! framework's own terms.

use std::collections::BTreeMap;

use travel_value::{Path, Value};

use crate::diagnostic::Diagnostics;
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

/// Why a function could not be evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionError {
    /// The reason, for a person.
    pub text: String,
    /// The argument at fault, counted from zero, if it is one argument's fault.
    pub argument: Option<i64>,
}

/// A provider, as the plugin serves it.
///
/// Types a request names are ones that [`Server::schemas`] lists; for others each method answers
/// with an error. Values have the types that the schemas give them.
#[async_trait::async_trait]
pub trait Server: Send + Sync + 'static {
    /// Everything Terraform is told at the start. Makes no call and is the same every time.
    fn schemas(&self) -> &Schemas;
    /// Checks the provider's configuration; parts of it may be unknown.
    async fn validate_provider(&self, config: Value) -> Diagnostics;
    /// Takes the provider's configuration. May be called again in the life of a process.
    async fn configure(&self, request: ConfigureRequest) -> Diagnostics;
    /// Checks a resource's configuration; parts of it may be unknown.
    async fn validate_resource(&self, type_name: &str, config: Value) -> Diagnostics;
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
