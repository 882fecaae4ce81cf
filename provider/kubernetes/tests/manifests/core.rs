//! A core of a few lines: it plans, applies and reads `travel_manifests` as Terraform does, and holds
//! every apply against its plan.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value as Json;
use travel_framework::model::Model as _;
use travel_framework::server::{
    ApplyRequest, ApplyResponse, ConfigureRequest, ImportRequest, PlanRequest, PlanResponse,
    ReadRequest, Server,
};
use travel_framework::{Diagnostic, Diagnostics, Provider};
use travel_kubernetes::clusters::ClusterReference;
use travel_kubernetes::manifests::Manifests;
use travel_kubernetes::{Clusters, Kubernetes, Reached};
use travel_value::{Type, Value};

const TYPE: &str = "travel_manifests";

/// No cloud: clusters are named by their kubeconfig.
struct Nowhere;

#[async_trait]
impl Clusters for Nowhere {
    async fn reach(&self, _cluster: &ClusterReference) -> Result<Option<Reached>, Diagnostic> {
        Ok(None)
    }
}

/// A provider process, and what it is to call.
pub struct Core {
    provider: Provider,
    deployment: String,
    kubeconfig: String,
}

/// What a state holds of a set.
#[derive(Clone)]
pub struct State {
    pub value: Value,
    pub private: Vec<u8>,
}

