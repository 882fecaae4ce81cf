//! The door of a cluster: TLS under the cluster's own authority, and every request through the gate as AWS calls go.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use http_body_util::combinators::BoxBody;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::{ControlPlane, operation};
use crate::sandbox::call::{Body, BoxError, Reply};
use crate::sandbox::faults::{Moment, Subject};
use crate::sandbox::gate::{Gate, Interference};
use crate::sandbox::gateway::Socket;
use crate::sandbox::peer::Peer;
use crate::sandbox::wire::Protocol;

/// What stands behind a door.
#[async_trait]
pub trait House: Send + Sync + 'static {
    /// The account and region that the calls count for.
    fn place(&self) -> (String, String);

    /// The faults and the record; `None` once the sandbox has ended.
    fn gate(&self) -> Option<Arc<Gate>>;

    /// The control plane, started where it does not run yet.
    async fn control_plane(&self) -> Result<Arc<ControlPlane>, String>;
}

/// A request is dropped without an answer, and its connection reset.
#[derive(Debug, thiserror::Error)]
#[error("the connection is dropped on request")]
struct Dropped;

/// Serves a cluster's door until it is dropped, and with it every open connection.
pub async fn serve(
    listener: TcpListener,
    tls: Arc<ServerConfig>,
    house: Arc<dyn House>,
) -> Infallible {
    let acceptor = TlsAcceptor::from(tls);
    let mut connections = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.spawn(serve_connection(stream, acceptor.clone(), Arc::clone(&house)));
            }
            Err(error) => {
                tracing::warn!("failed to accept a connection to a cluster: {error}");
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn serve_connection(stream: TcpStream, acceptor: TlsAcceptor, house: Arc<dyn House>) {
    let (Ok(remote), Ok(local)) = (stream.peer_addr(), stream.local_addr()) else { return };
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!("failed to set TCP_NODELAY: {error}");
    }
    let peer = Peer::new(remote, local);
    let _gone = peer.gone().clone().drop_guard();
    let lookup = peer.clone();
    // In the background, so that mostly nobody waits for it.
    tokio::spawn(async move { lookup.process().await });
    let reset = Arc::new(AtomicBool::new(false));
    let stream = match acceptor.accept(Socket::new(stream, Arc::clone(&reset))).await {
        Ok(stream) => stream,
        Err(error) => {
            tracing::debug!("a TLS handshake with a cluster's door failed: {error}");
            return;
        }
    };
    let service = service_fn(|request| {
        let (house, peer, reset) = (Arc::clone(&house), peer.clone(), Arc::clone(&reset));
        async move {
            let answered = answer(request, &peer, house.as_ref()).await;
            if answered.is_err() {
                reset.store(true, Ordering::Relaxed);
            }
            answered
        }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        tracing::debug!("a connection to a cluster ended: {error}");
    }
}

async fn answer(
    request: Request<Incoming>,
    peer: &Peer,
    house: &dyn House,
) -> Result<Response<BoxBody<Bytes, BoxError>>, Dropped> {
    let gate = house.gate().ok_or(Dropped)?;
    let (account, region) = house.place();
    let user_agent = request.headers().get(header::USER_AGENT);
    let subject = Subject {
        service: "kubernetes".to_owned(),
        operation: operation::name(request.method(), request.uri(), request.headers()),
        protocol: Protocol::RestJson,
        account,
        region,
        user_agent: user_agent.and_then(|text| text.to_str().ok()).unwrap_or_default().to_owned(),
    };
    let mut passage = gate.enter(subject, peer).await;
    let mut reply = match passage.meet(Moment::Before).await {
        Some(Interference::Drop) => return Err(Dropped),
        Some(Interference::Error(error)) => failure(error.status, &error.code, &error.message),
        None => hand_on(request, house).await,
    };
    match passage.meet(Moment::After).await {
        Some(Interference::Drop) => return Err(Dropped),
        Some(Interference::Error(error)) => {
            reply = failure(error.status, &error.code, &error.message);
        }
        None => {}
    }
    let status = reply.status.as_u16();
    let error = (status >= StatusCode::BAD_REQUEST.as_u16()).then(|| reason(status).to_owned());
    let id = reply.headers.get("audit-id").and_then(|id| id.to_str().ok()).unwrap_or_default();
    passage.finish(status, error, id).await;
    let mut response = Response::new(reply.body.boxed());
    *response.status_mut() = reply.status;
    *response.headers_mut() = reply.headers;
    Ok(response)
}

async fn hand_on(request: Request<Incoming>, house: &dyn House) -> Reply {
    if request.headers().contains_key(header::UPGRADE) {
        let message = "the sandbox's pods run nothing to attach to";
        return failure(501, "NotImplemented", message);
    }
    let plane = match house.control_plane().await {
        Ok(plane) => plane,
        Err(message) => return failure(503, "ServiceUnavailable", &message),
    };
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let headers = passed_on(parts.headers);
    let body = Body::Stream(body.map_err(BoxError::from).boxed());
    let response = match plane.guest().await.send(parts.method, path, headers, body).await {
        Ok(response) => response,
        Err(error) => {
            let message = format!("the API server did not answer: {error}");
            return failure(503, "ServiceUnavailable", &message);
        }
    };
    let (head, body) = response.into_parts();
    let mut reply = Reply {
        status: head.status,
        headers: passed_on(head.headers),
        body: Body::Stream(body.map_err(BoxError::from).boxed()),
    };
    if path == "/version" && reply.status.is_success() {
        reply = versioned(reply, &plane.version()).await;
    }
    reply
}

/// The headers without those that are for one connection only.
fn passed_on(mut headers: HeaderMap) -> HeaderMap {
    for name in [
        header::CONNECTION,
        header::TRANSFER_ENCODING,
        header::TE,
        header::UPGRADE,
        HeaderName::from_static("keep-alive"),
    ] {
        headers.remove(name);
    }
    headers
}

/// The answer to /version, which names the program's own version whatever it behaves as, with the cluster's.
async fn versioned(reply: Reply, version: &str) -> Reply {
    let body = reply.body.collect().await.unwrap_or_default();
    let mut object: Value = serde_json::from_slice(&body).unwrap_or_default();
    let (major, minor) = version.split_once('.').unwrap_or(("1", "0"));
    object["major"] = major.into();
    object["minor"] = minor.into();
    object["gitVersion"] = format!("v{version}.0-eks-sandbox").into();
    let mut headers = reply.headers;
    headers.remove(header::CONTENT_LENGTH);
    Reply { status: reply.status, headers, body: Body::Whole(object.to_string().into()) }
}

/// A failure as the API server reports one.
fn failure(status: u16, code: &str, message: &str) -> Reply {
    let object = json!({
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": format!("{code}: {message}"),
        "reason": reason(status),
        "code": status,
    });
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut reply = Reply::new(status, "application/json", object.to_string());
    if status == StatusCode::TOO_MANY_REQUESTS {
        reply.headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    reply
}

/// The reason that goes with a status, as the Kubernetes API conventions list them.
fn reason(status: u16) -> &'static str {
    match status {
        400 => "BadRequest",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "NotFound",
        405 => "MethodNotAllowed",
        409 => "Conflict",
        410 => "Gone",
        415 => "UnsupportedMediaType",
        422 => "Invalid",
        429 => "TooManyRequests",
        503 => "ServiceUnavailable",
        504 => "Timeout",
        _ => "InternalError",
    }
}
