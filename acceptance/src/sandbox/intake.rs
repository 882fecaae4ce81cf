//! Reading an HTTP request as a call: which service and operation it means, and who makes it.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use chrono::Utc;
use http::request::Parts;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use uuid::Uuid;

use super::accounts::Caller;
use super::call::{Body, BoxError, Call};
use super::faults::Subject;
use super::form::Form;
use super::peer::Peer;
use super::routing::{self, Hints, SERVICES, Service};
use super::signature::{Mismatch, Signature, Signed};
use super::trouble::Trouble;
use super::wire::{Protocol, ServiceError};
use super::world::World;

/// The longest content of a call that is read whole.
const LONGEST_BODY_BYTES: usize = 64 * 1024 * 1024;

/// A request whose service and operation are known, and its caller not yet.
#[derive(Debug)]
pub struct Arrival {
    service: &'static Service,
    operation: String,
    protocol: Protocol,
    labels: BTreeMap<String, String>,
    signature: Option<Signature>,
    parts: Parts,
    body: Body,
    peer: Peer,
}

/// Finds out what a request means.
///
/// # Errors
/// When it means no service of the sandbox, or its content cannot be read.
pub async fn read(
    request: Request<Incoming>,
    peer: Peer,
    world: &Arc<World>,
) -> Result<Arrival, ServiceError> {
    let (parts, stream) = request.into_parts();
    let signature = Signature::read(&parts.uri, &parts.headers)
        .map_err(|error| ServiceError::new("IncompleteSignature", error).with_status(403))?;
    let target = text(&parts.headers, "x-amz-target").map(str::to_owned);
    let streams = signature.as_ref().is_some_and(|signature| signature.service == "s3")
        || (signature.is_none() && target.is_none() && !is_form(&parts.headers));
    let body = if streams {
        Body::Stream(stream.map_err(BoxError::from).boxed())
    } else {
        let whole = Limited::new(stream, LONGEST_BODY_BYTES).collect().await;
        let whole = whole.map_err(|error| {
            ServiceError::new("RequestEntityTooLarge", error.to_string()).with_status(413)
        })?;
        Body::Whole(whole.to_bytes())
    };
    let form = form(&parts, &body);
    let prefix = target.as_deref().and_then(|target| target.rsplit_once('.'));
    let hints = Hints {
        target: prefix.map(|(prefix, _)| prefix),
        version: form.as_ref().and_then(|form| form.get("Version")),
        path: parts.uri.path(),
    };
    let service = match &signature {
        Some(signature) => routing::find(&signature.service, hints).ok_or_else(|| {
            let message = format!(
                "the sandbox has no service of the signing name {:?}: it would be a line in acceptance/src/sandbox/routing.rs",
                signature.service
            );
            ServiceError::new("SandboxNotImplemented", message).with_status(501)
        })?,
        None => unsigned(hints)?,
    };
    let mut arrival = Arrival {
        service,
        operation: String::new(),
        protocol: service.protocol,
        labels: BTreeMap::new(),
        signature,
        parts,
        body,
        peer,
    };
    arrival.name_operation(target.as_deref(), form.as_ref(), world).await;
    Ok(arrival)
}

/// What the gate is told of a request that means no service of the sandbox.
pub fn unknown_subject<T>(request: &Request<T>, world: &World) -> Subject {
    Subject {
        service: "unknown".to_owned(),
        operation: format!("{} {}", request.method(), request.uri().path()),
        protocol: Protocol::RestJson,
        account: String::new(),
        region: world.region.clone(),
        user_agent: text(request.headers(), "user-agent").unwrap_or_default().to_owned(),
    }
}

