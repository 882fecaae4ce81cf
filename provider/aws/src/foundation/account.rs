//! travel_account: a member account of the organization.
//!
//! Source: AWS Organizations API reference, CreateAccount, CreateAccountStatus, MoveAccount,
//! CloseAccount.

mod creation;

use async_trait::async_trait;
use aws_sdk_organizations::types::Account as Described;
use travel_framework::list::{Finder, Listable};
use travel_framework::ownership::Mark;
use travel_framework::resource::{Found, Resource, Timeouts};
use travel_framework::timeouts::Lifecycle;
use travel_framework::wait::{Look, Pace};
use travel_framework::{Diagnostic, Failure, Model, Plan};

use super::organizations::{change_tags, parent, root, send, tags};
use crate::consistency::Call;
use crate::error::Reply;
use crate::partition::is_account_id;
use crate::{Aws, GlobalPlacement, Tagging};

/// A member account of the organization. It is made by the service in the background, which takes
/// minutes; a destroy leaves it as it is unless `close_on_destroy` is set.
#[derive(Clone, Debug, Model)]
#[resource(
    type = "travel_account",
    id = "id",
    proof = tags,
    refresh = "3",
    identity("id"),
    moves("hashicorp/aws aws_organizations_account.id"),
    keeps("the account itself, unless close_on_destroy is set; a closed one can be reopened for 90 days"),
    consistency_seconds = 3
)]
pub struct Account {
    /// The account's name. Other units refer to the account by it.
    #[model(required, length(1, 50))]
    pub name: String,
    /// The e-mail address of the account's root user, which no other AWS account may have.
    #[model(
        required,
        length(6, 64),
        pattern("^[^\\s@]+@[^\\s@]+\\.[^\\s@]+$", "an e-mail address")
    )]
    pub email: String,
    /// The root (`r-…`) or unit (`ou-…`) that the account stands in; by default the root. A change
    /// moves the account.
    #[model(
        optional,
        computed,
        pattern(
            "^(r-[0-9a-z]{4,32}|ou-[0-9a-z]{4,32}-[a-z0-9]{8,32})$",
            "the id of a root (r-…) or unit (ou-…)"
        )
    )]
    pub parent_id: Option<String>,
    /// The role that the account is made with, and through which the management account reaches
    /// it. Read only when the account is made.
    #[model(
        optional,
        config_only,
        default = "OrganizationAccountAccessRole",
        pattern("^[\\w+=,.@-]{1,64}$", "the name of a role")
    )]
    pub role_name: String,
    /// Whether users in the account may see its bills. Read only when the account is made.
    #[model(optional, config_only, default = true)]
    pub billing_access: bool,
    /// Whether a destroy closes the account: it is suspended, and gone for good after 90 days.
    #[model(optional, config_only, default)]
    pub close_on_destroy: bool,
    /// The account's id.
    #[model(computed)]
    pub id: Option<String>,
    /// The account's ARN.
    #[model(computed)]
    pub arn: Option<String>,
    /// The account's own status: `ACTIVE`, `SUSPENDED` or `PENDING_CLOSURE`.
    #[model(computed)]
    pub state: Option<String>,
    /// Where it is managed.
    #[model(flatten)]
    pub placement: GlobalPlacement,
    /// Its tags.
    #[model(flatten)]
    pub tagging: Tagging,
    /// What the framework keeps of it.
    #[model(flatten)]
    pub lifecycle: Lifecycle,
}

impl Account {
    fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    async fn describe(call: &Call, id: &str) -> Result<Option<Described>, Failure> {
        let client = call.scope.organizations();
        let answer = client.describe_account().account_id(id).send().await;
        let found = answer.found(&call.scope, &["AccountNotFoundException"])?;
        Ok(found.and_then(|found| found.account))
    }

    async fn observe(
        call: &Call,
        id: &str,
        state: &Self,
    ) -> Result<Option<(Self, Option<Mark>)>, Failure> {
        let Some(account) = Self::describe(call, id).await? else { return Ok(None) };
        let settings = &call.scope.settings().tags;
        let (tagging, mark) = Tagging::read(tags(call, id).await?, &state.tagging, settings);
        let observed = Self {
            name: account.name().unwrap_or_default().to_owned(),
            email: account.email().unwrap_or_default().to_owned(),
            parent_id: Some(parent(call, id).await?),
            id: Some(id.to_owned()),
            arn: account.arn().map(str::to_owned),
            state: account_state(&account),
            tagging,
            ..state.clone()
        };
        Ok(Some((observed, mark)))
    }

