//! A server whose every answer can be told from the request. The name of a thing chooses how it
//! behaves.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio_util::sync::CancellationToken;
use travel_framework::schema::{
    Attribute, AttributeKind, Block, BlockNesting, FunctionSignature, NestedBlock, Nesting,
    Parameter, Schema,
};
use travel_framework::server::{
    ApplyRequest, ApplyResponse, ConfigureRequest, DataResponse, FunctionError, GenerateResponse,
    ImportRequest, ImportResponse, MoveRequest, MoveResponse, PlanRequest, PlanResponse,
    ReadRequest, ReadResponse, Schemas, Server, UpgradeRequest, UpgradeResponse,
};
use travel_framework::value::json::{self, UnknownAttributes};
use travel_framework::value::{Path, Refinements, Step, Type, Value};
use travel_framework::{Diagnostic, Diagnostics};

/// Serves one resource, one data source and one function.
pub struct Fake {
    schemas: Schemas,
    configured: AtomicU64,
    is_waiting: AtomicBool,
    stop: Mutex<CancellationToken>,
}

impl Fake {
    /// Not configured yet.
    pub fn new() -> Self {
        Self {
            schemas: schemas(),
            configured: AtomicU64::new(0),
            is_waiting: AtomicBool::new(false),
            stop: Mutex::default(),
        }
    }

    fn stop_token(&self) -> CancellationToken {
        self.stop.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn upgrade(&self, schema: &Schema, request: &UpgradeRequest) -> UpgradeResponse {
        match json::decode(&request.raw, &schema.value_type(), UnknownAttributes::Ignore) {
            Ok(value) => UpgradeResponse { value, diagnostics: Diagnostics::new() },
            Err(error) => UpgradeResponse {
                value: Value::Null,
                diagnostics: Diagnostic::error("bad state", error.to_string()).into(),
            },
        }
    }
}

#[expect(clippy::panic, reason = "the plugin must survive what a page should never do")]
#[async_trait::async_trait]
impl Server for Fake {
    fn schemas(&self) -> &Schemas {
        &self.schemas
    }

    async fn validate_provider(&self, config: Value) -> Diagnostics {
        match config.get("greeting").as_str() {
            Some("bad") => Diagnostic::error("bad greeting", "").at_attribute("greeting").into(),
            _ => Diagnostics::new(),
        }
    }

    async fn configure(&self, request: ConfigureRequest) -> Diagnostics {
        self.configured.fetch_add(1, Ordering::Relaxed);
        *self.stop.lock().unwrap_or_else(PoisonError::into_inner) = CancellationToken::new();
        let is_unknown = request.config.get("greeting").is_unknown();
        self.is_waiting.store(is_unknown, Ordering::Relaxed);
        if is_unknown {
            return Diagnostic::warning("greeting is unknown", "").into();
        }
        Diagnostics::new()
    }

    fn awaits_configuration(&self) -> bool {
        self.is_waiting.load(Ordering::Relaxed)
    }

    async fn validate_resource(&self, _: &str, config: Value, _: bool) -> Diagnostics {
        let mut told = Diagnostics::new();
        if config.get("name").as_str() == Some("bad") {
            told.push(Diagnostic::error("bad name", "Choose another.").at_attribute("name"));
            let element = Step::Element(Box::new(Value::Null));
            let path = Path::attribute("rules").then(element).field("port");
            told.push(Diagnostic::warning("odd port", "").at(path));
        }
        told
    }

    async fn validate_data_source(&self, type_name: &str, _: Value) -> Diagnostics {
        Diagnostic::warning("seen", type_name).into()
    }

    async fn upgrade_state(&self, request: UpgradeRequest) -> UpgradeResponse {
        self.upgrade(&self.schemas.resources["fake_thing"], &request)
    }

    async fn upgrade_identity(&self, request: UpgradeRequest) -> UpgradeResponse {
        self.upgrade(&self.schemas.identities["fake_thing"], &request)
    }

