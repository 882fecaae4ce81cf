//! What all resources of one provider process share: the deployment, the sign to stop, and what
//! this process has adopted or planned since it was configured.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use travel_value::{Path, Value};

use crate::Model;
use crate::diagnostic::Diagnostic;
use crate::model::Model as _;
use crate::ownership::{Claim, resource_value};
use crate::private::Target;

/// The framework's own part of the provider's configuration.
#[derive(Clone, Debug, Default, Model)]
pub struct DeploymentConfig {
    /// The unit that owns what is made here, such as `dev/eu-central-1/network`. Every object is
    /// marked with it, so that an apply that was cut off finds its own again. Unique across all
    /// units.
    #[model(required, length(1, 200))]
    pub deployment: Option<String>,
    /// Names that this unit had before: what was made under them is still its own.
    #[model(optional)]
    pub previous_deployments: Option<Vec<String>>,
}

/// What all resources of a provider process share.
pub struct Shared {
    /// When the process started: a list may lag behind what a killed process made before that.
    pub started: Instant,
    session: Mutex<Session>,
}

#[derive(Default)]
struct Session {
    deployment: DeploymentConfig,
    is_deployment_unknown: bool,
    cancel: CancellationToken,
    adopted: BTreeSet<String>,
    planned: BTreeSet<String>,
}

impl Default for Shared {
    fn default() -> Self {
        Self { started: Instant::now(), session: Mutex::default() }
    }
}

impl Shared {
    /// Takes a new configuration, and with it a clean slate.
    ///
    /// # Errors
    /// Where the deployment has the wrong type.
    pub fn configure(&self, config: &Value) -> Result<(), Diagnostic> {
        let deployment = DeploymentConfig::from_value(config, &Path::root())?;
        let is_deployment_unknown = config.get("deployment").is_unknown();
        *self.session() = Session { deployment, is_deployment_unknown, ..Session::default() };
        Ok(())
    }

    /// Whether the deployment will be known only later: nothing can be read or made until then.
    pub fn awaits_deployment(&self) -> bool {
        self.session().is_deployment_unknown
    }

    /// Asks everything under way to stop. What comes after the next configuration is not touched.
    pub fn stop(&self) {
        self.session().cancel.cancel();
    }

    /// Ends when everything under way is asked to stop.
    pub fn cancel(&self) -> CancellationToken {
        self.session().cancel.clone()
    }

    /// The mark for an object of this deployment.
    ///
    /// # Errors
    /// Where the provider has no deployment (it was unknown when the provider was configured).
    pub fn claim(&self, resource: String, generation: String) -> Result<Claim, Diagnostic> {
        let DeploymentConfig { deployment, previous_deployments } =
            self.session().deployment.clone();
        let deployment = deployment.ok_or_else(|| {
            Diagnostic::error(
                "no deployment in the provider's configuration",
                "Set deployment in the provider block, to a name for this unit that no other \
                 unit has, such as its path: what is made is marked with it.",
            )
        })?;
        let previous_deployments = previous_deployments.unwrap_or_default();
        let resource = resource_value(resource);
        Ok(Claim { deployment, previous_deployments, resource, generation })
    }

    /// Notes that an object was adopted: it is not deleted before the next configuration.
    pub fn adopted(&self, type_name: &str, id: &str) {
        self.session().adopted.insert(format!("{type_name}/{id}"));
    }

    /// Whether an object was adopted since the last configuration.
    pub fn was_adopted(&self, type_name: &str, id: &str) -> bool {
        self.session().adopted.contains(&format!("{type_name}/{id}"))
    }

    /// Notes that a create of this object was planned.
    ///
    /// # Errors
    /// Where another create of the same object was planned since the last configuration: both
    /// would be marked alike, and the second would adopt what the first has made.
    pub fn plan_create(&self, key_attribute: &str, target: &Target) -> Result<(), Diagnostic> {
        let place = |part: &Option<String>| part.clone().unwrap_or_default();
        let Target { resource, account, region, .. } = target;
        let key = format!("{resource} {} {}", place(account), place(region));
        if self.session().planned.insert(key) {
            return Ok(());
        }
        let (type_name, name) = resource.split_once('/').unwrap_or((resource, ""));
        Err(Diagnostic::error(
            format!("two {type_name} named {name:?}"),
            format!(
                "Another {type_name} of this deployment has the {key_attribute} {name:?} in the \
                 same account and region. Give each its own: objects are told apart by it.",
            ),
        )
        .at_attribute(key_attribute.rsplit('/').next().unwrap_or(key_attribute)))
    }

    fn session(&self) -> MutexGuard<'_, Session> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
