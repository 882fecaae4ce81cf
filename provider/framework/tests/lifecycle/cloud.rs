//! A cloud of the test's own, and its page.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use travel_framework::ownership::Mark;
use travel_framework::platform::Platform;
use travel_framework::resource::{Found, Resource};
use travel_framework::timeouts::Lifecycle;
use travel_framework::value::{Number, Path, Value};
use travel_framework::{Call, Diagnostic, Diagnostics, Failure, Model, Plan};

/// A cloud with one kind of object.
#[derive(Default)]
pub struct Cloud {
    pub objects: Mutex<BTreeMap<String, Object>>,
    made: Mutex<u32>,
    calls: Mutex<u32>,
    trouble: Mutex<Option<(u32, Trouble)>>,
    pub out_of_reach: Mutex<bool>,
    /// Whether updates write no mark, as those do that find nothing to write.
    pub leaves_marks: Mutex<bool>,
}

#[derive(Clone, Default)]
pub struct Object {
    pub name: String,
    pub zone: String,
    pub size: i64,
    pub attached: bool,
    pub mark: Option<Mark>,
}

#[derive(Clone, Copy)]
pub enum Trouble {
    /// The call fails.
    Error,
    /// The operation is asked to stop, and the call tells so.
    Interrupt,
}

impl Cloud {
    fn call(&self) -> Result<(), Failure> {
        let mut calls = self.calls.lock().unwrap();
        *calls += 1;
        let mut trouble = self.trouble.lock().unwrap();
        match *trouble {
            Some((at, what)) if at == *calls => {
                *trouble = None;
                Err(match what {
                    Trouble::Error => Diagnostic::error("out of order", "Try later.").into(),
                    Trouble::Interrupt => Failure::Interrupted,
                })
            }
            _ => Ok(()),
        }
    }

    /// Lets the call after `calls` further ones fail.
    pub fn trouble_at(&self, calls: u32, what: Trouble) {
        *self.trouble.lock().unwrap() = Some((*self.calls.lock().unwrap() + calls, what));
    }

    pub fn ids(&self) -> Vec<String> {
        self.objects.lock().unwrap().keys().cloned().collect()
    }

    pub fn calls(&self) -> u32 {
        *self.calls.lock().unwrap()
    }
}

#[derive(Clone, Model)]
pub struct CloudConfig {
    /// Zone.
    #[model(optional)]
    zone: Option<String>,
}

#[async_trait]
impl Platform for Cloud {
    type Config = CloudConfig;
    type Scope = ();

    fn validate(&self, _config: &Value) -> Diagnostics {
        Diagnostics::new()
    }

    fn configure(&self, _config: &Value, _core_version: &str) -> Diagnostics {
        Diagnostics::new()
    }

    fn plan(&self, _plan: &mut Plan<'_>) {}

    async fn scope(&self, _object: &Value) -> Result<(), Diagnostic> {
        match *cloud().out_of_reach.lock().unwrap() {
            true => Err(Diagnostic::error("no credentials", "Log in again.")),
            false => Ok(()),
        }
    }

    fn place(&self, _scope: &(), _state: &mut Value) {}
}

/// A disk.
#[derive(Clone, Debug, Model)]
#[resource(type = "test_disk", id = "id", proof = tags, refresh = "1", identity("id"))]
pub struct Disk {
    /// Name.
    #[model(required)]
    name: String,
    /// Zone.
    #[model(required, replace)]
    zone: String,
    /// Size.
    #[model(optional, default = 1, range(1, 100))]
    size: i64,
    /// Force.
    #[model(optional, config_only, default)]
    force: bool,
    /// Id.
    #[model(computed)]
    id: Option<String>,
    /// Attached.
    #[model(computed)]
    attached: Option<bool>,
    #[model(flatten)]
    lifecycle: Lifecycle,
}

// The cloud that the test under way talks to: a page's operations are free functions, and a scope
// that carries the cloud would say nothing more.
tokio::task_local! {
    static CLOUD: Arc<Cloud>;
}

pub fn cloud() -> Arc<Cloud> {
    CLOUD.with(Arc::clone)
}

impl Disk {
    fn observed(id: &str, object: &Object) -> Self {
        Self {
            name: object.name.clone(),
            zone: object.zone.clone(),
            size: object.size,
            force: false,
            id: Some(id.to_owned()),
            attached: Some(object.attached),
            lifecycle: Lifecycle::default(),
        }
    }
}

#[async_trait]
impl Resource for Disk {
    type Platform = Cloud;

