//! The HTTP server that speaks for every AWS endpoint: it reads calls, leads them through the gate, and has their
//! backends answer.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::combinators::BoxBody;
use hyper::body::Incoming;
use tokio::net::{TcpListener, TcpStream};

use super::call::{Body, BoxError, Call, Reply};
use super::client;
use super::faults::{Moment, reads};
use super::gate::{Interference, Passage};
use super::intake::{self, Arrival};
use super::listen::{self, Answer, Connection, Dropped};
use super::peer::Peer;
use super::recent::Said;
use super::routing::Home;
use super::wire::{Protocol, ServiceError, cbor_to_json, json_to_cbor};
use super::world::World;

/// Serves the gateway until it is dropped.
pub async fn serve(listener: TcpListener, world: Arc<World>) -> Infallible {
    listen::take_connections(listener, |stream| serve_connection(stream, Arc::clone(&world))).await
}

async fn serve_connection(stream: TcpStream, world: Arc<World>) {
    let Some((connection, socket)) = Connection::open(stream) else { return };
    let answer = async |request, peer| {
        // Of its own, so that a call that has reached its backend is answered to the end.
        let answered = tokio::spawn(answer(request, peer, Arc::clone(&world))).await;
        answered.unwrap_or_else(|error| {
            tracing::error!("a call broke: {error}");
            Err(Dropped)
        })
    };
    connection.serve(socket, answer).await;
}

async fn answer(request: Request<Incoming>, peer: Peer, world: Arc<World>) -> Answer {
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
    let said = Said::of(&call);
    // What a test does by its own client, it does later.
    let is_test = call.headers.get(header::USER_AGENT).is_some_and(|it| it == client::USER_AGENT);
    let lag_seconds = if is_test { 0.0 } else { world.settings.get().visibility_lag_seconds };
    if let Some(error) = world.recent.refuse(&said, lag_seconds) {
        return Err(error);
    }
    let mut reply = world.dispatch(call).await?;
    if let Body::Whole(body) = &reply.body
        && reply.status.is_success()
    {
        world.recent.note(&said, body);
        if let Some(tagging) = tagging {
            tagging.note(world, &String::from_utf8_lossy(body));
        }
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

#[cfg(test)]
mod tests;
