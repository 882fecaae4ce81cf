//! The HTTP server that speaks for every AWS endpoint: it reads calls, leads them through the gate, and has their
//! backends answer.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::combinators::BoxBody;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::call::{Body, BoxError, Call, Reply};
use super::faults::{Moment, reads};
use super::gate::{Interference, Passage};
use super::intake::{self, Arrival};
use super::peer::Peer;
use super::routing::Home;
use super::wire::{Protocol, ServiceError, cbor_to_json, json_to_cbor};
use super::world::World;

/// The caller gets no answer; its connection is reset.
#[derive(Debug, thiserror::Error)]
#[error("the connection is dropped on request")]
struct Dropped;

/// Serves the gateway until it is dropped.
pub async fn serve(listener: TcpListener, world: Arc<World>) -> Infallible {
    let mut connections = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                connections.spawn(serve_connection(stream, Arc::clone(&world)));
            }
            Err(error) => {
                // Out of file descriptors, mostly: those of ended connections come back.
                tracing::warn!("failed to accept a connection: {error}");
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn serve_connection(stream: TcpStream, world: Arc<World>) {
    let (Ok(remote), Ok(local)) = (stream.peer_addr(), stream.local_addr()) else { return };
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!("failed to set TCP_NODELAY: {error}");
    }
    let peer = Peer::new(remote, local);
    let gone = peer.gone().clone().drop_guard();
    let lookup = peer.clone();
    // In the background, so that mostly nobody waits for it.
    tokio::spawn(async move { lookup.process().await });
    let reset = Arc::new(AtomicBool::new(false));
    let socket = Socket::new(stream, Arc::clone(&reset));
    let service = service_fn(|request| {
        let (world, peer, reset) = (Arc::clone(&world), peer.clone(), Arc::clone(&reset));
        async move {
            // Of its own, so that a call that has reached its backend is answered to the end.
            let answered = tokio::spawn(answer(request, peer, world)).await;
            let answered = answered.map_err(|error| tracing::error!("a call broke: {error}"));
            let answered = answered.unwrap_or(Err(Dropped));
            if answered.is_err() {
                reset.store(true, Ordering::Relaxed);
            }
            answered
        }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(socket), service)
        .await;
    if let Err(error) = served {
        tracing::debug!("a connection ended: {error}");
    }
    drop(gone);
}

async fn answer(
    request: Request<Incoming>,
    peer: Peer,
    world: Arc<World>,
) -> Result<Response<BoxBody<Bytes, BoxError>>, Dropped> {
    let request_id = intake::new_request_id();
    let unknown = intake::unknown_subject(&request, &world);
    let arrival = match intake::read(request, peer.clone(), &world).await {
        Ok(arrival) => arrival,
        Err(error) => {
            tracing::warn!("a request was not understood: {error}");
            let passage = world.gate.enter(unknown, &peer).await;
            let reply = error.to_reply(Protocol::RestJson, &request_id);
            return Ok(finish(passage, reply, &request_id).await);
        }
    };
    let mut passage = world.gate.enter(arrival.subject(&world), &peer).await;
    let protocol = arrival.protocol();
    let outcome = match passage.meet(Moment::Before).await {
        Some(Interference::Drop) => return Err(Dropped),
        Some(Interference::Error(error)) => Err(error),
        None => {
            let outcome = ask(arrival, &world, &request_id).await;
            match passage.meet(Moment::After).await {
                Some(Interference::Drop) => return Err(Dropped),
                Some(Interference::Error(error)) => Err(error),
                None => outcome,
            }
        }
    };
    let reply = outcome.unwrap_or_else(|error| error.to_reply(protocol, &request_id));
    Ok(finish(passage, reply, &request_id).await)
}

/// Authenticates a call and has its backend answer it.
async fn ask(
    arrival: Arrival,
    world: &Arc<World>,
    request_id: &str,
) -> Result<Reply, ServiceError> {
    let mut call = arrival.authenticate(world, request_id.to_owned())?;
    let own = matches!(call.service.home, Home::Own(_));
    let transcode = own && call.protocol == Protocol::Cbor;
    if transcode {
        // Backends of our own know CBOR's content as the JSON it says.
        call.body = Body::Whole(cbor_to_json(&call.bytes())?.to_string().into());
        call.protocol = Protocol::Json11;
    }
    let tagging = tagging(&call);
    let mut reply = world.dispatch(call).await?;
    if let (Some(tagging), Body::Whole(body)) = (tagging, &reply.body)
        && reply.status.is_success()
    {
        tagging.note(world, &String::from_utf8_lossy(body));
    }
    if transcode && let Body::Whole(body) = &reply.body {
        let value = serde_json::from_slice(body).unwrap_or_default();
        reply = Reply::new(reply.status, Protocol::Cbor.content_type(), json_to_cbor(&value));
        reply.headers.insert("smithy-protocol", HeaderValue::from_static("rpc-v2-cbor"));
    }
    Ok(reply)
}

/// What a call that changes something says of tags.
struct Tagging {
    call: (Protocol, String),
    content: Bytes,
}

fn tagging(call: &Call) -> Option<Tagging> {
    let content = call.bytes();
    let changes = !content.is_empty() && !reads(&call.operation);
    changes.then(|| Tagging { call: (call.protocol, call.operation.clone()), content })
}

impl Tagging {
    fn note(&self, world: &World, answer: &str) {
        let (protocol, operation) = &self.call;
        match protocol {
            Protocol::Ec2 => {
                let form = super::form::Form::parse(&String::from_utf8_lossy(&self.content));
                world.lag.note_form(operation, &form, answer);
            }
            Protocol::Json10 | Protocol::Json11 | Protocol::RestJson => {
                if let Ok(input) = serde_json::from_slice(&self.content) {
                    world.lag.note_json(&input, answer);
                }
            }
            _ => {}
        }
    }
}

async fn finish(
    passage: Passage,
    reply: Reply,
    request_id: &str,
) -> Response<BoxBody<Bytes, BoxError>> {
    let error = match &reply.body {
        Body::Whole(body) if reply.status.as_u16() >= StatusCode::BAD_REQUEST.as_u16() => {
            Some(ServiceError::from_answer(reply.status, &reply.headers, body).code)
        }
        _ => None,
    };
    let own = reply.headers.get("x-amzn-requestid").or(reply.headers.get("x-amz-request-id"));
    let own = own.and_then(|id| id.to_str().ok()).unwrap_or(request_id).to_owned();
    passage.finish(reply.status.as_u16(), error, &own).await;
    response(reply, &own)
}

fn response(reply: Reply, request_id: &str) -> Response<BoxBody<Bytes, BoxError>> {
    let mut response = Response::new(reply.body.boxed());
    *response.status_mut() = reply.status;
    *response.headers_mut() = reply.headers;
    if let Ok(id) = HeaderValue::from_str(request_id) {
        response.headers_mut().entry("x-amzn-requestid").or_insert(id);
    }
    response
}

/// A connection that can be closed by a reset.
pub(super) struct Socket {
    stream: TcpStream,
    reset: Arc<AtomicBool>,
}

impl Socket {
    /// The connection of a stream, closed by a reset once the flag is set.
    pub(super) fn new(stream: TcpStream, reset: Arc<AtomicBool>) -> Self {
        Self { stream, reset }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.reset.load(Ordering::Relaxed)
            && let Err(error) = self.stream.set_zero_linger()
        {
            tracing::debug!("failed to have a connection reset: {error}");
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.reset.load(Ordering::Relaxed) {
            // A shutdown would tell the peer of an orderly end.
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests;
