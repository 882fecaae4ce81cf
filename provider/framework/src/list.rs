//! What a page of the provider implements where its objects can be listed, managed or not.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use travel_value::Value;

use crate::asked::Asked;
use crate::call::{Call, Failure};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::Model;
use crate::page::Page;
use crate::plan::Plan;
use crate::resource::Resource;
use crate::schema::Schema;
use crate::server::{ListRequest, ListedObject};
use crate::shared::Shared;

/// A list of a whole account may take long.
const TIMEOUT: Duration = Duration::from_secs(3600);
/// How many found objects may wait to be told.
const AHEAD: usize = 16;

/// A managed resource whose objects can be listed.
#[async_trait]
pub trait Listable: Resource {
    /// Where to look and for which: the list's configuration.
    type Query: Model;

    /// Checks combinations of the configuration's attributes.
    fn check_query(_plan: &mut Plan<'_>) {}

    /// Tells of every object that an import could bring in, whoever made it, as it is found. Ends
    /// early, at any await, once enough were found.
    async fn list(
        call: &Call<Self::Platform>,
        query: &Self::Query,
        found: &Finder,
    ) -> Result<(), Failure>;
}

/// Takes what a list finds.
pub struct Finder(Sender<Named>);

/// An object that a list has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The id that an import takes; it says the whole identity.
    pub id: String,
    /// What to call it before a person.
    pub name: String,
}

impl Finder {
    /// One that hands on what is found.
    pub const fn new(named: Sender<Named>) -> Self {
        Self(named)
    }

    /// Tells of an object, by the parts of a [`Named`].
    pub async fn tell(&self, id: impl Into<String>, name: impl Into<String>) {
        // Where nobody listens any more, the list is dropped at the next await.
        let _ = self.0.send(Named { id: id.into(), name: name.into() }).await;
    }
}

/// Core ends a list at its first error, and one object that cannot be read is no reason for that.
fn left_out(name: &str, failure: Failure) -> Diagnostic {
    let error = failure.into_diagnostic();
    Diagnostic::warning(
        format!("{name} is left out of the list"),
        format!("{}: {}", error.summary, error.detail),
    )
}

/// A list, whatever its model.
#[async_trait]
pub(crate) trait Lists: Send + Sync {
    fn schema(&self) -> Schema;
    fn validate(&self, config: &Value) -> Diagnostics;
    async fn list(&self, request: ListRequest, found: Sender<ListedObject>);
}

/// The list of one resource.
pub(crate) struct Lister<R: Listable> {
    asked: Asked<R::Query, R::Platform>,
    page: Page<R>,
}

impl<R: Listable> Lister<R> {
    pub(crate) fn new(platform: &Arc<R::Platform>, shared: &Arc<Shared>) -> Self {
        Self {
            asked: Asked::new(R::DESCRIPTION.type_name, platform, shared),
            page: Page::new(Arc::clone(platform), Arc::clone(shared)),
        }
    }

    async fn list_into(
        &self,
        request: &ListRequest,
        found: &Sender<ListedObject>,
        diagnostics: &mut Diagnostics,
    ) -> Result<(), Failure> {
        let (place, query) = self.asked.completed(&request.config)?;
        let call = self.asked.call(&place, TIMEOUT).await?;
        let (sender, receiver) = channel(AHEAD);
        let finder = Finder::new(sender);
        let mut listing = pin!(async {
            let listed = R::list(&call, &query, &finder).await;
            drop(finder);
            listed
        });
        let mut telling = pin!(self.tell(request, &call, receiver, found));
        let listed = tokio::select! {
            listed = &mut listing => {
                // What was found may not all be told yet.
                telling.await;
                listed
            }
            () = &mut telling => Ok(()),
            () = call.cancel.cancelled() => Err(Failure::Interrupted),
        };
        diagnostics.extend(call.take_warnings());
        listed
    }

    /// Tells core of what is found, until it has enough.
    async fn tell(
        &self,
        request: &ListRequest,
        call: &Call<R::Platform>,
        mut finder: Receiver<Named>,
        found: &Sender<ListedObject>,
    ) {
        let mut left = request.limit.unwrap_or(usize::MAX);
        while left > 0
            && let Some(named) = finder.recv().await
        {
            let Some(object) = self.complete(request, call, named).await else { continue };
            left -= 1;
            if found.send(object).await.is_err() {
                return;
            }
        }
    }

    /// What core is told of an object; nothing, where it has gone meanwhile.
    async fn complete(
        &self,
        request: &ListRequest,
        call: &Call<R::Platform>,
        named: Named,
    ) -> Option<ListedObject> {
        let Named { id, name: display_name } = named;
        let read = self.page.found_by_id(&call.scope, &id, request.with_objects).await;
        let (identity, object, diagnostics) = match read {
            Ok((Value::Null, _, _)) => return None,
            Ok((state, identity, diagnostics)) => {
                (identity, request.with_objects.then_some(state), diagnostics)
            }
            Err(failure) => (Value::Null, None, left_out(&display_name, failure).into()),
        };
        Some(ListedObject { identity, display_name, object, diagnostics })
    }
}

#[async_trait]
impl<R: Listable> Lists for Lister<R> {
    fn schema(&self) -> Schema {
        Schema { version: 0, block: self.asked.block.clone().configured() }
    }

    fn validate(&self, config: &Value) -> Diagnostics {
        self.asked.validate(config, R::check_query)
    }

    async fn list(&self, request: ListRequest, found: Sender<ListedObject>) {
        let mut diagnostics = Diagnostics::new();
        if let Err(failure) = self.list_into(&request, &found, &mut diagnostics).await {
            diagnostics.push(failure.into_diagnostic());
        }
        if diagnostics.iter().next().is_some() {
            // Where nobody listens any more, nobody is left to be told.
            let _ = found.send(ListedObject::about_all(diagnostics)).await;
        }
    }
}
