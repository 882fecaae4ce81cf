//! A core that drives the page as Terraform does.

use travel_framework::model::Model as _;
use travel_framework::server::{
    ApplyRequest, ApplyResponse, ConfigureRequest, PlanRequest, PlanResponse, ReadRequest, Server,
};
use travel_framework::value::Value;
use travel_framework::{Diagnostics, Provider};

use crate::cloud::{Disk, cloud};

/// A core of a few lines: it plans and applies as Terraform does, also replacements.
pub struct Core {
    pub provider: Provider,
}

pub const TYPE: &str = "test_disk";

impl Core {
    /// A new provider process.
    pub async fn start() -> Self {
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

    pub async fn plan(&self, prior: &State, config: &Value) -> PlanResponse {
        self.plan_with(&prior.value, &prior.private, config).await
    }

    pub async fn plan_with(&self, prior: &Value, private: &[u8], config: &Value) -> PlanResponse {
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

    pub async fn apply(&self, prior: &Value, plan: &PlanResponse, config: &Value) -> ApplyResponse {
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

    pub async fn create(&self, config: &Value) -> (State, Diagnostics) {
        let plan = self.plan(&State::none(), config).await;
        State::of(self.apply(&Value::Null, &plan, config).await)
    }

    pub async fn update(&self, prior: &State, config: &Value) -> (State, Diagnostics) {
        let plan = self.plan(prior, config).await;
        State::of(self.apply(&prior.value, &plan, config).await)
    }

    pub async fn delete(&self, prior: &State, private: &[u8]) -> (State, Diagnostics) {
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

    pub async fn destroy(&self, prior: &State) -> (State, Diagnostics) {
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

    pub async fn read(&self, state: &State) -> (State, Diagnostics) {
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

    pub async fn assert_settled(&self, state: &State, config: &Value) {
        let (state, _) = self.read(state).await;
        assert_eq!(self.plan(&state, config).await.planned, state.value, "a second plan is empty");
    }
}

pub struct State {
    pub value: Value,
    pub private: Vec<u8>,
}

impl State {
    pub fn none() -> Self {
        Self { value: Value::Null, private: Vec::new() }
    }

    pub fn of(response: ApplyResponse) -> (Self, Diagnostics) {
        (Self { value: response.state, private: response.private }, response.diagnostics)
    }

    pub fn text(&self, name: &str) -> &str {
        self.value.get(name).as_str().unwrap_or("nothing")
    }
}

/// A disk as it is written: its name is `a`.
pub fn config(zone: &str, size: i64) -> Value {
    named("a", zone, size)
}

/// A disk of this name as it is written.
pub fn named(name: &str, zone: &str, size: i64) -> Value {
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
