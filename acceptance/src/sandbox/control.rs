//! The control API: JSON over HTTP on a port of its own, for tests and for the commands of `travel-sandbox`.
//!
//! | request | does |
//! |---|---|
//! | `GET /status` | how far everything is, the processes, the accounts |
//! | `GET /record?since=N&service=&operation=&account=&user_agent=&executable=` | calls in the order of arrival |
//! | `GET /counts?…` | the number of those calls by unit |
//! | `GET /faults`, `POST /faults`, `DELETE /faults`, `DELETE /faults/ID` | rules for what goes wrong |
//! | `GET /settings`, `PATCH /settings` | what a test may change |
//! | `GET /clock`, `POST /clock {"advance_seconds": N}` | the time our own services go by |
//! | `GET /accounts`, `POST /accounts/ID/credentials {"duration_seconds": N}` | keys of an account: long-lived, or a session's |
//! | `POST /sessions/expire` | every session ends |
//! | `POST /reset` | everything is forgotten |
//! | `POST /shutdown` | the sandbox ends |
//! | any `/services/NAME/…` | what the backend of a service offers of its own |

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use chrono::TimeDelta;
use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};

use super::accounts::Caller;
use super::emulator::Status;
use super::faults::Rule;
use super::form::Form;
use super::listen;
use super::record::Query;
use super::world::World;

/// Why a request of the control API fails.
enum Refusal {
    Unknown,
    Invalid(String),
}

/// Serves the control API until it is dropped.
pub async fn serve(listener: TcpListener, world: Arc<World>) -> Infallible {
    listen::take_connections(listener, |stream| serve_connection(stream, Arc::clone(&world))).await
}

async fn serve_connection(stream: TcpStream, world: Arc<World>) {
    let service = service_fn(async |request| Ok::<_, Infallible>(answer(request, &world).await));
    let served = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
    if let Err(error) = served {
        tracing::debug!("a connection to the control API ended: {error}");
    }
}

async fn answer(request: Request<Incoming>, world: &Arc<World>) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let answered = match body.collect().await {
        Ok(body) => {
            let query = head.uri.query().unwrap_or_default();
            route(head.method.as_str(), head.uri.path(), query, &body.to_bytes(), world).await
        }
        Err(error) => Err(Refusal::Invalid(error.to_string())),
    };
    let (status, value) = match answered {
        Ok(value) => (StatusCode::OK, value),
        Err(Refusal::Unknown) => {
            let message = format!("there is no {} {}", head.method, head.uri.path());
            (StatusCode::NOT_FOUND, json!({"error": message}))
        }
        Err(Refusal::Invalid(message)) => (StatusCode::BAD_REQUEST, json!({"error": message})),
    };
    let mut response = Response::new(Full::new(Bytes::from(value.to_string())));
    *response.status_mut() = status;
    let kind = header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

async fn route(
    method: &str,
    path: &str,
    query: &str,
    body: &[u8],
    world: &Arc<World>,
) -> Result<Value, Refusal> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let (faults, accounts) = (&world.gate.faults, &world.accounts);
    match (method, parts.as_slice()) {
        ("GET", ["status"]) => Ok(status(world)),
        ("GET", ["record"]) => written(&world.gate.record.find(&record_query(query)?)),
        ("GET", ["counts"]) => written(&world.gate.record.counts(&record_query(query)?)),
        ("GET", ["faults"]) => written(&faults.list()),
        ("POST", ["faults"]) => Ok(json!({"id": faults.add(read::<Rule>(body)?)})),
        ("DELETE", ["faults"]) => {
            faults.clear();
            Ok(json!({}))
        }
        ("DELETE", ["faults", id]) => {
            let removed = id.parse().is_ok_and(|id| faults.remove(id));
            if removed { Ok(json!({})) } else { Err(Refusal::Unknown) }
        }
        ("GET", ["settings"]) => written(&world.settings.get()),
        ("PATCH", ["settings"]) => {
            let merged = world.settings.merge(&read(body)?).map_err(Refusal::Invalid)?;
            written(&merged)
        }
        ("GET", ["clock"]) => Ok(clock(world)),
        ("POST", ["clock"]) => {
            let seconds = read::<Value>(body)?["advance_seconds"].as_i64();
            let seconds = seconds.filter(|seconds| *seconds >= 0);
            let message = "advance_seconds must be a whole number from 0";
            let seconds = seconds.ok_or(Refusal::Invalid(message.to_owned()))?;
            world.clock.advance(TimeDelta::seconds(seconds));
            Ok(clock(world))
        }
        ("GET", ["accounts"]) => written(&accounts.all()),
        ("POST", ["accounts", id, "credentials"]) => credentials(id, &read(body)?, world),
        ("POST", ["sessions", "expire"]) => {
            accounts.expire_sessions();
            Ok(json!({}))
        }
        ("POST", ["reset"]) => {
            world.reset().await.map_err(|error| Refusal::Invalid(format!("{error:#}")))?;
            Ok(json!({}))
        }
        ("POST", ["shutdown"]) => {
            world.shutdown.cancel();
            Ok(json!({}))
        }
        (_, ["services", name, rest @ ..]) => {
            let backend = world.backends.get(*name).ok_or(Refusal::Unknown)?;
            let answered = backend.control(method, rest, read(body)?, world).await;
            answered.ok_or(Refusal::Unknown)?.map_err(Refusal::Invalid)
        }
        _ => Err(Refusal::Unknown),
    }
}

