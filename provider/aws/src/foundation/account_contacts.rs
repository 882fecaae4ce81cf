//! travel_account_contacts: whom AWS writes to about an account.
//!
//! Source: AWS Account Management API reference.

mod contact;

use std::error::Error;

use async_trait::async_trait;
use aws_sdk_account::types::AlternateContactType;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use tokio::time::Instant;
use travel_framework::ownership::Mark;
use travel_framework::resource::{Found, Resource, Timeouts};
use travel_framework::timeouts::Lifecycle;
use travel_framework::{Diagnostic, Failure, Model, Plan};
use travel_value::{Path, Value};

use self::contact::{AlternateContact, KINDS, PrimaryContact, WITH_STATES};
use crate::consistency::{Call, LISTED, send_when_ready};
use crate::error::{Answer, Reply, failure, is_code};
use crate::partition::is_account_id;
use crate::{Aws, GlobalPlacement};

/// Whom AWS writes to about an account: the primary contact, and those for billing, operations and
/// security. Only those that are written here are managed; others stay as they are.
///
/// The contacts of member accounts are written from the management account, for which
/// `account.amazonaws.com` must be among the `trusted_services` of the organization. An alternate
/// contact that is another already is not overwritten when this is made: import it first. The primary
/// contact, which every account has from the beginning, is.
#[derive(Clone, Debug, Default, Model)]
#[resource(
    type = "travel_account_contacts",
    id = "id",
    key = "member_id",
    proof = parent,
    refresh = "1 for each contact",
    identity("member_id"),
    keeps("the primary contact, which every account has")
)]
pub struct AccountContacts {
    /// The id of the member account whose contacts these are. By default they are those of the account
    /// that is worked in. Another account means other contacts.
    #[model(
        optional,
        computed,
        replace,
        pattern("^[0-9]{12}$", "the id of an account: twelve digits")
    )]
    pub member_id: Option<String>,
    /// Whom the account belongs to. It can be changed, but not removed.
    #[model(optional)]
    pub primary: Option<PrimaryContact>,
    /// Who hears of bills.
    #[model(optional)]
    pub billing: Option<AlternateContact>,
    /// Who hears of operations.
    #[model(optional)]
    pub operations: Option<AlternateContact>,
    /// Who hears of security.
    #[model(optional)]
    pub security: Option<AlternateContact>,
    /// The id of the account whose contacts these are.
    #[model(computed)]
    pub id: Option<String>,
    /// Where they are managed.
    #[model(flatten)]
    pub placement: GlobalPlacement,
    /// What the framework keeps of it.
    #[model(flatten)]
    pub lifecycle: Lifecycle,
}

const ABSENT: &str = "ResourceNotFoundException";
const DENIED: &str = "AccessDeniedException";
const TRUSTED: &str = "The contacts of a member account are written from the management account. Add \
                       \"account.amazonaws.com\" to the trusted_services of the travel_organization.";

impl AccountContacts {
    fn alternates(&self) -> [&Option<AlternateContact>; 3] {
        [&self.billing, &self.operations, &self.security]
    }

    fn alternates_mut(&mut self) -> [&mut Option<AlternateContact>; 3] {
        [&mut self.billing, &mut self.operations, &mut self.security]
    }

    fn is_empty(&self) -> bool {
        self.primary.is_none() && self.alternates().into_iter().all(Option::is_none)
    }

    /// The account, as calls name it: their own they may not name.
    fn named(&self, call: &Call) -> Option<String> {
        self.member_id.clone().filter(|id| id != call.scope.account_id())
    }

    async fn read_primary(&self, call: &Call) -> Result<Option<PrimaryContact>, Failure> {
        let request = call.scope.account().get_contact_information();
        let answer = request.set_account_id(self.named(call)).send().await;
        let shown = self.found(call, answer)?.and_then(|shown| shown.contact_information);
        Ok(shown.map(PrimaryContact::read))
    }

    async fn read_alternate(
        &self,
        call: &Call,
        kind: &AlternateContactType,
    ) -> Result<Option<AlternateContact>, Failure> {
        let request = call.scope.account().get_alternate_contact();
        let request = request.alternate_contact_type(kind.clone());
        let answer = request.set_account_id(self.named(call)).send().await;
        let shown = self.found(call, answer)?.and_then(|shown| shown.alternate_contact);
        Ok(shown.map(AlternateContact::read))
    }

    /// What is there of the contacts that are managed, or of all of them.
    async fn observe(&self, call: &Call, all: bool) -> Result<Self, Failure> {
        let mut seen = self.clone();
        if all || self.primary.is_some() {
            seen.primary = self.read_primary(call).await?;
        }
        for (there, (_, kind)) in seen.alternates_mut().into_iter().zip(&KINDS) {
            if all || there.is_some() {
                *there = self.read_alternate(call, kind).await?;
            }
        }
        Ok(seen)
    }