    async fn read(&self, request: ReadRequest) -> ReadResponse {
        let state = match request.state.get("name").as_str() {
            Some("gone") => Value::Null,
            _ => request.state,
        };
        ReadResponse {
            identity: identity(&state),
            state,
            private: [&request.private[..], b" read"].concat(),
            diagnostics: Diagnostics::new(),
        }
    }

    async fn plan(&self, request: PlanRequest) -> PlanResponse {
        let mut planned = request.proposed;
        if planned.get("name").as_str() == Some("panics in the plan") {
            panic!("this was to be expected");
        }
        planned.set_attribute("password", Value::Null);
        let mut requires_replace = Vec::new();
        if request.prior.is_null() {
            let known = Refinements { prefix: Some("thing-".into()), ..Refinements::not_null() };
            planned.set_attribute("id", Value::Unknown(Box::new(known)));
        } else if planned.get("name") != request.prior.get("name") {
            let element = |port: i64| {
                let rule = Value::object([("port", port.into())]);
                Path::attribute("rules").then(Step::Element(Box::new(rule)))
            };
            requires_replace = vec![Path::attribute("name"), element(1), element(2)];
        }
        PlanResponse {
            identity: identity(&planned),
            planned,
            requires_replace,
            private: [&request.private[..], b" planned"].concat(),
            diagnostics: Diagnostics::new(),
        }
    }

    async fn apply(&self, request: ApplyRequest) -> ApplyResponse {
        let mut state = request.planned;
        let mut diagnostics = Diagnostics::new();
        let name = state.get("name").as_str().unwrap_or_default().to_owned();
        match name.as_str() {
            "panics" => panic!("this was to be expected"),
            "panics with a value" => panic!("{name} and its password"),
            "panics elsewhere" => {
                let task = tokio::spawn(async { panic!("in a task") });
                if task.await.is_err() {
                    diagnostics.push(Diagnostic::error("the task panicked", ""));
                }
            }
            "slow" => {
                self.stop_token().cancelled().await;
                diagnostics.push(Diagnostic::warning("interrupted", ""));
            }
            _ => {}
        }
        if !state.is_null() {
            state.set_attribute("id", format!("thing-{name}").into());
        }
        if name == "broken" {
            diagnostics.push(Diagnostic::warning("half done", ""));
            state.set_attribute("size", "large".into());
        }
        ApplyResponse {
            identity: identity(&state),
            state,
            private: [&request.private[..], b" applied"].concat(),
            diagnostics,
        }
    }

    async fn import(&self, request: ImportRequest) -> ImportResponse {
        let name = match request.identity.get("name") {
            Value::Null => request.id,
            name => name.as_str().unwrap_or_default().to_owned(),
        };
        let state = (name != "none").then(|| {
            let Value::Object(mut attributes) = nothing() else { return Value::Null };
            attributes.insert("name".into(), name.into());
            Value::Object(attributes)
        });
        ImportResponse {
            identity: state.as_ref().map_or(Value::Null, identity),
            state,
            private: b"imported".to_vec(),
            diagnostics: Diagnostics::new(),
        }
    }

    async fn move_state(&self, request: MoveRequest) -> MoveResponse {
        let MoveRequest { source_type, is_own, private, .. } = request;
        let state = if is_own { nothing() } else { Value::Null };
        let diagnostics = match is_own {
            true => Diagnostics::new(),
            false => Diagnostic::error(format!("no move from {source_type}"), "").into(),
        };
        MoveResponse { state, private, identity: Value::Null, diagnostics }
    }

    async fn generate_config(&self, _: &str, mut state: Value) -> GenerateResponse {
        state.set_attribute("id", Value::Null);
        GenerateResponse { config: state, diagnostics: Diagnostics::new() }
    }