/// The service of a request without a signature: named by its target, version or path, else S3 to an anonymous caller.
fn unsigned(hints: Hints<'_>) -> Result<&'static Service, ServiceError> {
    let marked = SERVICES.iter().find(|service| {
        !service.mark.is_empty()
            && (hints.target == Some(service.mark)
                || hints.version == Some(service.mark)
                || (service.mark.starts_with('/') && hints.path.starts_with(service.mark)))
    });
    marked
        .or_else(|| routing::named("s3"))
        .ok_or_else(|| ServiceError::internal("the routing table lacks S3"))
}

impl Arrival {
    async fn name_operation(
        &mut self,
        target: Option<&str>,
        form: Option<&Form>,
        world: &Arc<World>,
    ) {
        let headers = &self.parts.headers;
        let path = self.parts.uri.path();
        if text(headers, "smithy-protocol") == Some("rpc-v2-cbor") {
            self.protocol = Protocol::Cbor;
            self.operation = path.rsplit('/').next().unwrap_or_default().to_owned();
        } else if let Some(target) = target {
            let content_type = text(headers, "content-type").unwrap_or_default();
            let old = content_type.starts_with("application/x-amz-json-1.0");
            self.protocol = if old { Protocol::Json10 } else { Protocol::Json11 };
            self.operation = target.rsplit('.').next().unwrap_or_default().to_owned();
        } else if let Some(action) = form.and_then(|form| form.get("Action")) {
            if self.service.protocol != Protocol::Ec2 {
                self.protocol = Protocol::Query;
            }
            self.operation = action.to_owned();
        } else {
            let method = &self.parts.method;
            let name = self.service.name;
            let found = world.models.find(name, method, &self.parts.uri, headers).await;
            match found {
                Some(matched) => {
                    self.operation = matched.operation;
                    self.labels = matched.labels;
                }
                None => self.operation = format!("{method} {path}"),
            }
        }
    }

    /// What the gate asks of a call.
    pub fn subject(&self, world: &World) -> Subject {
        let signature = self.signature.as_ref();
        let account =
            signature.and_then(|signature| world.accounts.account_of_key(&signature.access_key));
        Subject {
            service: self.service.name.to_owned(),
            operation: self.operation.clone(),
            protocol: self.protocol,
            account: account.unwrap_or_default(),
            region: self.region(world),
            user_agent: text(&self.parts.headers, "user-agent").unwrap_or_default().to_owned(),
        }
    }

    /// How an error of this call is written.
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    fn region(&self, world: &World) -> String {
        self.signature.as_ref().map_or(&world.region, |signature| &signature.region).clone()
    }

    /// Finds out who makes the call.
    ///
    /// # Errors
    /// What the service answers to an unknown key, an expired session, a wrong signature.
    pub fn authenticate(self, world: &World, request_id: String) -> Result<Call, ServiceError> {
        let caller = self.caller(world)?;
        Ok(Call {
            region: self.region(world),
            service: self.service,
            operation: self.operation,
            protocol: self.protocol,
            labels: self.labels,
            caller,
            method: self.parts.method,
            uri: self.parts.uri,
            headers: self.parts.headers,
            body: self.body,
            request_id,
            peer: self.peer,
        })
    }

    fn caller(&self, world: &World) -> Result<Caller, ServiceError> {
        let refuse =
            |trouble: Trouble| trouble.of(self.protocol, self.service.name, &self.operation);
        let Some(signature) = &self.signature else {
            let open = matches!(self.service.name, "s3" | "sso")
                || self.operation == "AssumeRoleWithWebIdentity";
            let caller = Caller::anonymous(world.accounts.management());
            return if open { Ok(caller) } else { Err(refuse(Trouble::NotSigned)) };
        };
        let now = Utc::now();
        let (caller, secret) = world
            .accounts
            .authenticate(&signature.access_key, signature.token.as_deref(), now)
            .map_err(refuse)?;
        if world.settings.get().verify_signatures {
            let body = match &self.body {
                Body::Whole(bytes) => bytes.clone(),
                Body::Stream(_) => Bytes::new(),
            };
            let signed = Signed {
                method: &self.parts.method,
                uri: &self.parts.uri,
                headers: &self.parts.headers,
                body: &body,
            };
            signature.check(&secret, now, &signed).map_err(|mismatch| {
                let mut error = refuse(Trouble::WrongSignature);
                if let Mismatch::Expired { .. } = mismatch {
                    error.message = mismatch.to_string();
                }
                error
            })?;
        }
        Ok(caller)
    }
}

/// A request id as AWS makes them.
pub fn new_request_id() -> String {
    Uuid::new_v4().to_string()
}

/// The parameters of a request of the query protocols: a form, or a query string with an action.
fn form(parts: &Parts, body: &Body) -> Option<Form> {
    match body {
        Body::Whole(bytes) if is_form(&parts.headers) && !bytes.is_empty() => {
            Some(Form::parse(&String::from_utf8_lossy(bytes)))
        }
        _ => {
            let form = Form::parse(parts.uri.query().unwrap_or_default());
            (parts.uri.path() == "/" && form.get("Action").is_some()).then_some(form)
        }
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    text(headers, "content-type")
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
