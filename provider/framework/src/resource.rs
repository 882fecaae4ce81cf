//! What a page of the provider implements: one managed resource.

use std::time::Duration;

use async_trait::async_trait;
use travel_value::Value;

use crate::call::{Call, Failure};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::Model;
use crate::ownership::Mark;
use crate::page::identity;
use crate::plan::Plan;
use crate::platform::Platform;

/// What tools need to know of a resource; stands in its `#[resource(…)]` attribute.
#[derive(Clone, Copy, Debug)]
pub struct Description {
    /// The resource's type, as written in a configuration.
    pub type_name: &'static str,
    /// The computed attribute that is set once the object exists, such as `arn`.
    pub id: &'static str,
    /// The attribute that names the object within its type and deployment; where it takes several,
    /// their paths, joined by `/`: `cluster.name/namespace/name`.
    pub key: &'static str,
    /// What proves that an object is ours.
    pub proof: Proof,
    /// How many API calls a read makes: a number, or a formula such as `3 + zones`.
    pub refresh: &'static str,
    /// The attributes of the identity, in order; empty for none. Those that may be missing are paths
    /// into an object: `cluster.name`, which the identity calls `cluster_name`.
    pub identity: &'static [&'static str],
    /// What a destroy leaves behind, in words.
    pub keeps: &'static [&'static str],
    /// How long the service may take to show in a list what was just made.
    pub consistency: Duration,
    /// Resources of other providers that stand for the same objects, whose state can be moved here.
    pub moves: &'static [MoveSource],
}

/// A resource of another provider that stands for the same objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MoveSource {
    /// The provider's address without its host: `hashicorp/aws`.
    pub provider: &'static str,
    /// The type that it has there.
    pub type_name: &'static str,
    /// The attribute of its state, a string, that an import here takes as the id.
    pub id: &'static str,
}

impl Description {
    /// What the attributes of the identity are called in it.
    pub fn identity_names(&self) -> impl Iterator<Item = String> {
        self.identity.iter().map(|name| identity::called(name))
    }
}

/// What proves that an object in the cloud was made by us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Ownership tags of its own.
    Tags,
    /// The ownership tags of the object it is part of.
    Parent,
    /// A record beside it, as ExternalDNS keeps one.
    Record,
    /// It equals the configuration: then it is adopted, otherwise refused.
    Equality,
}

/// A model with a [`Description`]; implemented by `#[derive(Model)]` with `#[resource(…)]`.
pub trait Described: Model {
    /// What tools need to know of it.
    const DESCRIPTION: Description;
}

/// How long each operation may take where the configuration does not say.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// For a create.
    pub create: Duration,
    /// For an update.
    pub update: Duration,
    /// For a delete.
    pub delete: Duration,
}

impl Timeouts {
    /// The same time for all three, in minutes.
    pub const fn minutes(minutes: u64) -> Self {
        let duration = Duration::from_secs(60 * minutes);
        Self { create: duration, update: duration, delete: duration }
    }
}

/// An object that a search found under the key of a planned one.
#[derive(Clone, Debug)]
pub struct Found<M> {
    /// The object as it stands, ownership attributes left empty.
    pub object: M,
    /// The mark on it.
    pub mark: Option<Mark>,
    /// Whether all of it is there: false for the remains of a create that was cut off.
    pub complete: bool,
    /// What to call it in an error: an ARN, an id, an alias.
    pub label: String,
}

/// A managed resource. The struct is its model; these are its operations.
///
/// None of them plans, marks completeness, looks for leftovers or decides about ownership: the
/// framework does, and calls these with what it has decided. Operations must be repeatable: each
/// may be called again after it was cut off at any point.
#[async_trait]
pub trait Resource: Described {
    /// What the resource's calls go through.
    type Platform: Platform;

    /// The version of the state's shape.
    const VERSION: i64 = 0;

    /// How long each operation may take where the configuration does not say.
    const TIMEOUTS: Timeouts = Timeouts::minutes(20);

    /// Brings a state's JSON of an older version to the current shape.
    ///
    /// # Errors
    /// Where there is no way from that version.
    fn upgrade(version: i64, _state: serde_json::Value) -> Result<serde_json::Value, Diagnostic> {
        Err(Diagnostic::error(
            format!(
                "no way to upgrade {} from schema version {version}",
                Self::DESCRIPTION.type_name
            ),
            "The state was written by a version of the provider whose state this one cannot \
             read. Apply once with a version in between.",
        ))
    }

    /// Checks combinations of attributes; each alone is checked by its rules already. Parts of
    /// the configuration may be unknown: see [`Plan::known`].
    fn validate(_plan: &mut Plan<'_>) {}

    /// Adds to the plan what the schema cannot say: values that can be known, replacements,
    /// limits. A pure function of the request: no call, no clock, no randomness.
    fn plan(_plan: &mut Plan<'_>) {}

    /// Plans with what the provider's configuration says beyond the platform's own part of the
    /// plan, such as where charts are. As pure as [`Resource::plan`], which it calls by default.
    fn plan_on(_platform: &Self::Platform, plan: &mut Plan<'_>) {
        Self::plan(plan);
    }

    /// What only the cloud can tell of a plan that changes something and is not refused already: what
    /// stands against it, such as a quota, or is to be known of it. It may ask, but it changes nothing of
    /// what is planned, and a call that fails is no reason to refuse. Parts of `planned` may be unknown.
    async fn foresee(_platform: &Self::Platform, _planned: &Value) -> Diagnostics {
        Diagnostics::new()
    }

    /// Reads the object. `state` is the last known one (after an import: what the id says).
    /// None where the object is gone. Sets every attribute that can be read, so that drift shows.
    async fn read(call: &Call<Self::Platform>, state: &Self) -> Result<Option<Self>, Failure>;

    /// Looks for objects that stand under the planned object's key, whoever owns them: leftovers
    /// of a create that was cut off, and whatever would be in the way. One listing.
    async fn find(call: &Call<Self::Platform>, plan: &Self) -> Result<Vec<Found<Self>>, Failure>;

    /// Makes the object. `state` begins as the plan with every unknown attribute empty and must
    /// be filled as things come into being: what it holds when this fails is kept, and tracked.
    /// The mark of `call.claim` goes on everything with, or before, the call that makes it.
    async fn create(
        call: &Call<Self::Platform>,
        plan: &Self,
        state: &mut Self,
    ) -> Result<(), Failure>;

    /// Brings the object from `prior` to `plan`, and its mark to `call.claim`; also completes one
    /// whose create was cut off. `state` begins as `prior` and must follow what was done.
    async fn update(
        call: &Call<Self::Platform>,
        prior: &Self,
        plan: &Self,
        state: &mut Self,
    ) -> Result<(), Failure>;

    /// Removes the object and waits until it is gone. An object that is gone already is no error.
    async fn delete(call: &Call<Self::Platform>, prior: &Self) -> Result<(), Failure>;

    /// The mark that stands on the object now, where its proof is tags; none where it is gone or
    /// carries none. Asked before a delete.
    async fn mark(call: &Call<Self::Platform>, state: &Self) -> Result<Option<Mark>, Failure>;

    /// The state that a read can start from, from the id given to `terraform import`.
    ///
    /// # Errors
    /// Where the id has not the form this type wants; says which form that is.
    fn import(id: &str) -> Result<Self, Diagnostic>;
}