    async fn read_data_source(&self, _: &str, config: Value) -> DataResponse {
        let mut state = config;
        let configured = self.configured.load(Ordering::Relaxed);
        state.set_attribute("configured", Value::Number(configured.into()));
        DataResponse { state, diagnostics: Diagnostics::new() }
    }

    async fn call_function(&self, _: &str, arguments: Vec<Value>) -> Result<Value, FunctionError> {
        let texts: Vec<&str> = arguments.iter().filter_map(Value::as_str).collect();
        if let Some(position) = texts.iter().position(|text| text.is_empty()) {
            let argument = i64::try_from(position).ok();
            return Err(FunctionError { text: "must not be empty".into(), argument });
        }
        match texts.split_first() {
            Some((separator, texts)) => Ok(texts.join(separator).into()),
            None => Err(FunctionError { text: "no separator".into(), argument: None }),
        }
    }

    fn stop(&self) {
        self.stop_token().cancel();
    }
}

fn identity(state: &Value) -> Value {
    match state {
        Value::Null => Value::Null,
        state => Value::object([("name", state.get("name").clone())]),
    }
}

/// A thing without anything.
fn nothing() -> Value {
    let names = ["id", "name", "password", "rules", "size", "tags", "values"];
    let attributes = names.map(|name| (name, Value::Null));
    Value::object(attributes.into_iter().chain([("option", Value::List(Vec::new()))]))
}

fn schemas() -> Schemas {
    let optional = |name: &str, kind| Attribute { optional: true, ..attribute(name, kind) };
    let required = |name: &str, kind| Attribute { required: true, ..attribute(name, kind) };
    let computed = |name: &str, kind| Attribute { computed: true, ..attribute(name, kind) };
    let port = required("port", Type::Number);
    let rules = AttributeKind::Nested { nesting: Nesting::Set, attributes: vec![port] };
    let thing = vec![
        computed("id", Type::String),
        required("name", Type::String),
        Attribute {
            sensitive: true,
            write_only: true,
            deprecated: Some("use a key".into()),
            ..optional("password", Type::String)
        },
        Attribute { kind: rules, ..optional("rules", Type::Bool) },
        optional("size", Type::Number),
        optional("tags", Type::map(Type::String)),
        optional("values", Type::Dynamic),
    ];
    let option = NestedBlock {
        name: "option".into(),
        nesting: BlockNesting::List,
        block: block(vec![required("key", Type::String)], Vec::new()),
    };
    let echo = vec![required("text", Type::String), computed("configured", Type::Number)];
    let schema = |version, block| Schema { version, block };
    Schemas {
        provider: schema(0, block(vec![optional("greeting", Type::String)], Vec::new())),
        resources: [("fake_thing".into(), schema(3, block(thing, vec![option])))].into(),
        identities: [(
            "fake_thing".into(),
            schema(1, block(vec![required("name", Type::String)], Vec::new())),
        )]
        .into(),
        data_sources: [("fake_echo".into(), schema(0, block(echo, Vec::new())))].into(),
        functions: [("join".into(), join())].into(),
        ..Schemas::default()
    }
}

fn join() -> FunctionSignature {
    let parameter = |name: &str| Parameter {
        name: name.into(),
        description: format!("the {name}"),
        kind: Type::String,
        allow_null: false,
        allow_unknown: false,
    };
    FunctionSignature {
        name: "join".into(),
        summary: "joins texts".into(),
        description: "Joins *texts*.".into(),
        parameters: vec![parameter("separator")],
        variadic: Some(parameter("texts")),
        result: Type::String,
    }
}

fn attribute(name: &str, kind: Type) -> Attribute {
    Attribute {
        name: name.into(),
        kind: AttributeKind::Plain(kind),
        description: format!("the {name}"),
        ..Attribute::default()
    }
}

fn block(attributes: Vec<Attribute>, blocks: Vec<NestedBlock>) -> Block {
    Block { description: "a *block*".into(), attributes, blocks }
}
