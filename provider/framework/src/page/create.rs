//! Making an object, unless an earlier attempt has left it: then going on with that.

use tokio::time::Instant;
use travel_value::Value;

use super::Page;
use super::apply::{Ended, as_planned};
use crate::call::{Call, Failure};
use crate::model::Model;
use crate::ownership::Claim;
use crate::plan::{Plan, replacements, with_write_only};
use crate::private::Private;
use crate::resource::{Found, Proof, Resource};
use crate::server::ApplyRequest;

/// What a create is to end in.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    config: &'a Value,
    planned: &'a Value,
}

impl<R: Resource> Page<R> {
    pub(super) async fn create_object(&self, request: &ApplyRequest, private: Private) -> Ended {
        let planned = with_write_only(&self.block, &request.planned, &request.config);
        let timeout = Self::timeouts(&request.planned).create;
        let call = match self.call(&planned, &planned, Claim::fresh_generation(), timeout).await {
            Ok(call) => call,
            Err(failure) => return Ended::failed(Value::Null, Private::default(), failure),
        };
        call.remember(private.page.clone());
        let plan = match self.model(&planned) {
            Ok(plan) => plan,
            Err(error) => return Ended::failed(Value::Null, Private::default(), error.into()),
        };
        let mut state = plan.clone();
        let wanted = Wanted { config: &request.config, planned: &planned };
        let result = self.make_or_adopt(&call, wanted, &plan, &mut state).await;
        self.end(&call, request, result, &state, private)
    }

    async fn make_or_adopt(
        &self,
        call: &Call<R::Platform>,
        wanted: Wanted<'_>,
        plan: &R,
        state: &mut R,
    ) -> Result<(), Failure> {
        let Some(found) = self.search(call, wanted, plan).await? else {
            return R::create(call, plan, state).await;
        };
        tracing::info!("going on with {}, left by an apply that was cut off", found.label);
        let object = <R as Model>::to_value(&found.object);
        if let Some(id) = object.get(R::DESCRIPTION.id).as_str() {
            self.shared.adopted(R::DESCRIPTION.type_name, id);
        }
        *state = found.object.clone();
        R::update(call, &found.object, plan, state).await
    }

    /// The object that a create has to go on with, if there is one.
    ///
    /// That there is none is certain only once the service would show what a killed process made
    /// just before this one started.
    async fn search(
        &self,
        call: &Call<R::Platform>,
        wanted: Wanted<'_>,
        plan: &R,
    ) -> Result<Option<Found<R>>, Failure> {
        let conclusive = self.shared.started + R::DESCRIPTION.consistency;
        call.find_until(conclusive, || async move {
            let candidates = R::find(call, plan).await?;
            self.choose(call, wanted, candidates).await
        })
        .await
    }

    /// Among the objects under the planned one's key, the one to go on with. One that is somebody
    /// else's refuses the create; what is left of one that cannot become the planned object, and
    /// never was complete, is removed.
    async fn choose(
        &self,
        call: &Call<R::Platform>,
        wanted: Wanted<'_>,
        candidates: Vec<Found<R>>,
    ) -> Result<Option<Found<R>>, Failure> {
        let mut chosen = None;
        for found in candidates {
            let fits = self.can_become(&found.object, wanted);
            let ours = match R::DESCRIPTION.proof {
                Proof::Tags | Proof::Record => {
                    found.mark.as_ref().is_some_and(|mark| call.claim.owns(mark))
                }
                Proof::Parent => true,
                Proof::Equality => fits,
            };
            if !ours {
                return Err(call.claim.refusal(&found.label, found.mark.as_ref()).into());
            }
            if !fits && !found.complete {
                tracing::info!("removing {}, left by an apply that was cut off", found.label);
                self.remove_remains(call, wanted.planned, &found).await?;
            } else if fits && chosen.is_none() {
                chosen = Some(found);
            }
        }
        Ok(chosen)
    }

    /// Removes what was left of an object, as the one of the generation that it carries: a page takes
    /// no other for the object that it is to delete.
    async fn remove_remains(
        &self,
        call: &Call<R::Platform>,
        planned: &Value,
        found: &Found<R>,
    ) -> Result<(), Failure> {
        let generation = found.mark.as_ref().map(|mark| mark.generation.clone());
        let generation = generation.unwrap_or_default();
        let mut object = <R as Model>::to_value(&found.object);
        object.set_attribute("generation", generation.as_str().into());
        let left = call.deadline.saturating_duration_since(Instant::now());
        let own = self.call(planned, planned, generation, left).await?;
        let removed = R::delete(&own, &self.model(&object)?).await;
        own.take_warnings().into_iter().for_each(|warning| call.warn(warning));
        removed
    }

    /// Whether an update can make the planned object of this one: neither the schema nor the page
    /// would have it replaced.
    fn can_become(&self, object: &R, Wanted { config, planned }: Wanted<'_>) -> bool {
        let mut object = <R as Model>::to_value(object);
        for attribute in &self.block.attributes {
            // What is not known yet is whatever the object has.
            let undecided = planned.get(&attribute.name).is_unknown();
            if undecided || attribute.config_only || attribute.write_only {
                object.set_attribute(&attribute.name, planned.get(&attribute.name).clone());
            }
        }
        let settled = crate::plan::settle(&self.block, planned, &object);
        let mut plan = Plan::new(config, &settled, as_planned(planned, &settled));
        plan.replace.extend(replacements(&self.block, &settled, &plan.planned));
        R::plan_on(&self.platform, &mut plan);
        plan.replace.is_empty()
    }
}
