//! All that the backends of one sandbox share: accounts, clock, settings, emulators, and ways to call each other.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::accounts::{Accounts, Caller};
use super::backend::Backend;
use super::call::{Body, Call, Reply};
use super::children::Children;
use super::clock::Clock;
use super::emulator::{Emulator, Kind};
use super::form::Form;
use super::gate::Gate;
use super::lag::Lag;
use super::model::Models;
use super::peer::Peer;
use super::recent::Recent;
use super::routing::{self, Home, SERVICES, Service};
use super::settings;
use super::signature::unchecked_authorization;
use super::wire::ServiceError;
use super::xml::Element;

/// One sandbox from inside.
pub struct World {
    /// The port of the gateway on 127.0.0.1.
    pub port: u16,
    /// The port of the control API on 127.0.0.1.
    pub control_port: u16,
    /// The default region.
    pub region: String,
    /// The folder of all its files; it is removed at the end.
    pub folder: PathBuf,
    /// The folder of installed third-party tools.
    pub tools: PathBuf,
    /// Who is who.
    pub accounts: Accounts,
    /// The time our own services go by.
    pub clock: Clock,
    /// What a test may change.
    pub settings: settings::Current,
    /// Faults and record.
    pub gate: Arc<Gate>,
    /// What lists by tags do not show yet.
    pub lag: Lag,
    /// What was made when.
    pub recent: Recent,
    /// The REST paths of operations.
    pub models: Arc<Models>,
    /// The processes.
    pub children: Children,
    /// LocalStack.
    pub localstack: Arc<Emulator>,
    /// moto.
    pub moto: Arc<Emulator>,
    /// The backends of our own, by the service's name.
    pub backends: HashMap<&'static str, Box<dyn Backend>>,
    /// Cancelled when somebody asks the sandbox to end.
    pub shutdown: CancellationToken,
    /// When it started.
    pub started: Instant,
}

impl std::fmt::Debug for World {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("World").field("port", &self.port).finish_non_exhaustive()
    }
}

impl World {
    /// A sandbox whose emulators have yet to be started.
    pub fn new(
        port: u16,
        control_port: u16,
        region: String,
        tools: PathBuf,
        accounts: Accounts,
        gate: Gate,
        children: Children,
    ) -> Self {
        let mut backends = HashMap::new();
        for service in SERVICES {
            if let Home::Own(make) = service.home {
                backends.insert(service.name, make());
            }
        }
        Self {
            port,
            control_port,
            region,
            folder: children.folder().to_owned(),
            models: Arc::new(Models::new(&tools)),
            tools,
            accounts,
            clock: Clock::default(),
            settings: settings::Current::default(),
            gate: Arc::new(gate),
            lag: Lag::default(),
            recent: Recent::default(),
            children,
            localstack: Arc::new(Emulator::new(Kind::LocalStack)),
            moto: Arc::new(Emulator::new(Kind::Moto)),
            backends,
            shutdown: CancellationToken::new(),
            started: Instant::now(),
        }
    }

    /// Forgets all resources, accounts, sessions, faults and settings. The record stays.
    ///
    /// # Errors
    /// When something cannot be taken down.
    pub async fn reset(self: &Arc<Self>) -> anyhow::Result<()> {
        for (name, backend) in &self.backends {
            let reset = backend.reset(self).await;
            reset.map_err(|error| anyhow::anyhow!("failed to reset {name}: {error}"))?;
        }
        tokio::try_join!(self.localstack.clear(self), self.moto.clear(self))?;
        self.accounts.reset();
        self.gate.faults.clear();
        self.settings.change(|settings| *settings = settings::Settings::default());
        Ok(())
    }

    /// The URL that stands for every AWS endpoint.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Hands a call to the backend of its service.
    ///
    /// # Errors
    /// The service's error.
    pub async fn dispatch(self: &Arc<Self>, call: Call) -> Result<Reply, ServiceError> {
        match call.service.home {
            Home::LocalStack => self.localstack.answer(call, self).await,
            Home::Moto => self.moto.answer(call, self).await,
            Home::Own(_) => match self.backends.get(call.service.name) {
                Some(backend) => backend.answer(call, self).await,
                None => {
                    Err(ServiceError::internal(format!("no backend for {}", call.service.name)))
                }
            },
        }
    }

    /// Gives an order to an XML service (`ec2`, `iam`, …), past the gate: it is neither recorded nor disturbed.
    /// Returns the answer's root element.
    ///
    /// # Errors
    /// The service's error.
    pub async fn query(
        self: &Arc<Self>,
        order: Order<'_>,
        parameters: &[(&str, &str)],
    ) -> Result<Element, ServiceError> {
        let mut call = self.own_call(&order)?;
        let mut form = Form::of([("Action", order.operation), ("Version", call.service.mark)]);
        form.0.extend(parameters.iter().map(|(name, value)| ((*name).into(), (*value).into())));
        call.set_form(&form);
        parse_element(self.carry_out(order, call).await?).await
    }

