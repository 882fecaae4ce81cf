//! A parsed AWS call and its answer, as the gateway hands them to a backend.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full, combinators::BoxBody};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::accounts::Caller;
use super::form::Form;
use super::peer::Peer;
use super::routing::Service;
use super::wire::{Protocol, ServiceError};
use super::xml::Element;

/// Any error of a body's source.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// One call of an AWS operation: who asked what of which service, in which account and region.
#[derive(Debug)]
pub struct Call {
    /// The routing entry of the service.
    pub service: &'static Service,
    /// The operation's name in the service's public model, `CreateVpc`.
    pub operation: String,
    /// How this call was encoded, and so how its answer must be.
    pub protocol: Protocol,
    /// The path's variable parts of a REST operation, by the names of the public model.
    pub labels: BTreeMap<String, String>,
    /// Who signed the call. [`Caller::account`] is the account the call works in.
    pub caller: Caller,
    /// The region of the signature, `eu-central-1`.
    pub region: String,
    /// The request line and headers as they came.
    pub method: Method,
    /// Path and query as they came.
    pub uri: Uri,
    /// The headers as they came.
    pub headers: HeaderMap,
    /// The content. Only S3's is a stream, every other is whole.
    pub body: Body,
    /// The request id the answer carries where the backend gives none.
    pub request_id: String,
    /// The process at the other end of the connection.
    pub peer: Peer,
}

impl Call {
    /// The twelve digits of the account the call works in.
    pub fn account(&self) -> &str {
        &self.caller.account
    }

    /// The whole content; empty for a stream.
    pub fn bytes(&self) -> Bytes {
        match &self.body {
            Body::Whole(bytes) => bytes.clone(),
            Body::Stream(_) => Bytes::new(),
        }
    }

    /// The parameters of a query or ec2 call, from its body or, where that is empty, its query.
    pub fn form(&self) -> Form {
        let bytes = self.bytes();
        if bytes.is_empty() {
            Form::parse(self.uri.query().unwrap_or_default())
        } else {
            Form::parse(&String::from_utf8_lossy(&bytes))
        }
    }

    /// Replaces the parameters of a query or ec2 call.
    pub fn set_form(&mut self, form: &Form) {
        self.body = Body::Whole(Bytes::from(form.encode()));
        self.headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded; charset=utf-8"),
        );
    }

    /// The content of a JSON call.
    ///
    /// # Errors
    /// `SerializationException`, as the services answer, when it is no JSON of that shape.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, ServiceError> {
        let bytes = self.bytes();
        let text: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        serde_json::from_slice(text)
            .map_err(|error| ServiceError::new("SerializationException", error.to_string()))
    }

    /// The first value of a key of the query string, decoded.
    pub fn query(&self, key: &str) -> Option<String> {
        Form::parse(self.uri.query().unwrap_or_default()).get(key).map(str::to_owned)
    }
}

/// The content of a request or an answer.
pub enum Body {
    /// All of it.
    Whole(Bytes),
    /// As it comes.
    Stream(BoxBody<Bytes, BoxError>),
}

impl Body {
    /// No content.
    pub fn empty() -> Self {
        Self::Whole(Bytes::new())
    }

    /// Reads all of it.
    ///
    /// # Errors
    /// What the stream's source reports.
    pub async fn collect(self) -> Result<Bytes, BoxError> {
        match self {
            Self::Whole(bytes) => Ok(bytes),
            Self::Stream(stream) => Ok(stream.collect().await?.to_bytes()),
        }
    }

    /// The same as one type for the HTTP server and client.
    pub fn boxed(self) -> BoxBody<Bytes, BoxError> {
        match self {
            Self::Whole(bytes) => Full::new(bytes).map_err(|never| match never {}).boxed(),
            Self::Stream(stream) => stream,
        }
    }
}

impl std::fmt::Debug for Body {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Whole(bytes) => write!(formatter, "{} bytes", bytes.len()),
            Self::Stream(_) => formatter.write_str("a stream"),
        }
    }
}

/// A backend's answer.
#[derive(Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: StatusCode,
    /// The headers; the gateway adds the request id where it is missing.
    pub headers: HeaderMap,
    /// The content.
    pub body: Body,
}

impl Reply {
    /// An answer with a status and a content of a type.
    pub fn new(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        Self { status, headers, body: Body::Whole(body.into()) }
    }

    /// A JSON answer in the protocol of the call.
    pub fn json(call: &Call, value: &Value) -> Self {
        Self::new(StatusCode::OK, call.protocol.content_type(), value.to_string())
    }

    /// An XML answer whose root element is given whole.
    pub fn xml(root: &Element) -> Self {
        Self::new(StatusCode::OK, "text/xml", root.to_document())
    }

    /// The answer of the query protocol to `operation`: `result` becomes `<OperationResult>`.
    ///
    /// Follows the AWS query protocol of the Smithy specification.
    pub fn query(call: &Call, namespace: &str, result: Vec<Element>) -> Self {
        let mut outcome = Element::new(&format!("{}Result", call.operation));
        outcome.children = result;
        let root = Element::new(&format!("{}Response", call.operation))
            .with_attribute("xmlns", namespace)
            .with(outcome)
            .with(
                Element::new("ResponseMetadata")
                    .with(Element::text("RequestId", call.request_id.clone())),
            );
        Self::xml(&root)
    }
}