    /// Puts the account where it belongs.
    async fn place(call: &Call, id: &str, from: &str, to: &str) -> Result<(), Failure> {
        if from == to {
            return Ok(());
        }
        let client = call.scope.organizations();
        let moved = send(call, &["AccountNotFoundException"], || {
            client
                .move_account()
                .account_id(id)
                .source_parent_id(from)
                .destination_parent_id(to)
                .send()
        })
        .await
        .map(drop);
        // A request whose answer was lost is sent again, and finds the account where it has put it.
        if moved.is_err() && parent(call, id).await.is_ok_and(|is_in| is_in == to) {
            return Ok(());
        }
        moved.map_err(|failure| failure.at_attribute("parent_id"))
    }
}

#[async_trait]
impl Resource for Account {
    type Platform = Aws;

    const TIMEOUTS: Timeouts = Timeouts::minutes(30);

    fn plan(plan: &mut Plan<'_>) {
        if plan.is_destroy() || plan.is_create() {
            return;
        }
        for (name, way) in [
            ("name", "in the account's own settings"),
            ("email", "by the account's root user, or in the console of AWS Organizations"),
        ] {
            if plan.changes(name) {
                plan.refuse(
                    name,
                    format!("an account's {name} cannot be changed here"),
                    format!(
                        "AWS Organizations changes no account's {name}. Change it {way}; the \
                         next plan then finds it as configured.",
                    ),
                );
            }
        }
    }

    async fn read(call: &Call, state: &Self) -> Result<Option<Self>, Failure> {
        let observed = Self::observe(call, state.id(), state).await?.map(|(account, _)| account);
        if let Some(account) = &observed
            && account.state.as_deref().is_some_and(|state| state != "ACTIVE")
        {
            call.warn(Diagnostic::warning(
                format!("account {} is not active", account.name),
                format!(
                    "Account {} is {}. To use it again, reopen it through AWS Support within 90 \
                     days; otherwise remove it from the configuration.",
                    account.id(),
                    account.state.as_deref().unwrap_or_default(),
                ),
            ));
        }
        Ok(observed)
    }

