//! What resources of one kind share: the provider's configuration for them, and where calls go.

use std::time::Duration;

use async_trait::async_trait;
use travel_value::Value;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::Model;
use crate::plan::Plan;

/// What an apply does to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    /// Makes it.
    Create,
    /// Changes it as it stands.
    Update,
    /// Removes it.
    Delete,
}

impl Change {
    /// What leads from one object to another, null where there is none.
    pub const fn between(prior: &Value, planned: &Value) -> Self {
        match (prior, planned) {
            (_, Value::Null) => Self::Delete,
            (Value::Null, _) => Self::Create,
            _ => Self::Update,
        }
    }

    /// Its name in logs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

/// What the resources of one kind (AWS, Kubernetes) share.
#[async_trait]
pub trait Platform: Send + Sync + 'static {
    /// Its part of the provider's configuration.
    type Config: Model;
    /// Where an API call goes (account, region, cluster) and the clients for it. Cheap to clone.
    type Scope: Clone + Send + Sync;

    /// Checks its part of the provider's configuration; parts of it may be unknown.
    fn validate(&self, config: &Value) -> Diagnostics;

    /// Takes the provider's configuration; parts of it may be unknown during a plan. Makes no
    /// API call.
    fn configure(&self, config: &Value, core_version: &str) -> Diagnostics;

    /// Plans what all its resources have in common (account, region, all tags). Pure, as
    /// [`crate::resource::Resource::plan`] is.
    fn plan(&self, plan: &mut Plan<'_>);

    /// What stands against a change of any of its resources that only others can tell, such as a policy
    /// of the organization. Parts of `object` (what is planned, or what is to be removed) may be unknown.
    /// Changes nothing; what cannot be told is no reason to refuse.
    async fn foresee(&self, type_name: &str, change: Change, object: &Value) -> Diagnostics {
        let _ = (type_name, change, object);
        Diagnostics::new()
    }

    /// Where the calls of an object go, by its state or plan.
    ///
    /// # Errors
    /// Where there are no usable credentials for that place.
    async fn scope(&self, object: &Value) -> Result<Self::Scope, Diagnostic>;

    /// What is to be said where the credentials have ended, or end before an operation that may take
    /// so long, and nobody can renew them: an error or a warning. Asks nobody.
    fn outlasted(&self, needed: Duration) -> Option<Diagnostic> {
        let _ = needed;
        None
    }

    /// Notes in an object's state where it really is (the resolved account and region).
    fn place(&self, scope: &Self::Scope, state: &mut Value);
}