    async fn write_primary(&self, call: &Call, contact: &PrimaryContact) -> Result<(), Failure> {
        let request = call.scope.account().put_contact_information();
        let request = request.contact_information(contact.written()?);
        let request = request.set_account_id(self.named(call));
        self.send(call, || request.clone().send())
            .await
            .map_err(|it| it.at_attribute("primary"))?;
        self.settle(call, "primary", || async {
            Ok(self.read_primary(call).await?.as_ref() == Some(contact))
        })
        .await
    }

    async fn write_alternate(
        &self,
        call: &Call,
        (name, kind): (&str, &AlternateContactType),
        contact: Option<&AlternateContact>,
    ) -> Result<(), Failure> {
        let client = call.scope.account();
        let account = self.named(call);
        let written = match contact {
            Some(contact) => {
                let request = client
                    .put_alternate_contact()
                    .alternate_contact_type(kind.clone())
                    .name(&contact.name)
                    .title(&contact.title)
                    .email_address(&contact.email)
                    .phone_number(&contact.phone_number)
                    .set_account_id(account);
                self.send(call, || request.clone().send()).await.map(drop)
            }
            None => {
                let request = client
                    .delete_alternate_contact()
                    .alternate_contact_type(kind.clone())
                    .set_account_id(account);
                let answer = request.send().await;
                self.found(call, answer).map(drop)
            }
        };
        written.map_err(|failure| failure.at_attribute(name))?;
        self.settle(call, name, || async {
            Ok(self.read_alternate(call, kind).await?.as_ref() == contact)
        })
        .await
    }

    /// The alternate contacts of this that another does not have.
    fn beyond(&self, other: &Self) -> Self {
        let mut new = Self { primary: None, ..self.clone() };
        for (contact, known) in new.alternates_mut().into_iter().zip(other.alternates()) {
            if known.is_some() {
                *contact = None;
            }
        }
        new
    }

    /// Refuses to write where a contact of somebody else is `there`.
    fn refuse_others(&self, there: &Self, account: &str) -> Result<(), Failure> {
        let pairs = self.alternates().into_iter().zip(there.alternates());
        for ((name, _), (wanted, there)) in KINDS.iter().zip(pairs) {
            if wanted.is_some() && there.is_some() && there != wanted {
                return Err(taken(account, name).into());
            }
        }
        Ok(())
    }

    /// Writes what differs, and lets `state` follow.
    async fn bring(
        call: &Call,
        prior: &Self,
        plan: &Self,
        state: &mut Self,
    ) -> Result<(), Failure> {
        if let Some(contact) =
            plan.primary.as_ref().filter(|it| prior.primary.as_ref() != Some(*it))
        {
            plan.write_primary(call, contact).await?;
        }
        state.primary.clone_from(&plan.primary);
        let pairs = prior.alternates().into_iter().zip(plan.alternates()).zip(&KINDS);
        for (((before, after), (name, kind)), there) in pairs.zip(state.alternates_mut()) {
            if before != after {
                call.proceed()?;
                plan.write_alternate(call, (*name, kind), after.as_ref()).await?;
            }
            there.clone_from(after);
        }
        Ok(())
    }

    /// Waits until the service shows what was written, as long as that usually takes.
    async fn settle<F>(
        &self,
        call: &Call,
        name: &str,
        is_shown: impl Fn() -> F,
    ) -> Result<(), Failure>
    where
        F: Future<Output = Result<bool, Failure>>,
    {
        let until = Instant::now() + LISTED;
        let shown = call.find_until(until, || {
            let looked = is_shown();
            async { Ok(looked.await?.then_some(())) }
        });
        if shown.await?.is_none() {
            // The next plan will tell: no reason to fail.
            tracing::info!("the {name} contact does not show yet as it was written");
        }
        Ok(())
    }

    /// Sends a call that may come before the service has access to the accounts.
    async fn send<T, E, F>(&self, call: &Call, request: impl FnMut() -> F) -> Result<T, Failure>
    where
        E: Error + ProvideErrorMetadata + 'static,
        F: Future<Output = Answer<T, E>>,
    {
        let is_early = |error: &_| self.named(call).is_some() && is_code(error, &[DENIED]);
        let sent = send_when_ready(call, LISTED, is_early, request).await;
        sent.map_err(|failure| self.explained(call, failure))
    }