    /// Gives an order to a JSON service (`kms`, `organizations`, …), past the gate.
    ///
    /// # Errors
    /// The service's error.
    pub async fn json(
        self: &Arc<Self>,
        order: Order<'_>,
        input: &Value,
    ) -> Result<Value, ServiceError> {
        let mut call = self.own_call(&order)?;
        let target = format!("{}.{}", call.service.mark, order.operation);
        call.headers.insert("x-amz-target", header_value(&target)?);
        let kind = HeaderValue::from_static(call.service.protocol.content_type());
        call.headers.insert(header::CONTENT_TYPE, kind);
        call.body = Body::Whole(input.to_string().into());
        parse_json(self.carry_out(order, call).await?).await
    }

    /// Gives an order to a REST service (`s3`, `route53`, …), past the gate.
    ///
    /// # Errors
    /// The service's error.
    pub async fn rest(
        self: &Arc<Self>,
        order: Order<'_>,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> Result<Reply, ServiceError> {
        let mut call = self.own_call(&order)?;
        call.method = method;
        call.uri =
            path.parse().map_err(|error| ServiceError::internal(format!("{path}: {error}")))?;
        call.body = Body::Whole(body.into());
        checked(self.carry_out(order, call).await?).await
    }

    async fn carry_out(
        self: &Arc<Self>,
        order: Order<'_>,
        call: Call,
    ) -> Result<Reply, ServiceError> {
        match order.emulator {
            Some(Kind::LocalStack) => self.localstack.answer(call, self).await,
            Some(Kind::Moto) => self.moto.answer(call, self).await,
            None => self.dispatch(call).await,
        }
    }

    fn own_call(&self, order: &Order<'_>) -> Result<Call, ServiceError> {
        let service = named(order.service)?;
        let (account, region) = (order.account, order.region);
        let mut headers = HeaderMap::new();
        let authorization = unchecked_authorization(account, region, service.signing_name);
        headers.insert(header::AUTHORIZATION, header_value(&authorization)?);
        headers.insert(header::HOST, header_value(&format!("127.0.0.1:{}", self.port))?);
        Ok(Call {
            service,
            operation: order.operation.to_owned(),
            protocol: service.protocol,
            labels: BTreeMap::new(),
            caller: Caller::service(account),
            region: region.to_owned(),
            method: Method::POST,
            uri: Uri::from_static("/"),
            headers,
            body: Body::empty(),
            request_id: Uuid::new_v4().to_string(),
            peer: Peer::own(),
        })
    }
}

/// An operation the sandbox asks for itself, on behalf of an account, as AWS services ask one another.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// The service by its name in the routing table.
    pub service: &'a str,
    /// The account it works in.
    pub account: &'a str,
    /// The region it works in.
    pub region: &'a str,
    /// The operation.
    pub operation: &'a str,
    /// The emulator to ask, past a backend of our own that stands before it.
    pub emulator: Option<Kind>,
}

impl<'a> Order<'a> {
    /// An order to whoever answers for the service.
    pub fn new(service: &'a str, account: &'a str, region: &'a str, operation: &'a str) -> Self {
        Self { service, account, region, operation, emulator: None }
    }

    /// The order that a backend gives to the emulator behind it, in the account and region of a call.
    pub fn behind(emulator: Kind, call: &'a Call, operation: &'a str) -> Self {
        Self {
            emulator: Some(emulator),
            ..Self::new(call.service.name, call.account(), &call.region, operation)
        }
    }
}

fn header_value(text: &str) -> Result<HeaderValue, ServiceError> {
    HeaderValue::from_str(text).map_err(|error| ServiceError::internal(error.to_string()))
}

fn named(service: &str) -> Result<&'static Service, ServiceError> {
    routing::named(service)
        .ok_or_else(|| ServiceError::internal(format!("the sandbox has no service {service}")))
}

/// The answer, where it tells of a success.
async fn checked(reply: Reply) -> Result<Reply, ServiceError> {
    if reply.status.as_u16() < StatusCode::BAD_REQUEST.as_u16() {
        return Ok(reply);
    }
    let (status, headers) = (reply.status, reply.headers);
    let body = reply.body.collect().await.unwrap_or_default();
    Err(ServiceError::from_answer(status, &headers, &body))
}

/// The root element of an answer.
///
/// # Errors
/// The service's error, or that the answer is no XML.
pub async fn parse_element(reply: Reply) -> Result<Element, ServiceError> {
    let body = text(checked(reply).await?).await?;
    Element::parse(&body).map_err(|error| {
        ServiceError::internal(format!("the emulator's answer is no XML: {error}"))
    })
}

async fn parse_json(reply: Reply) -> Result<Value, ServiceError> {
    let body = text(checked(reply).await?).await?;
    if body.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_str(&body).map_err(|error| {
        ServiceError::internal(format!("the emulator's answer is no JSON: {error}"))
    })
}

async fn text(reply: Reply) -> Result<String, ServiceError> {
    let body = reply.body.collect().await;
    let body = body.map_err(|error| ServiceError::internal(error.to_string()))?;
    Ok(String::from_utf8_lossy(&body).into_owned())
}
