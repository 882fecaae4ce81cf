//! What the framework promises for every resource, on a resource in a cloud of the test's own:
//! a core of a few lines drives it as Terraform does.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use travel_framework::model::Model as _;
use travel_framework::orphan::Marked;
use travel_framework::ownership::Mark;
use travel_framework::platform::Platform;
use travel_framework::resource::{Found, Resource};
use travel_framework::server::{
    ApplyRequest, ApplyResponse, ConfigureRequest, ImportRequest, PlanRequest, PlanResponse,
    ReadRequest, Server,
};
use travel_framework::timeouts::Lifecycle;
use travel_framework::value::{Number, Path, Value};
use travel_framework::{Call, Diagnostic, Diagnostics, Failure, Model, Plan, Provider};

/// A cloud with one kind of object.
#[derive(Default)]
struct Cloud {
    objects: Mutex<BTreeMap<String, Object>>,
    made: Mutex<u32>,
    calls: Mutex<u32>,
    trouble: Mutex<Option<(u32, Trouble)>>,
    out_of_reach: Mutex<bool>,
    /// Whether updates write no mark, as those do that find nothing to write.
    leaves_marks: Mutex<bool>,
}

#[derive(Clone, Default)]
struct Object {
    name: String,
    zone: String,
    size: i64,
    attached: bool,
    mark: Option<Mark>,
}

#[derive(Clone, Copy)]
enum Trouble {
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
    fn trouble_at(&self, calls: u32, what: Trouble) {
        *self.trouble.lock().unwrap() = Some((*self.calls.lock().unwrap() + calls, what));
    }

    fn ids(&self) -> Vec<String> {
        self.objects.lock().unwrap().keys().cloned().collect()
    }

    fn calls(&self) -> u32 {
        *self.calls.lock().unwrap()
    }
}

