//! AWS as the framework sees it: its part of the provider's configuration, what all its resources
//! have in common, and where the calls of each go.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use chrono::Utc;
use travel_framework::platform::{Change, Platform};
use travel_framework::{Diagnostic, Diagnostics, Plan};
use travel_value::Value;

use crate::preflight::{self, Needs};
use crate::scope::Scope;
use crate::session::{Session, Wanted, renewal};
use crate::settings::{self, Config, Settings};
use crate::{placement, tags};

/// The AWS platform.
pub struct Aws {
    session: RwLock<Arc<Session>>,
    needs: Needs,
}

impl Aws {
    /// The platform, not yet configured.
    pub fn new() -> Self {
        Self::of(Session::new(Settings::default()))
    }

    /// The platform with this session.
    pub(crate) fn of(session: Session) -> Self {
        Self { session: RwLock::new(Arc::new(session)), needs: |_, _| Vec::new() }
    }

    /// The same, where it is known what changes of the resources call.
    #[must_use]
    pub fn needing(self, needs: Needs) -> Self {
        Self { needs, ..self }
    }

    /// What a change of a resource calls, whatever its attributes.
    pub(crate) fn needs(&self, type_name: &str, change: Change) -> Vec<&'static str> {
        (self.needs)(type_name, change)
    }

    pub(crate) fn session(&self) -> Arc<Session> {
        Arc::clone(&self.session.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The id of an account by its id or name, where that can be told without asking AWS.
    pub(crate) fn account_id(&self, account: &str) -> Option<String> {
        self.session().settings().account_id(account)
    }

    /// Where something outside any resource's state is: for those who resolve a reference, such
    /// as a cluster's, by account and region.
    ///
    /// # Errors
    /// Where there are no usable credentials for that place.
    pub async fn scope_of(
        &self,
        account: Option<&str>,
        region: Option<&str>,
    ) -> Result<Scope, Diagnostic> {
        let wanted = Wanted {
            account: account.map(str::to_owned),
            account_id: None,
            region: region.map(str::to_owned),
            regional: true,
        };
        self.session().scope(&wanted).await
    }
}

impl Default for Aws {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Platform for Aws {
    type Config = Config;
    type Scope = Scope;

    fn validate(&self, config: &Value) -> Diagnostics {
        settings::validate(config)
    }

    fn configure(&self, config: &Value, _core_version: &str) -> Diagnostics {
        match Settings::read(config) {
            Ok(settings) => {
                let session = Arc::new(Session::new(settings));
                *self.session.write().unwrap_or_else(PoisonError::into_inner) = session;
                Diagnostics::new()
            }
            Err(error) => error.into(),
        }
    }

    fn plan(&self, plan: &mut Plan<'_>) {
        let session = self.session();
        placement::plan(plan, session.settings());
        tags::plan(plan, &session.settings().tags);
    }

    async fn foresee(&self, type_name: &str, change: Change, object: &Value) -> Diagnostics {
        preflight::foresee(self, type_name, change, object).await
    }

    async fn scope(&self, object: &Value) -> Result<Scope, Diagnostic> {
        let session = self.session();
        let text = |name: &str| object.get(name).as_str().map(str::to_owned);
        let wanted = Wanted {
            account: text("account"),
            account_id: text("account_id"),
            region: text("region"),
            regional: object.entries().is_some_and(|object| object.contains_key("region")),
        };
        let scope = session.scope(&wanted).await?;
        // An imported object has no name for its account yet. If the default means the same
        // account, it is that name: a plan, which may not ask, could not tell. Elsewhere it is the id.
        let name = match (wanted.account, wanted.account_id) {
            (Some(_), _) => None,
            (None, Some(id)) => session.called(&id).await,
            (None, None) => session.settings().account.known().cloned(),
        };
        Ok(scope.named(name))
    }

    fn outlasted(&self, needed: Duration) -> Option<Diagnostic> {
        renewal::outlasted(needed, Utc::now(), |name| std::env::var(name).ok())
    }

    fn place(&self, scope: &Scope, state: &mut Value) {
        let has = |name: &str| state.entries().is_some_and(|object| object.contains_key(name));
        let (has_account, has_id, has_region) = (has("account"), has("account_id"), has("region"));
        if has_id {
            state.set_attribute("account_id", scope.account_id().into());
        }
        if has_region {
            state.set_attribute("region", scope.region().into());
        }
        if has_account
            && state.get("account").is_null()
            && let Some(name) = scope.name()
        {
            state.set_attribute("account", name.into());
        }
    }
}

#[cfg(test)]
mod tests;