    fn found<T, E>(&self, call: &Call, answer: Answer<T, E>) -> Result<Option<T>, Failure>
    where
        E: Error + ProvideErrorMetadata + 'static,
    {
        match answer {
            Err(error) if is_code(&error, &[DENIED]) => {
                Err(self.explained(call, failure(&error, &call.scope.place())))
            }
            answer => answer.found(&call.scope, &[ABSENT]),
        }
    }

    fn explained(&self, call: &Call, failure: Failure) -> Failure {
        match self.named(call) {
            Some(_) => failure.with_remedy(DENIED, TRUSTED),
            None => failure,
        }
    }
}

#[async_trait]
impl Resource for AccountContacts {
    type Platform = Aws;

    const TIMEOUTS: Timeouts = Timeouts::minutes(10);

    fn validate(plan: &mut Plan<'_>) {
        let names = ["primary", "billing", "operations", "security"];
        if names.iter().all(|name| plan.config.get(name).is_null()) {
            plan.refuse(
                "primary",
                "no contact",
                "Write one at least: primary, billing, operations or security.",
            );
        }
        let primary = plan.config.get("primary");
        let country = primary.get("country_code").as_str().unwrap_or_default().to_owned();
        if WITH_STATES.contains(&country.as_str()) && primary.get("state_or_region").is_null() {
            plan.refuse_at(
                Path::attribute("primary").field("state_or_region"),
                "no state or region",
                format!("An address in {country} needs its state_or_region."),
            );
        }
    }

    fn plan(plan: &mut Plan<'_>) {
        if plan.is_destroy() {
            return;
        }
        if plan.config.get("member_id").is_null() {
            let own = plan.planned.get("account_id").clone();
            let known = own.as_str().is_some();
            plan.set("member_id", if known { own } else { Value::unknown() });
        }
        let id = plan.planned.get("member_id").clone();
        plan.set("id", id);
    }

    async fn read(call: &Call, state: &Self) -> Result<Option<Self>, Failure> {
        // After an import nothing says which are managed.
        let mut seen = state.observe(call, state.is_empty()).await?;
        if seen.is_empty() {
            return Ok(None);
        }
        let id = state.member_id.clone().unwrap_or_else(|| call.scope.account_id().to_owned());
        (seen.member_id, seen.id) = (Some(id.clone()), Some(id));
        Ok(Some(seen))
    }

    async fn find(_call: &Call, _plan: &Self) -> Result<Vec<Found<Self>>, Failure> {
        // Each contact is written as a whole, and that again changes nothing.
        Ok(Vec::new())
    }

    async fn create(call: &Call, plan: &Self, state: &mut Self) -> Result<(), Failure> {
        state.id = None;
        let id = plan.member_id.clone().unwrap_or_else(|| call.scope.account_id().to_owned());
        let wanted = Self { member_id: Some(id.clone()), ..plan.clone() };
        let there = wanted.observe(call, false).await?;
        wanted.refuse_others(&there, &id)?;
        for part in state.alternates_mut() {
            *part = None;
        }
        state.primary = None;
        (state.member_id, state.id) = (Some(id.clone()), Some(id));
        Self::bring(call, &there, &wanted, state).await
    }

    async fn update(
        call: &Call,
        prior: &Self,
        plan: &Self,
        state: &mut Self,
    ) -> Result<(), Failure> {
        let plan = Self { member_id: prior.member_id.clone(), ..plan.clone() };
        let new = plan.beyond(prior);
        let there = new.observe(call, false).await?;
        new.refuse_others(&there, prior.id.as_deref().unwrap_or_default())?;
        Self::bring(call, prior, &plan, state).await
    }

    async fn delete(call: &Call, prior: &Self) -> Result<(), Failure> {
        let none = Self { member_id: prior.member_id.clone(), ..Self::default() };
        Self::bring(call, prior, &none, &mut prior.clone()).await
    }

    async fn mark(_call: &Call, _state: &Self) -> Result<Option<Mark>, Failure> {
        Ok(None)
    }

    fn import(id: &str) -> Result<Self, Diagnostic> {
        if !is_account_id(id) {
            return Err(Diagnostic::error(
                "not the id of an account",
                format!("{id:?} is not twelve digits. Give the id of the account."),
            ));
        }
        Ok(Self { member_id: Some(id.to_owned()), ..Self::default() })
    }
}

fn taken(account: &str, name: &str) -> Diagnostic {
    Diagnostic::error(
        format!("account {account} has another {name} contact already"),
        format!(
            "It is not overwritten. To manage it here, bring the contacts in with an import block \
             (to = travel_account_contacts.NAME, id = {account:?}); otherwise leave {name} out.",
        ),
    )
    .at_attribute(name)
}

#[cfg(test)]
mod tests;
