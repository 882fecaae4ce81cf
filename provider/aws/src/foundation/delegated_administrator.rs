//! travel_delegated_administrator: a member account that administers a service for the organization.
//!
//! Source: AWS Organizations API reference, RegisterDelegatedAdministrator, DelegatedService.

use async_trait::async_trait;
use aws_sdk_organizations::operation::register_delegated_administrator::RegisterDelegatedAdministratorError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use travel_framework::ownership::Mark;
use travel_framework::resource::{Found, Resource, Timeouts};
use travel_framework::timeouts::Lifecycle;
use travel_framework::{Diagnostic, Failure, Model, Plan};

use super::organizations::answer;
use crate::consistency::{Call, LISTED};
use crate::error::{Reply, failure, is_code};
use crate::partition::is_account_id;
use crate::{Aws, GlobalPlacement};

/// A member account that administers an AWS service for the whole organization, in the place of the
/// management account. The service must be one that may work across the accounts
/// (`trusted_services` of the organization). An account that administers it already is taken over as it
/// is: there is nothing else to it.
#[derive(Clone, Debug, Default, Model)]
#[resource(
    type = "travel_delegated_administrator",
    id = "id",
    key = "administrator_id/service",
    proof = equality,
    refresh = "1",
    identity("administrator_id", "service"),
    moves("hashicorp/aws aws_organizations_delegated_administrator.id"),
    consistency_seconds = 3
)]
pub struct DelegatedAdministrator {
    /// The id of the member account. Another account means another administrator.
    #[model(required, replace, pattern("^[0-9]{12}$", "the id of an account: twelve digits"))]
    pub administrator_id: String,
    /// The service, by its principal, such as `guardduty.amazonaws.com`.
    #[model(
        required,
        replace,
        length(1, 128),
        pattern("^[\\w+=,.@-]+$", "the principal of a service, such as guardduty.amazonaws.com")
    )]
    pub service: String,
    /// Account and service: `111122223333/guardduty.amazonaws.com`.
    #[model(computed)]
    pub id: Option<String>,
    /// Where it is managed.
    #[model(flatten)]
    pub placement: GlobalPlacement,
    /// What the framework keeps of it.
    #[model(flatten)]
    pub lifecycle: Lifecycle,
}

/// What says that an account administers nothing.
const NOT_REGISTERED: [&str; 2] = ["AccountNotRegisteredException", "AccountNotFoundException"];

impl DelegatedAdministrator {
    fn composed_id(&self) -> String {
        format!("{}/{}", self.administrator_id, self.service)
    }