#[derive(Clone, Model)]
struct CloudConfig {
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
struct Disk {
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

fn cloud() -> Arc<Cloud> {
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

/// A core of a few lines: it plans and applies as Terraform does, also replacements.
struct Core {
    provider: Provider,
}

const TYPE: &str = "test_disk";

impl Core {
    /// A new provider process.
    async fn start() -> Self {
        let core = Self { provider: Provider::new("Test.").resource::<Disk>(&cloud()) };
        let config = Value::object([
            ("deployment", "dev/disks".into()),
            ("previous_deployments", Value::Null),
            ("zone", Value::Null),
        ]);
        let request = ConfigureRequest { config, core_version: "1.11.4".into() };
        assert!(!core.provider.configure(request).await.has_error());
        core
    }

    async fn plan(&self, prior: &State, config: &Value) -> PlanResponse {
        self.plan_with(&prior.value, &prior.private, config).await
    }

    async fn plan_with(&self, prior: &Value, private: &[u8], config: &Value) -> PlanResponse {
        self.provider
            .plan(PlanRequest {
                type_name: TYPE.into(),
                prior: prior.clone(),
                proposed: config.clone(),
                config: config.clone(),
                private: private.to_vec(),
                identity: Value::Null,
            })
            .await
    }

    async fn apply(&self, prior: &Value, plan: &PlanResponse, config: &Value) -> ApplyResponse {
        self.provider
            .apply(ApplyRequest {
                type_name: TYPE.into(),
                prior: prior.clone(),
                planned: plan.planned.clone(),
                config: config.clone(),
                private: plan.private.clone(),
                identity: Value::Null,
            })
            .await
    }

    async fn create(&self, config: &Value) -> (State, Diagnostics) {
        let plan = self.plan(&State::none(), config).await;
        State::of(self.apply(&Value::Null, &plan, config).await)
    }

    async fn update(&self, prior: &State, config: &Value) -> (State, Diagnostics) {
        let plan = self.plan(prior, config).await;
        State::of(self.apply(&prior.value, &plan, config).await)
    }

    async fn delete(&self, prior: &State, private: &[u8]) -> (State, Diagnostics) {
        State::of(
            self.provider
                .apply(ApplyRequest {
                    type_name: TYPE.into(),
                    prior: prior.value.clone(),
                    planned: Value::Null,
                    config: Value::Null,
                    private: private.to_vec(),
                    identity: Value::Null,
                })
                .await,
        )
    }

    async fn destroy(&self, prior: &State) -> (State, Diagnostics) {
        let plan = self
            .provider
            .plan(PlanRequest {
                type_name: TYPE.into(),
                prior: prior.value.clone(),
                proposed: Value::Null,
                config: Value::Null,
                private: prior.private.clone(),
                identity: Value::Null,
            })
            .await;
        self.delete(prior, &plan.private).await
    }

    async fn read(&self, state: &State) -> (State, Diagnostics) {
        let response = self
            .provider
            .read(ReadRequest {
                type_name: TYPE.into(),
                state: state.value.clone(),
                private: state.private.clone(),
                identity: Value::Null,
            })
            .await;
        (State { value: response.state, private: response.private }, response.diagnostics)
    }

    async fn assert_settled(&self, state: &State, config: &Value) {
        let (state, _) = self.read(state).await;
        assert_eq!(self.plan(&state, config).await.planned, state.value, "a second plan is empty");
    }
}

struct State {
    value: Value,
    private: Vec<u8>,
}

impl State {
    fn none() -> Self {
        Self { value: Value::Null, private: Vec::new() }
    }

    fn of(response: ApplyResponse) -> (Self, Diagnostics) {
        (Self { value: response.state, private: response.private }, response.diagnostics)
    }

    fn text(&self, name: &str) -> &str {
        self.value.get(name).as_str().unwrap_or("nothing")
    }
}

fn config(zone: &str, size: i64) -> Value {
    named("a", zone, size)
}

fn named(name: &str, zone: &str, size: i64) -> Value {
    let mut value = Disk::block().attributes.iter().fold(
        Value::object([("timeouts", Value::Null)]),
        |mut value, attribute| {
            value.set_attribute(&attribute.name, Value::Null);
            value
        },
    );
    value.set_attribute("name", name.into());
    value.set_attribute("zone", zone.into());
    value.set_attribute("size", size.into());
    value
}

async fn in_a_cloud<F: Future<Output = ()>>(test: impl FnOnce(Arc<Cloud>) -> F) {
    let cloud = Arc::new(Cloud::default());
    CLOUD.scope(Arc::clone(&cloud), test(cloud)).await;
}

fn words(diagnostics: &Diagnostics) -> String {
    diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn what_was_applied_is_what_is_planned_next() {
    in_a_cloud(async |_| {
        let core = Core::start().await;
        let (state, found) = core.create(&config("x", 2)).await;
        assert!(found.is_empty(), "{}", words(&found));
        assert_eq!(state.text("status"), "ready");
        core.assert_settled(&state, &config("x", 2)).await;
        let plan = core.plan(&state, &config("x", 3)).await;
        assert_eq!(plan.planned.get("id"), state.value.get("id"), "an update keeps the id");
        let (state, _) = core.update(&state, &config("x", 3)).await;
        core.assert_settled(&state, &config("x", 3)).await;
    })
    .await;
}

#[tokio::test]
async fn what_a_killed_process_made_is_adopted() {
    in_a_cloud(async |cloud| {
        let (lost, _) = Core::start().await.create(&config("x", 1)).await;
        let core = Core::start().await;
        let (state, _) = core.create(&config("x", 2)).await;
        assert_eq!(cloud.ids(), ["disk-1"], "no duplicate");
        assert_eq!(state.text("id"), "disk-1");
        assert_ne!(state.text("generation"), lost.text("generation"), "an adoption is a new claim");
        core.assert_settled(&state, &config("x", 2)).await;
    })
    .await;
}

#[tokio::test]
async fn a_failed_create_goes_on_in_the_replacement_that_core_makes_of_it() {
    in_a_cloud(async |cloud| {
        cloud.trouble_at(3, Trouble::Error);
        let (tainted, found) = Core::start().await.create(&config("x", 1)).await;
        assert!(found.has_error());
        assert_eq!(tainted.text("status"), "incomplete");
        let core = Core::start().await;
        let (_, found) = core.read(&tainted).await;
        assert!(words(&found).contains("destroys nothing"), "{}", words(&found));
        let plan = core.plan(&State::none(), &config("x", 1)).await;
        let (gone, _) = core.delete(&tainted, &plan.private).await;
        assert!(gone.value.is_null());
        let (state, found) = State::of(core.apply(&Value::Null, &plan, &config("x", 1)).await);
        assert!(found.is_empty(), "{}", words(&found));
        assert_eq!((state.text("id"), state.text("status")), ("disk-1", "ready"));
        assert_eq!(cloud.ids(), ["disk-1"], "nothing was rebuilt");
    })
    .await;
}

#[tokio::test]
async fn a_failed_create_is_really_destroyed_when_that_is_asked() {
    in_a_cloud(async |cloud| {
        cloud.trouble_at(3, Trouble::Error);
        let (tainted, _) = Core::start().await.create(&config("x", 1)).await;
        let (_, found) = Core::start().await.destroy(&tainted).await;
        assert!(found.is_empty(), "{}", words(&found));
        assert!(cloud.ids().is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_failed_create_under_another_name_is_not_left_behind() {
    in_a_cloud(async |cloud| {
        cloud.trouble_at(3, Trouble::Error);
        let (tainted, _) = Core::start().await.create(&config("x", 1)).await;
        let core = Core::start().await;
        let plan = core.plan(&State::none(), &named("b", "x", 1)).await;
        core.delete(&tainted, &plan.private).await;
        core.apply(&Value::Null, &plan, &named("b", "x", 1)).await;
        assert_eq!(cloud.ids(), ["disk-2"]);
    })
    .await;
}

#[tokio::test]
async fn remains_that_cannot_become_the_planned_object_are_removed() {
    in_a_cloud(async |cloud| {
        cloud.trouble_at(3, Trouble::Error);
        Core::start().await.create(&config("x", 1)).await;
        let (state, _) = Core::start().await.create(&config("y", 1)).await;
        assert_eq!((state.text("id"), cloud.ids()), ("disk-2", vec!["disk-2".to_owned()]));
    })
    .await;
}

#[tokio::test]
async fn a_create_that_made_nothing_leaves_no_state() {
    in_a_cloud(async |cloud| {
        cloud.trouble_at(2, Trouble::Error);
        let (state, found) = Core::start().await.create(&config("x", 1)).await;
        assert!(found.has_error() && state.value.is_null());
    })
    .await;
}

#[tokio::test]
async fn an_interrupted_create_is_kept_and_goes_on_as_an_update() {
    in_a_cloud(async |cloud| {
        cloud.trouble_at(3, Trouble::Interrupt);
        let (state, found) = Core::start().await.create(&config("x", 1)).await;
        assert!(!found.has_error() && !found.is_empty(), "a warning: {}", words(&found));
        assert_eq!(state.text("status"), "incomplete");
        assert!(state.value.is_wholly_known());
        let core = Core::start().await;
        let plan = core.plan(&state, &config("x", 1)).await;
        assert_eq!(plan.planned.get("status"), &"ready".into());
        assert!(plan.planned.get("attached").is_unknown(), "what is missing is still to come");
        assert!(plan.requires_replace.is_empty());
        let (state, found) = core.update(&state, &config("x", 1)).await;
        assert!(found.is_empty(), "{}", words(&found));
        core.assert_settled(&state, &config("x", 1)).await;
    })
    .await;
}

#[tokio::test]
async fn a_failed_update_tells_the_truth_and_taints_nothing() {
    in_a_cloud(async |cloud| {
        let core = Core::start().await;
        let (state, _) = core.create(&config("x", 1)).await;
        cloud.trouble_at(1, Trouble::Error);
        let (after, found) = core.update(&state, &config("x", 5)).await;
        assert!(found.has_error());
        assert_eq!(after.value, state.value);
    })
    .await;
}

#[tokio::test]
async fn an_update_that_cannot_begin_forgets_nothing() {
    in_a_cloud(async |cloud| {
        let core = Core::start().await;
        let (state, _) = core.create(&config("x", 1)).await;
        let state = State { private: br#"{"page":{"seen":1}}"#.to_vec(), ..state };
        *cloud.out_of_reach.lock().unwrap() = true;
        let (after, found) = core.update(&state, &config("x", 5)).await;
        assert!(found.has_error());
        assert_eq!((after.value, after.private), (state.value, state.private));
    })
    .await;
}

#[tokio::test]
async fn what_is_somebody_elses_is_refused() {
    in_a_cloud(async |cloud| {
        let object = Object { name: "a".into(), zone: "x".into(), ..Object::default() };
        cloud.objects.lock().unwrap().insert("disk-9".into(), object);
        let (state, found) = Core::start().await.create(&config("x", 1)).await;
        assert!(state.value.is_null());
        assert!(words(&found).contains("import block"), "{}", words(&found));
    })
    .await;
}

#[tokio::test]
async fn a_replacement_that_creates_first_ends_in_another_object() {
    in_a_cloud(async |cloud| {
        // Both what the schema and what the page has replaced.
        for (wanted, attribute, made) in
            [(config("y", 2), "zone", "disk-2"), (config("y", 1), "size", "disk-3")]
        {
            let old = match cloud.ids().first() {
                Some(id) => imported(&Core::start().await, id).await,
                None => Core::start().await.create(&config("x", 2)).await.0,
            };
            let core = Core::start().await;
            let first = core.plan(&old, &wanted).await;
            assert_eq!(first.requires_replace, [Path::attribute(attribute)]);
            let second = core.plan_with(&Value::Null, &first.private, &wanted).await;
            // During apply, core plans the create once more, and without any private state.
            let core = Core::start().await;
            let third = core.plan(&State::none(), &wanted).await;
            assert_eq!(second.planned, third.planned);
            let (new, found) = State::of(core.apply(&Value::Null, &third, &wanted).await);
            assert!(found.is_empty(), "{}", words(&found));
            core.delete(&old, &second.private).await;
            assert_eq!((new.text("id"), cloud.ids()), (made, vec![made.to_owned()]));
        }
    })
    .await;
}

#[tokio::test]
async fn what_was_adopted_is_not_deleted_through_an_older_state() {
    in_a_cloud(async |cloud| {
        let (old, _) = Core::start().await.create(&config("x", 1)).await;
        let core = Core::start().await;
        core.create(&config("x", 1)).await;
        for core in [core, Core::start().await] {
            let (gone, found) = core.destroy(&old).await;
            assert!(gone.value.is_null() && !found.has_error());
            assert!(words(&found).contains("was not deleted"), "{}", words(&found));
        }
        assert_eq!(cloud.ids(), ["disk-1"]);
    })
    .await;
}

/// Brings in the object that is there under an id.
async fn imported(core: &Core, id: &str) -> State {
    let identity = Value::object([("id", id.into())]);
    let request = ImportRequest { type_name: TYPE.into(), id: String::new(), identity };
    let imported = core.provider.import(request).await;
    let state = State { value: imported.state.unwrap(), private: imported.private };
    core.read(&state).await.0
}

#[tokio::test]
async fn an_import_that_nothing_claims_is_destroyed_by_its_id() {
    in_a_cloud(async |cloud| {
        Core::start().await.create(&config("x", 1)).await;
        let core = Core::start().await;
        let state = imported(&core, "disk-1").await;
        *cloud.leaves_marks.lock().unwrap() = true;
        let (state, found) = core.update(&state, &config("x", 2)).await;
        assert!(found.is_empty(), "{}", words(&found));
        assert!(state.value.get("generation").is_null(), "{}", state.text("generation"));
        core.assert_settled(&state, &config("x", 2)).await;
        core.destroy(&state).await;
        assert!(cloud.ids().is_empty());
    })
    .await;
}

#[tokio::test]
async fn an_import_plans_nothing_and_the_next_update_claims() {
    in_a_cloud(async |cloud| {
        let object =
            Object { name: "a".into(), zone: "x".into(), size: 2, attached: true, mark: None };
        cloud.objects.lock().unwrap().insert("disk-9".into(), object);
        let core = Core::start().await;
        let state = imported(&core, "disk-9").await;
        assert_eq!(core.plan(&state, &config("x", 2)).await.planned, state.value);
        assert!(cloud.objects.lock().unwrap()["disk-9"].mark.is_none());
        let (state, _) = core.update(&state, &config("x", 3)).await;
        assert_ne!(state.text("generation"), "nothing");
        assert!(cloud.objects.lock().unwrap()["disk-9"].mark.is_some());
        core.destroy(&state).await;
        assert!(cloud.ids().is_empty());
    })
    .await;
}

#[tokio::test]
async fn what_only_the_provider_reads_needs_no_call() {
    in_a_cloud(async |cloud| {
        let core = Core::start().await;
        let (state, _) = core.create(&config("x", 1)).await;
        let calls = cloud.calls();
        let mut forced = config("x", 1);
        forced.set_attribute("force", true.into());
        let (state, _) = core.update(&state, &forced).await;
        assert_eq!((state.value.get("force"), cloud.calls()), (&true.into(), calls));
    })
    .await;
}

#[tokio::test]
async fn two_creates_of_one_name_are_refused_in_the_plan() {
    in_a_cloud(async |_| {
        let core = Core::start().await;
        core.plan(&State::none(), &config("x", 1)).await;
        let plan = core.plan(&State::none(), &config("x", 2)).await;
        let error = plan.diagnostics.iter().next().unwrap();
        assert_eq!(error.path, Some(Path::attribute("name")));
    })
    .await;
}

#[tokio::test]
async fn a_stop_ends_what_is_under_way_and_nothing_after_the_next_configuration() {
    in_a_cloud(async |_| {
        let core = Core::start().await;
        core.provider.stop();
        let (state, found) = core.create(&config("x", 1)).await;
        assert!(state.value.is_null() && found.has_error());
        let config_value = Value::object([
            ("deployment", "dev/disks".into()),
            ("previous_deployments", Value::Null),
        ]);
        let request = ConfigureRequest { config: config_value, core_version: "1.11.4".into() };
        core.provider.configure(request).await;
        let (state, _) = core.create(&config("x", 1)).await;
        assert_eq!(state.text("status"), "ready");
    })
    .await;
}

#[tokio::test]
async fn bad_values_are_refused_at_their_attribute() {
    in_a_cloud(async |_| {
        let core = Core::start().await;
        let found = core.provider.validate_resource(TYPE, config("x", 0), true).await;
        assert_eq!(words(&found), "size: invalid size: size must be between 1 and 100; 0 is not.");
    })
    .await;
}

#[tokio::test]
async fn what_no_state_holds_is_removed_by_its_mark() {
    in_a_cloud(async |cloud| {
        let core = Core::start().await;
        core.create(&config("x", 1)).await;
        let mark = cloud.objects.lock().unwrap()["disk-1"].mark.clone().unwrap();
        let known = BTreeMap::from([("id".to_owned(), "disk-1".to_owned())]);
        let orphan = Marked::new(mark.clone(), "disk", "disk-1", known.clone());
        let adopted = Mark { generation: "another".into(), ..mark.clone() };
        let other = Marked::new(adopted, "disk", "disk-1", known);
        assert!(!core.provider.remove_orphan(&other).await.unwrap().found);
        assert_eq!(cloud.ids(), ["disk-1"], "of another generation");
        assert!(core.provider.remove_orphan(&orphan).await.unwrap().found);
        assert!(cloud.ids().is_empty());
        assert!(!core.provider.remove_orphan(&orphan).await.unwrap().found, "it is gone");
        let newer = Mark { resource: "test_newer/x".into(), ..mark };
        let newer = Marked::new(newer, "", "", BTreeMap::new());
        let error = core.provider.remove_orphan(&newer).await.unwrap_err();
        assert!(error.into_diagnostic().summary.contains("no test_newer"));
    })
    .await;
}

#[tokio::test]
async fn a_failed_create_says_how_to_find_what_it_has_left() {
    in_a_cloud(async |cloud| {
        cloud.trouble_at(3, Trouble::Error);
        let (_, found) = Core::start().await.create(&config("x", 1)).await;
        assert!(words(&found).contains("travel orphans"), "{}", words(&found));
    })
    .await;
}