/// What a configuration says beyond name and cluster.
pub type Config = Vec<(&'static str, Value)>;

impl Core {
    /// A new provider process of a deployment.
    pub async fn start(deployment: &str, kubeconfig: &str) -> Self {
        let platform = Arc::new(Kubernetes::new(Arc::new(Nowhere)));
        let provider = Provider::new("Test.").platform(&platform).resource::<Manifests>(&platform);
        let config = Value::object([
            ("deployment", deployment.into()),
            ("previous_deployments", Value::Null),
            ("chart_mirror", Value::Null),
        ]);
        let request = ConfigureRequest { config, core_version: "1.11.4".to_owned() };
        assert!(!provider.configure(request).await.has_error());
        let (deployment, kubeconfig) = (deployment.to_owned(), kubeconfig.to_owned());
        Core { provider, deployment, kubeconfig }
    }

    /// The next process of the same deployment.
    pub async fn next(&self) -> Self {
        Self::start(&self.deployment, &self.kubeconfig).await
    }

    fn config(&self, name: &str, attributes: &Config) -> Value {
        let block = Manifests::block();
        let names = block.attributes.iter().map(|attribute| attribute.name.clone());
        let mut config = Value::object(names.map(|name| (name, Value::Null)));
        config.set_attribute("timeouts", Value::Null);
        config.set_attribute("name", name.into());
        let content = self.kubeconfig.as_str();
        let kubeconfig =
            [("path", Value::Null), ("context", Value::Null), ("content", content.into())];
        config.set_attribute("kubeconfig", Value::object(kubeconfig));
        for (name, value) in attributes {
            config.set_attribute(name, value.clone());
        }
        config
    }

    /// Plans a change of a set.
    pub async fn plan(&self, prior: &State, name: &str, attributes: &Config) -> PlanResponse {
        let config = self.config(name, attributes);
        let request = PlanRequest {
            type_name: TYPE.to_owned(),
            prior: prior.value.clone(),
            proposed: config.clone(),
            config,
            private: prior.private.clone(),
            identity: Value::Null,
        };
        self.provider.plan(request).await
    }

    /// Plans and applies, whatever comes of it.
    pub async fn try_apply(
        &self,
        prior: &State,
        name: &str,
        attributes: &Config,
    ) -> (State, Diagnostics) {
        let plan = self.plan(prior, name, attributes).await;
        assert!(!plan.diagnostics.has_error(), "{:?}", plan.diagnostics);
        let request = ApplyRequest {
            type_name: TYPE.to_owned(),
            prior: prior.value.clone(),
            planned: plan.planned.clone(),
            config: self.config(name, attributes),
            private: plan.private.clone(),
            identity: Value::Null,
        };
        let ApplyResponse { state, private, diagnostics, .. } = self.provider.apply(request).await;
        if !diagnostics.has_error() {
            holds(&plan.planned, &state, "");
        }
        (State { value: state, private }, diagnostics)
    }

    /// Plans and applies; the second plan must be empty.
    pub async fn apply(&self, prior: &State, name: &str, attributes: &Config) -> State {
        let (state, diagnostics) = self.try_apply(prior, name, attributes).await;
        assert!(!diagnostics.has_error(), "{diagnostics:?}");
        self.assert_settled(&state, name, attributes).await;
        state
    }

    pub async fn assert_settled(&self, state: &State, name: &str, attributes: &Config) {
        let state = self.read(state).await;
        let plan = self.plan(&state, name, attributes).await;
        assert_eq!(plan.planned, state.value, "{:?}", plan.diagnostics);
    }

    pub async fn read(&self, state: &State) -> State {
        let request = ReadRequest {
            type_name: TYPE.to_owned(),
            state: state.value.clone(),
            private: state.private.clone(),
            identity: Value::Null,
        };
        let read = self.provider.read(request).await;
        assert!(!read.diagnostics.has_error(), "{:?}", read.diagnostics);
        State { value: read.state, private: read.private }
    }

    /// Destroys a set; gives what was said.
    pub async fn destroy(&self, prior: &State) -> Diagnostics {
        let plan = PlanRequest {
            type_name: TYPE.to_owned(),
            prior: prior.value.clone(),
            proposed: Value::Null,
            config: Value::Null,
            private: prior.private.clone(),
            identity: Value::Null,
        };
        let plan = self.provider.plan(plan).await;
        let request = ApplyRequest {
            type_name: TYPE.to_owned(),
            prior: prior.value.clone(),
            planned: Value::Null,
            config: Value::Null,
            private: plan.private,
            identity: Value::Null,
        };
        let applied = self.provider.apply(request).await;
        assert!(applied.state.is_null(), "{:?}", applied.diagnostics);
        applied.diagnostics
    }

    /// Brings a set in by its name.
    pub async fn import(&self, name: &str) -> State {
        let request = ImportRequest {
            type_name: TYPE.to_owned(),
            id: name.to_owned(),
            identity: Value::Null,
        };
        let imported = self.provider.import(request).await;
        let mut value = imported.state.unwrap();
        // An id leads to the cluster of the environment: this stands in for it.
        value.set_attribute("kubeconfig", self.config(name, &Vec::new()).get("kubeconfig").clone());
        self.read(&State { value, private: imported.private }).await
    }
}

impl State {
    pub fn none() -> Self {
        State { value: Value::Null, private: Vec::new() }
    }

    /// The names of the documents.
    pub fn documents(&self) -> Vec<String> {
        let documents = self.value.get("documents").entries();
        documents.into_iter().flat_map(|all| all.keys().cloned()).collect()
    }

    /// A field of a document.
    pub fn field(&self, document: &str, path: &str) -> Option<String> {
        let fields = self.value.get("documents").get(document);
        fields.get(path).as_str().map(str::to_owned)
    }
}

/// Checks that what was planned is so: what is unknown may become anything, what is known nothing else.
fn holds(planned: &Value, actual: &Value, path: &str) {
    match (planned, actual) {
        (Value::Unknown(_), _) => {}
        (Value::Map(planned), Value::Map(actual))
        | (Value::Object(planned), Value::Object(actual)) => {
            assert!(planned.keys().eq(actual.keys()), "{path}: {planned:?} became {actual:?}");
            for (name, value) in planned {
                holds(value, &actual[name], &format!("{path}/{name}"));
            }
        }
        _ => assert_eq!(planned, actual, "{path}"),
    }
}

/// Texts for `yaml`.
pub fn texts<T: AsRef<str>>(texts: &[T]) -> Value {
    Value::List(texts.iter().map(|text| text.as_ref().into()).collect())
}

/// Objects as core sends them: each with its own type.
pub fn objects(all: &[Json]) -> Value {
    let (kinds, values) = all.iter().map(typed).unzip();
    Value::Dynamic(Box::new(Type::Tuple(kinds)), Box::new(Value::Tuple(values)))
}

fn typed(json: &Json) -> (Type, Value) {
    match json {
        Json::Null => (Type::Dynamic, Value::Null),
        Json::Bool(truth) => (Type::Bool, (*truth).into()),
        Json::Number(number) => (Type::Number, number.as_i64().unwrap().into()),
        Json::String(text) => (Type::String, text.as_str().into()),
        Json::Array(items) => {
            let (kinds, values) = items.iter().map(typed).unzip();
            (Type::Tuple(kinds), Value::Tuple(values))
        }
        Json::Object(fields) => {
            let typed: Vec<(String, (Type, Value))> =
                fields.iter().map(|(name, value)| (name.clone(), typed(value))).collect();
            let kinds = typed.iter().map(|(name, (kind, _))| (name.clone(), kind.clone()));
            let kind = Type::object(kinds);
            (kind, Value::object(typed.into_iter().map(|(name, (_, value))| (name, value))))
        }
    }
}