fn status(world: &World) -> Value {
    let emulators = [("localstack", world.localstack.status()), ("moto", world.moto.status())];
    let ready = emulators.iter().all(|(_, status)| matches!(status, Status::Ready(_)));
    let emulators: serde_json::Map<String, Value> = emulators
        .into_iter()
        .map(|(name, status)| {
            let (state, detail) = match status {
                Status::Starting => ("starting", Value::Null),
                Status::Ready(port) => ("ready", port.into()),
                Status::Failed(message) => ("failed", message.into()),
            };
            (name.to_owned(), json!({"state": state, "detail": detail}))
        })
        .collect();
    let processes = world.children.running_processes();
    let processes: Vec<Value> = processes
        .into_iter()
        .map(|(name, process)| {
            let (pid, bytes) = (process.pid, process.resident_bytes());
            json!({"name": name, "process_id": pid, "resident_bytes": bytes})
        })
        .collect();
    json!({
        "ready": ready,
        "endpoint": world.endpoint(),
        "emulators": emulators,
        "processes": processes,
        "accounts": world.accounts.all(),
        "calls": world.gate.record.last(),
        "up_seconds": world.started.elapsed().as_secs_f64(),
    })
}

fn record_query(text: &str) -> Result<Query, Refusal> {
    let form = Form::parse(text);
    let get = |name: &str| form.get(name).unwrap_or_default().to_owned();
    let since = match form.get("since") {
        None => 0,
        Some(since) => {
            since.parse().map_err(|_| Refusal::Invalid(format!("since is no number: {since:?}")))?
        }
    };
    Ok(Query {
        since,
        service: get("service"),
        operation: get("operation"),
        account: get("account"),
        user_agent: get("user_agent"),
        executable: get("executable"),
    })
}

fn clock(world: &World) -> Value {
    json!({"now": world.clock.now(), "ahead_seconds": world.clock.ahead().num_seconds()})
}

/// Keys of an account: those of a user, or, with `duration_seconds`, of a session.
fn credentials(id: &str, input: &Value, world: &World) -> Result<Value, Refusal> {
    let account = world.accounts.get(id).ok_or_else(|| {
        let message = format!("there is no account {id}: Organizations has to make it first");
        Refusal::Invalid(message)
    })?;
    let credentials = match input["duration_seconds"].as_i64() {
        None => world.accounts.issue_key(&account.id, "sandbox"),
        Some(seconds) => {
            let caller = Caller {
                arn: format!("arn:aws:sts::{id}:assumed-role/sandbox/session"),
                user_id: "AROASANDBOXSANDBOXAA:session".to_owned(),
                role_arn: Some(format!("arn:aws:iam::{id}:role/sandbox")),
                ..Caller::service(id)
            };
            world.accounts.open_session(caller, seconds)
        }
    };
    written(&credentials)
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    let text: &[u8] = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(text).map_err(|error| Refusal::Invalid(error.to_string()))
}

fn written<T: Serialize>(value: &T) -> Result<Value, Refusal> {
    serde_json::to_value(value).map_err(|error| Refusal::Invalid(error.to_string()))
}