    async fn find(call: &Call, plan: &Self) -> Result<Vec<Found<Self>>, Failure> {
        if let Some(id) = &plan.id {
            // It is known by its id, and by neither name nor address.
            let seen = Self::observe(call, id, plan).await?;
            let found = |(object, mark)| Found { object, mark, complete: true, label: id.clone() };
            return Ok(seen.map(found).into_iter().collect());
        }
        creation::wait_for_others(call, &plan.name).await?;
        let client = call.scope.organizations();
        let mut pages = client.list_accounts().into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            for account in page.at(&call.scope)?.accounts() {
                let same_email =
                    account.email().is_some_and(|email| email.eq_ignore_ascii_case(&plan.email));
                let same_name = account.name() == Some(plan.name.as_str());
                let Some(id) = account.id().filter(|_| same_email || same_name) else { continue };
                let Some((object, mark)) = Self::observe(call, id, plan).await? else { continue };
                // Names need not be unique: another account of this name is in nobody's way.
                let ours = mark.as_ref().is_some_and(|mark| call.claim.owns(mark));
                if ours || same_email {
                    found.push(Found { object, mark, complete: true, label: id.to_owned() });
                }
            }
        }
        Ok(found)
    }

    async fn create(call: &Call, plan: &Self, state: &mut Self) -> Result<(), Failure> {
        let id = creation::create(call, plan).await?;
        state.id = Some(id.clone());
        let account = call
            .wait_until(&format!("account {id}"), Pace::QUICK, || async {
                Ok(match Self::describe(call, &id).await? {
                    Some(account) => Look::Done(account),
                    None => Look::Pending("not listed yet".to_owned()),
                })
            })
            .await?;
        state.arn = account.arn().map(str::to_owned);
        state.state = account_state(&account);
        let begins_in = root(call).await?.id().unwrap_or_default().to_owned();
        let wanted = plan.parent_id.clone().unwrap_or_else(|| begins_in.clone());
        state.parent_id = Some(begins_in.clone());
        Self::place(call, &id, &begins_in, &wanted).await?;
        state.parent_id = Some(wanted);
        Ok(())
    }

    async fn update(
        call: &Call,
        prior: &Self,
        plan: &Self,
        state: &mut Self,
    ) -> Result<(), Failure> {
        if let (Some(from), Some(to)) = (&prior.parent_id, &plan.parent_id) {
            Self::place(call, prior.id(), from, to).await?;
            state.parent_id = Some(to.clone());
        }
        let marked_with = prior.lifecycle.generation.as_deref();
        let changes = plan.tagging.changes(&prior.tagging, marked_with, &call.claim);
        change_tags(call, prior.id(), &changes).await?;
        state.tagging = plan.tagging.clone();
        Ok(())
    }

    async fn delete(call: &Call, prior: &Self) -> Result<(), Failure> {
        if !prior.close_on_destroy {
            call.warn(Diagnostic::warning(
                format!("account {} stays", prior.name),
                format!(
                    "Account {} is no longer managed, but not closed. To close accounts with \
                     their resource, apply close_on_destroy = true first.",
                    prior.id(),
                ),
            ));
            return Ok(());
        }
        let client = call.scope.organizations();
        let closed = client.close_account().account_id(prior.id()).send().await;
        closed
            .found(&call.scope, &["AccountNotFoundException", "AccountAlreadyClosedException"])?;
        call.wait_until(&format!("the closure of account {}", prior.id()), Pace::SLOW, || async {
            let account = Self::describe(call, prior.id()).await?;
            Ok(match account.as_ref().and_then(account_state) {
                Some(state) if state == "ACTIVE" => Look::Pending(state),
                _ => Look::Done(()),
            })
        })
        .await
    }

    async fn mark(call: &Call, state: &Self) -> Result<Option<Mark>, Failure> {
        if Self::describe(call, state.id()).await?.is_none() {
            return Ok(None);
        }
        let tags = tags(call, state.id()).await?;
        Ok(Mark::from_tags(tags.iter().map(|(key, value)| (key.as_str(), value.as_str()))))
    }

    fn import(id: &str) -> Result<Self, Diagnostic> {
        if !is_account_id(id) {
            return Err(Diagnostic::error(
                "not the id of an account",
                format!("{id:?} does not have twelve digits. Give the account's id."),
            ));
        }
        Ok(Self {
            name: String::new(),
            email: String::new(),
            parent_id: None,
            role_name: "OrganizationAccountAccessRole".to_owned(),
            billing_access: true,
            close_on_destroy: false,
            id: Some(id.to_owned()),
            arn: None,
            state: None,
            placement: GlobalPlacement::default(),
            tagging: Tagging::default(),
            lifecycle: Lifecycle::default(),
        })
    }
}

/// The member accounts of an organization, those that are suspended or being closed included: they
/// are called so.
#[derive(Clone, Debug, Default, Model)]
pub struct Accounts {
    /// Where they are managed.
    #[model(flatten)]
    pub placement: GlobalPlacement,
}

#[async_trait]
impl Listable for Account {
    type Query = Accounts;

    async fn list(call: &Call, _query: &Accounts, found: &Finder) -> Result<(), Failure> {
        let client = call.scope.organizations();
        let described = client.describe_organization().send().await.at(&call.scope)?;
        let organization = described.organization();
        let management = organization.and_then(|it| it.master_account_id());
        let mut pages = client.list_accounts().into_paginator().send();
        while let Some(page) = pages.next().await {
            for account in page.at(&call.scope)?.accounts() {
                let Some(id) = account.id().filter(|id| Some(*id) != management) else { continue };
                let name = account.name().unwrap_or(id);
                let display = match account_state(account) {
                    Some(state) if state != "ACTIVE" => format!("{name} ({state})"),
                    _ => name.to_owned(),
                };
                found.tell(id, display).await;
            }
        }
        Ok(())
    }
}

/// The account's own status, by the attribute that has replaced the older one where it is there.
fn account_state(account: &Described) -> Option<String> {
    let newer = account.state().map(|state| state.as_str().to_owned());
    newer.or_else(|| account.status().map(|status| status.as_str().to_owned()))
}