    /// A disk does not shrink.
    fn plan(plan: &mut Plan<'_>) {
        let size = |object: &Value| object.get("size").as_number().and_then(Number::as_i64);
        if !plan.prior.is_null() && size(plan.prior) > size(&plan.planned) {
            plan.replace(Path::attribute("size"));
        }
    }

    async fn read(_call: &Call<Cloud>, state: &Self) -> Result<Option<Self>, Failure> {
        cloud().call()?;
        let id = state.id.clone().unwrap_or_default();
        Ok(cloud().objects.lock().unwrap().get(&id).map(|object| Self::observed(&id, object)))
    }

    async fn find(_call: &Call<Cloud>, plan: &Self) -> Result<Vec<Found<Self>>, Failure> {
        cloud().call()?;
        let cloud = cloud();
        let objects = cloud.objects.lock().unwrap();
        let found = objects.iter().filter(|(_, object)| object.name == plan.name);
        Ok(found
            .map(|(id, object)| Found {
                object: Self::observed(id, object),
                mark: object.mark.clone(),
                complete: object.attached,
                label: id.clone(),
            })
            .collect())
    }

    async fn create(call: &Call<Cloud>, plan: &Self, state: &mut Self) -> Result<(), Failure> {
        cloud().call()?;
        let id = {
            let cloud = cloud();
            let mut made = cloud.made.lock().unwrap();
            *made += 1;
            format!("disk-{made}")
        };
        let mark = Mark {
            deployment: call.claim.deployment.clone(),
            resource: call.claim.resource.clone(),
            generation: call.claim.generation.clone(),
        };
        let object = Object {
            name: plan.name.clone(),
            zone: plan.zone.clone(),
            size: plan.size,
            attached: false,
            mark: Some(mark),
        };
        cloud().objects.lock().unwrap().insert(id.clone(), object.clone());
        *state = Self { attached: None, ..Self::observed(&id, &object) };
        let prior = state.clone();
        Self::update(call, &prior, plan, state).await
    }

    async fn update(
        call: &Call<Cloud>,
        _prior: &Self,
        plan: &Self,
        state: &mut Self,
    ) -> Result<(), Failure> {
        cloud().call()?;
        let id = state.id.clone().unwrap_or_default();
        let cloud = cloud();
        let mut objects = cloud.objects.lock().unwrap();
        let object = objects
            .get_mut(&id)
            .ok_or_else(|| Failure::from(Diagnostic::error("gone", "It is not there.")))?;
        object.size = plan.size;
        object.attached = true;
        if *cloud.leaves_marks.lock().unwrap() {
            // What is there stays marked as it was.
        } else if let Some(mark) = &mut object.mark {
            mark.generation.clone_from(&call.claim.generation);
        } else {
            object.mark = Some(Mark {
                deployment: call.claim.deployment.clone(),
                resource: call.claim.resource.clone(),
                generation: call.claim.generation.clone(),
            });
        }
        *state = Self::observed(&id, object);
        Ok(())
    }

    /// As a page of several parts: only what carries the mark of the object that is to be deleted.
    async fn delete(call: &Call<Cloud>, prior: &Self) -> Result<(), Failure> {
        cloud().call()?;
        let id = prior.id.clone().unwrap_or_default();
        let is_meant = |object: &Object| {
            let mark = object.mark.as_ref();
            let claimed = &call.claim.generation;
            claimed.is_empty() || mark.is_none_or(|mark| mark.generation == *claimed)
        };
        cloud().objects.lock().unwrap().retain(|other, object| *other != id || !is_meant(object));
        Ok(())
    }

    async fn mark(_call: &Call<Cloud>, state: &Self) -> Result<Option<Mark>, Failure> {
        cloud().call()?;
        let id = state.id.clone().unwrap_or_default();
        Ok(cloud().objects.lock().unwrap().get(&id).and_then(|object| object.mark.clone()))
    }

    fn import(id: &str) -> Result<Self, Diagnostic> {
        Ok(Self { id: Some(id.to_owned()), ..Self::observed(id, &Object::default()) })
    }
}

/// Runs a test in a cloud of its own.
pub async fn in_a_cloud<F: Future<Output = ()>>(test: impl FnOnce(Arc<Cloud>) -> F) {
    let cloud = Arc::new(Cloud::default());
    CLOUD.scope(Arc::clone(&cloud), test(cloud)).await;
}