    async fn is_registered(&self, call: &Call) -> Result<bool, Failure> {
        let client = call.scope.organizations();
        let request =
            client.list_delegated_services_for_account().account_id(&self.administrator_id);
        let mut pages = request.into_paginator().send();
        while let Some(page) = pages.next().await {
            let Some(page) = page.found(&call.scope, &NOT_REGISTERED)? else { return Ok(false) };
            let mut services = page.delegated_services().iter();
            if services.any(|it| it.service_principal() == Some(self.service.as_str())) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The failure of a registration, with what to do about it.
    async fn refused(
        &self,
        call: &Call,
        error: &SdkError<RegisterDelegatedAdministratorError, HttpResponse>,
    ) -> Failure {
        let reason = match error.as_service_error() {
            Some(RegisterDelegatedAdministratorError::ConstraintViolationException(it)) => {
                it.reason()
            }
            _ => None,
        };
        let said = failure(error, &call.scope.place());
        let (attribute, remedy) = match reason.map(|reason| reason.as_str()) {
            Some("SERVICE_ACCESS_NOT_ENABLED") => (
                "service",
                format!(
                    "Add {:?} to the trusted_services of the travel_organization.",
                    self.service
                ),
            ),
            Some(
                "DELEGATED_ADMINISTRATOR_EXISTS_FOR_THIS_SERVICE"
                | "MAX_DELEGATED_ADMINISTRATORS_FOR_SERVICE_LIMIT_EXCEEDED",
            ) => ("service", self.others(call).await),
            Some("CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR") => (
                "administrator_id",
                "The management account administers every service already. Name a member account."
                    .to_owned(),
            ),
            Some("CANNOT_REGISTER_SUSPENDED_ACCOUNT_AS_DELEGATED_ADMINISTRATOR") => {
                ("administrator_id", "Name an account that is active.".to_owned())
            }
            _ if is_code(error, &["AccountNotFoundException"]) => (
                "administrator_id",
                "Name a member account of the organization, by its id.".to_owned(),
            ),
            _ if is_code(error, &["InvalidInputException"]) => (
                "service",
                "Name a service that can be administered by a member account, by its principal."
                    .to_owned(),
            ),
            _ => return said,
        };
        let mut diagnostic = said.into_diagnostic();
        diagnostic.detail = format!("{} {remedy}", diagnostic.detail);
        diagnostic.at_attribute(attribute).into()
    }

    /// Who administers the service already, in words.
    async fn others(&self, call: &Call) -> String {
        let client = call.scope.organizations();
        let request = client.list_delegated_administrators().service_principal(&self.service);
        let listed = request.into_paginator().items().send().try_collect().await;
        let names = listed.unwrap_or_default().into_iter().filter_map(|it| it.id);
        let names: Vec<String> = names.collect();
        match names.is_empty() {
            true => "Remove another administrator of the service first.".to_owned(),
            false => format!(
                "It is administered by {}. Remove that first, or bring it in with an import block.",
                names.join(", "),
            ),
        }
    }
}

#[async_trait]
impl Resource for DelegatedAdministrator {
    type Platform = Aws;

    const TIMEOUTS: Timeouts = Timeouts::minutes(10);

    fn plan(plan: &mut Plan<'_>) {
        if plan.is_destroy() {
            return;
        }
        let known = plan.known::<String>("administrator_id").zip(plan.known::<String>("service"));
        let id = known.map(|(account, service)| format!("{account}/{service}"));
        plan.set_known("id", id.as_ref());
    }

    async fn read(call: &Call, state: &Self) -> Result<Option<Self>, Failure> {
        let registered = state.is_registered(call).await?;
        Ok(registered.then(|| Self { id: Some(state.composed_id()), ..state.clone() }))
    }

    async fn find(call: &Call, plan: &Self) -> Result<Vec<Found<Self>>, Failure> {
        let object = Self::read(call, plan).await?;
        let found = |object: Self| {
            let label = object.composed_id();
            Found { object, mark: None, complete: true, label }
        };
        Ok(object.map(found).into_iter().collect())
    }

    async fn create(call: &Call, plan: &Self, state: &mut Self) -> Result<(), Failure> {
        state.id = None;
        let client = call.scope.organizations();
        let request = client
            .register_delegated_administrator()
            .account_id(&plan.administrator_id)
            .service_principal(&plan.service);
        if let Err(error) = answer(call, &[], || request.clone().send()).await?
            // As after a request whose answer was lost.
            && !is_code(&error, &["AccountAlreadyRegisteredException"])
        {
            return Err(plan.refused(call, &error).await);
        }
        state.id = Some(plan.composed_id());
        let until = tokio::time::Instant::now() + LISTED;
        let shown =
            call.find_until(until, || async { Ok(plan.is_registered(call).await?.then_some(())) });
        if shown.await?.is_none() {
            tracing::info!("{} is not listed yet", plan.composed_id());
        }
        Ok(())
    }

    async fn update(
        _call: &Call,
        _prior: &Self,
        _plan: &Self,
        _state: &mut Self,
    ) -> Result<(), Failure> {
        // Account and service are all there is of it, and others of them are another.
        Ok(())
    }

    async fn delete(call: &Call, prior: &Self) -> Result<(), Failure> {
        if !prior.is_registered(call).await? {
            return Ok(());
        }
        let client = call.scope.organizations();
        let request = client
            .deregister_delegated_administrator()
            .account_id(&prior.administrator_id)
            .service_principal(&prior.service);
        let answer = answer(call, &[], || request.clone().send()).await?;
        answer.found(&call.scope, &NOT_REGISTERED).map(drop)
    }

    async fn mark(_call: &Call, _state: &Self) -> Result<Option<Mark>, Failure> {
        Ok(None)
    }

    fn import(id: &str) -> Result<Self, Diagnostic> {
        match id.split_once('/') {
            Some((account, service)) if is_account_id(account) && !service.is_empty() => Ok(Self {
                administrator_id: account.to_owned(),
                service: service.to_owned(),
                id: Some(id.to_owned()),
                ..Self::default()
            }),
            _ => Err(Diagnostic::error(
                "not the id of a delegated administrator",
                format!(
                    "{id:?} is not ACCOUNT/SERVICE, as in 111122223333/guardduty.amazonaws.com."
                ),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_imported_by_account_and_service() {
        let one = DelegatedAdministrator::import("111122223333/ssm.amazonaws.com").unwrap();
        assert_eq!(
            (one.administrator_id.as_str(), one.service.as_str()),
            ("111122223333", "ssm.amazonaws.com")
        );
        for id in ["111122223333", "111122223333/", "dev/ssm.amazonaws.com"] {
            assert!(DelegatedAdministrator::import(id).is_err(), "{id}");
        }
    }
}
