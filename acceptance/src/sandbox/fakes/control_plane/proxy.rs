//! The door of a cluster: TLS under the cluster's own authority, and every request through the gate as AWS calls go.

use std::convert::Infallible;
use std::sync::Arc;

use async_trait::async_trait;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use rustls::ServerConfig;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::{ControlPlane, operation};
use crate::sandbox::call::{Body, BoxError, Reply};
use crate::sandbox::faults::{Moment, Subject};
use crate::sandbox::gate::{Gate, Interference};
use crate::sandbox::listen::{self, Answer, Connection, Dropped};
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

/// Serves a cluster's door until it is dropped, and with it every open connection.
pub async fn serve(
    listener: TcpListener,
    tls: Arc<ServerConfig>,
    house: Arc<dyn House>,
) -> Infallible {
    let acceptor = TlsAcceptor::from(tls);
    let serve = |stream| serve_connection(stream, acceptor.clone(), Arc::clone(&house));
    listen::take_connections(listener, serve).await
}

async fn serve_connection(stream: TcpStream, acceptor: TlsAcceptor, house: Arc<dyn House>) {
    let Some((connection, socket)) = Connection::open(stream) else { return };
    match acceptor.accept(socket).await {
        Ok(stream) => {
            let answer = async |request, peer| answer(request, peer, house.as_ref()).await;
            connection.serve(stream, answer).await;
        }
        Err(error) => tracing::debug!("a TLS handshake with a cluster's door failed: {error}"),
    }
}

async fn answer(request: Request<Incoming>, peer: Peer, house: &dyn House) -> Answer {
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
    let mut passage = gate.enter(subject, &peer).await;
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
