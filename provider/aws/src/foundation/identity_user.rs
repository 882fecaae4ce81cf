//! travel_identity_user: a user of IAM Identity Center.
//!
//! Source: Identity Store API reference, User.

mod attributes;

use std::time::Duration;

use async_trait::async_trait;
use travel_framework::ownership::Mark;
use travel_framework::resource::{Found, Resource, Timeouts};
use travel_framework::timeouts::Lifecycle;
use travel_framework::wait::{Look, Pace};
use travel_framework::{Diagnostic, Failure, Model, Plan};
use travel_value::Value;

use super::identity_center::{ABSENT, CONFLICT};
use super::identity_store::{by_attribute, differs, import_parts, store, taken_over};
use crate::consistency::{Call, make_once};
use crate::error::Reply;
use crate::{Aws, Placement};

/// A user of IAM Identity Center's own directory. How they sign in is theirs: passwords and devices are
/// set by mail and in the console, and are no part of this.
///
/// Where users come from an identity provider, they are made there, and only named here. Postal
/// addresses and photos are left alone.
#[derive(Clone, Debug, Default, Model)]
#[resource(
    type = "travel_identity_user",
    id = "user_id",
    proof = equality,
    refresh = "1",
    identity("region", "identity_store_id", "user_id"),
    consistency_seconds = 3
)]
pub struct IdentityUser {
    /// The name to sign in with, unique in the directory. Another name means another user.
    #[model(required, replace, rule = is_name, pattern(
        "^[\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}]{1,128}$",
        "1 to 128 characters without white space"
    ))]
    pub name: String,
    /// What the user is called in lists.
    #[model(required, length(1, 1024))]
    pub display_name: String,
    /// The given name.
    #[model(required, length(1, 1024))]
    pub given_name: String,
    /// The family name.
    #[model(required, length(1, 1024))]
    pub family_name: String,
    /// The middle name.
    #[model(optional, length(1, 1024))]
    pub middle_name: Option<String>,
    /// The whole name, as it is written.
    #[model(optional, length(1, 1024))]
    pub formatted_name: Option<String>,
    /// What stands before the name, as in `Dr.`
    #[model(optional, length(1, 1024))]
    pub honorific_prefix: Option<String>,
    /// What stands behind the name, as in `Jr.`
    #[model(optional, length(1, 1024))]
    pub honorific_suffix: Option<String>,
    /// The nickname.
    #[model(optional, length(1, 1024))]
    pub nickname: Option<String>,
    /// The e-mail address, to which the invitation goes.
    #[model(optional)]
    pub email: Option<Contact>,
    /// The phone number.
    #[model(optional)]
    pub phone_number: Option<Contact>,
    /// The address of a page about the user.
    #[model(optional, length(1, 1024))]
    pub profile_url: Option<String>,
    /// What kind of user it is, such as `employee`.
    #[model(optional, length(1, 1024))]
    pub user_type: Option<String>,
    /// The user's title, such as `Engineer`.
    #[model(optional, length(1, 1024))]
    pub title: Option<String>,
    /// The language that the user prefers, such as `en`.
    #[model(optional, length(1, 1024))]
    pub preferred_language: Option<String>,
    /// The locale, such as `en-GB`.
    #[model(optional, length(1, 1024))]
    pub locale: Option<String>,
    /// The time zone, such as `Europe/Berlin`.
    #[model(optional, length(1, 1024))]
    pub timezone: Option<String>,
    /// The identity store; by default that of the only instance of Identity Center here.
    #[model(optional, computed, replace, length(1, 64))]
    pub identity_store_id: Option<String>,
    /// The id of the user.
    #[model(computed)]
    pub user_id: Option<String>,
    /// Account and region.
    #[model(flatten)]
    pub placement: Placement,
    /// What the framework keeps.
    #[model(flatten)]
    pub lifecycle: Lifecycle,
}

/// An e-mail address or phone number.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Contact {
    /// The address or number.
    #[model(required, length(1, 1024))]
    pub value: String,
    /// What kind it is, such as `work`.
    #[model(name = "type", optional, length(1, 1024))]
    pub kind: Option<String>,
    /// Whether it is the first to use.
    #[model(optional, default = true)]
    pub primary: bool,
}

impl IdentityUser {
    fn id(&self) -> &str {
        self.user_id.as_deref().unwrap_or_default()
    }

    fn store(&self) -> &str {
        self.identity_store_id.as_deref().unwrap_or_default()
    }

    async fn observe(
        call: &Call,
        store: &str,
        id: &str,
        state: &Self,
    ) -> Result<Option<Self>, Failure> {
        let client = call.scope.identity_store();
        let request = client.describe_user().identity_store_id(store).user_id(id);
        let seen = request.send().await.found(&call.scope, &[ABSENT])?;
        Ok(seen.map(|user| attributes::from_service(user, state)))
    }

    /// The user of the planned name.
    async fn by_name(call: &Call, store: &str, plan: &Self) -> Result<Option<Self>, Failure> {
        let request = call
            .scope
            .identity_store()
            .get_user_id()
            .identity_store_id(store)
            .alternate_identifier(by_attribute("userName", &plan.name)?);
        let Some(found) = request.send().await.found(&call.scope, &[ABSENT])? else {
            return Ok(None);
        };
        Self::observe(call, store, &found.user_id, plan).await
    }

    /// Whether both say the same of a user.
    fn is_as(&self, other: &Self) -> bool {
        attributes::texts(self) == attributes::texts(other)
            && self.name == other.name
            && (&self.email, &self.phone_number) == (&other.email, &other.phone_number)
    }
}

#[async_trait]
impl Resource for IdentityUser {
    type Platform = Aws;

    const TIMEOUTS: Timeouts = Timeouts::minutes(10);

    fn plan(plan: &mut Plan<'_>) {
        if plan.is_replacement() {
            plan.set("user_id", Value::unknown());
        }
    }

    async fn read(call: &Call, state: &Self) -> Result<Option<Self>, Failure> {
        Self::observe(call, state.store(), state.id(), state).await
    }

    async fn find(call: &Call, plan: &Self) -> Result<Vec<Found<Self>>, Failure> {
        let store = store(call, plan.identity_store_id.as_deref()).await?;
        let Some(object) = Self::by_name(call, &store, plan).await? else { return Ok(Vec::new()) };
        let what = format!("user {}", plan.name);
        let label = object.id().to_owned();
        if !object.is_as(plan) {
            let id = format!("{}/{store}/{label}", call.scope.region());
            return Err(differs(&what, "travel_identity_user", &id).into());
        }
        call.warn(taken_over(&what));
        Ok(vec![Found { object, mark: None, complete: true, label }])
    }

    async fn create(call: &Call, plan: &Self, state: &mut Self) -> Result<(), Failure> {
        let store = store(call, plan.identity_store_id.as_deref()).await?;
        let request = attributes::create(plan, call.scope.once().identity_store());
        let request = request.identity_store_id(&store);
        let send = || {
            let answer = request.clone().send();
            async { Ok(Some(answer.await?.user_id)) }
        };
        // Nobody else had one of this name a moment ago.
        let look = || async {
            let made = Self::by_name(call, &store, plan).await?;
            Ok(made.filter(|it| it.is_as(plan)).and_then(|it| it.user_id))
        };
        let made = make_once(call, |_| Duration::ZERO, &[CONFLICT], send, look).await?;
        state.user_id = made.at(&call.scope)?;
        state.identity_store_id = Some(store);
        Ok(())
    }

    async fn update(
        call: &Call,
        prior: &Self,
        plan: &Self,
        state: &mut Self,
    ) -> Result<(), Failure> {
        let changes = attributes::changes(prior, plan)?;
        if !changes.is_empty() {
            let request = call
                .scope
                .identity_store()
                .update_user()
                .identity_store_id(prior.store())
                .user_id(prior.id())
                .set_operations(Some(changes));
            request.send().await.at(&call.scope)?;
        }
        *state = Self {
            user_id: prior.user_id.clone(),
            identity_store_id: prior.identity_store_id.clone(),
            ..plan.clone()
        };
        Ok(())
    }

    async fn delete(call: &Call, prior: &Self) -> Result<(), Failure> {
        let client = call.scope.identity_store();
        let (store, id) = (prior.store(), prior.id());
        let request = client.delete_user().identity_store_id(store).user_id(id);
        request.send().await.found(&call.scope, &[ABSENT])?;
        let what = format!("the end of user {}", prior.name);
        call.wait_until(&what, Pace::QUICK, || async {
            let request = client.describe_user().identity_store_id(store).user_id(id);
            let seen = request.send().await.found(&call.scope, &[ABSENT])?;
            Ok(seen.map_or(Look::Done(()), |_| Look::Pending("there".to_owned())))
        })
        .await
    }

    async fn mark(_call: &Call, _state: &Self) -> Result<Option<Mark>, Failure> {
        Ok(None)
    }

    fn import(id: &str) -> Result<Self, Diagnostic> {
        let (region, store, user) = import_parts(id).ok_or_else(|| {
            Diagnostic::error(
                format!("{id:?} names no user"),
                "A user is imported by IDENTITY_STORE_ID/USER_ID, or with its region, \
                 REGION/IDENTITY_STORE_ID/USER_ID.",
            )
        })?;
        let mut state =
            Self { identity_store_id: Some(store), user_id: Some(user), ..Self::default() };
        state.placement.region = region;
        Ok(state)
    }
}

/// The rule of a user's name.
fn is_name(value: &Value) -> Result<(), String> {
    match value.as_str() {
        Some("Administrator" | "AWSAdministrators") => {
            Err("another name: Administrator and AWSAdministrators are reserved".to_owned())
        }
        _ => Ok(()),
    }
}
