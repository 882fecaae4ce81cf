//! The protocols AWS services speak, and how each of them writes an error.
//!
//! Follows the protocol pages of the Smithy specification (awsJson1_0, awsJson1_1, restJson1, restXml, awsQuery,
//! ec2Query, rpcv2Cbor) and, for S3, its REST error page.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Map, Value};

use super::call::Reply;
use super::xml::Element;

/// The encoding of a call and its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// `X-Amz-Target` and JSON, version 1.0.
    Json10,
    /// `X-Amz-Target` and JSON, version 1.1.
    Json11,
    /// Method, path and JSON.
    RestJson,
    /// Method, path and XML.
    RestXml,
    /// S3: like [`Protocol::RestXml`] with errors of its own.
    S3,
    /// `Action=` in a form, XML back.
    Query,
    /// EC2's dialect of [`Protocol::Query`].
    Ec2,
    /// `/service/S/operation/O` and CBOR.
    Cbor,
}

impl Protocol {
    /// The media type of an answer.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Json10 => "application/x-amz-json-1.0",
            Self::Json11 => "application/x-amz-json-1.1",
            Self::RestJson => "application/json",
            Self::RestXml | Self::S3 => "application/xml",
            Self::Query | Self::Ec2 => "text/xml",
            Self::Cbor => "application/cbor",
        }
    }
}

/// An error as a service reports it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct ServiceError {
    /// The HTTP status.
    pub status: u16,
    /// The code a program looks at, `InvalidVpcID.NotFound`.
    pub code: String,
    /// The sentence a person reads.
    pub message: String,
    /// Further members of a JSON error.
    pub members: Map<String, Value>,
}

impl ServiceError {
    /// An error of the caller's making (status 400).
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { status: 400, code: code.into(), message: message.into(), members: Map::new() }
    }

    /// The same with another HTTP status.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// The same with a further member, for JSON protocols.
    #[must_use]
    pub fn with_member(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// An error of the sandbox itself: something it cannot do, said in the shape of a service's own failure.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new("InternalFailure", message).with_status(500)
    }

    /// The error as an answer of a protocol.
    pub fn to_reply(&self, protocol: Protocol, request_id: &str) -> Reply {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST);
        let body = match protocol {
            Protocol::Json10 | Protocol::Json11 | Protocol::RestJson | Protocol::Cbor => {
                let mut members = self.members.clone();
                if protocol != Protocol::RestJson {
                    members.insert("__type".to_owned(), self.code.clone().into());
                }
                members.insert("message".to_owned(), self.message.clone().into());
                let value = Value::Object(members);
                if protocol == Protocol::Cbor {
                    json_to_cbor(&value)
                } else {
                    Bytes::from(value.to_string())
                }
            }
            Protocol::Query | Protocol::RestXml => {
                let kind = if self.status < 500 { "Sender" } else { "Receiver" };
                let error =
                    Element::new("Error").with(Element::text("Type", kind)).with_error(self);
                let root = Element::new("ErrorResponse")
                    .with(error)
                    .with(Element::text("RequestId", request_id));
                Bytes::from(root.to_document())
            }
            Protocol::Ec2 => {
                let errors = Element::new("Errors").with(Element::new("Error").with_error(self));
                let root = Element::new("Response")
                    .with(errors)
                    .with(Element::text("RequestID", request_id));
                Bytes::from(root.to_document())
            }
            Protocol::S3 => {
                let root = Element::new("Error")
                    .with_error(self)
                    .with(Element::text("RequestId", request_id))
                    .with(Element::text("HostId", "sandbox"));
                Bytes::from(root.to_document())
            }
        };
        let mut reply = Reply::new(status, protocol.content_type(), body);
        if protocol == Protocol::RestJson
            && let Ok(code) = HeaderValue::from_str(&self.code)
        {
            reply.headers.insert("x-amzn-errortype", code);
        }
        if protocol == Protocol::Cbor {
            reply.headers.insert("smithy-protocol", HeaderValue::from_static("rpc-v2-cbor"));
        }
        reply
    }

    /// Reads an error back from an answer of any protocol; the code is empty where the answer names none.
    pub fn from_answer(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        let mut error = Self::new("", "").with_status(status.as_u16());
        if let Some(code) = headers.get("x-amzn-errortype").and_then(|code| code.to_str().ok()) {
            error.code = bare_code(code);
        }
        if let Ok(Value::Object(members)) = serde_json::from_str::<Value>(&text) {
            let string = |names: [&str; 2]| {
                names.iter().find_map(|name| members.get(*name)?.as_str()).unwrap_or_default()
            };
            if error.code.is_empty() {
                error.code = bare_code(string(["__type", "code"]));
            }
            error.message = string(["message", "Message"]).to_owned();
            return error;
        }
        if let Ok(root) = Element::parse(&text) {
            let of = |name: &str| root.find(name).map(|found| found.content.clone());
            error.code = of("Code").unwrap_or_default();
            error.message = of("Message").unwrap_or_default();
        }
        error
    }
}

impl Element {
    fn with_error(self, error: &ServiceError) -> Self {
        self.with(Self::text("Code", error.code.clone()))
            .with(Self::text("Message", error.message.clone()))
    }
}

/// `aws.kms#NotFoundException:http://…` is `NotFoundException`.
fn bare_code(written: &str) -> String {
    let code = written.split_once('#').map_or(written, |(_, code)| code);
    code.split_once(':').map_or(code, |(code, _)| code).to_owned()
}

/// The JSON a CBOR content says: what both can, which is all that our own backends need.
///
/// # Errors
/// `SerializationException`, when it is no CBOR or holds what JSON cannot.
pub fn cbor_to_json(bytes: &[u8]) -> Result<Value, ServiceError> {
    if bytes.is_empty() {
        return Ok(Value::Object(Map::new()));
    }
    ciborium::from_reader(bytes)
        .map_err(|error| ServiceError::new("SerializationException", error.to_string()))
}

/// The same content in CBOR (RFC 8949).
pub fn json_to_cbor(value: &Value) -> Bytes {
    let mut bytes = Vec::new();
    match ciborium::into_writer(value, &mut bytes) {
        Ok(()) => Bytes::from(bytes),
        Err(error) => {
            tracing::error!("failed to write CBOR: {error}");
            Bytes::new()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::call::Body;

    fn check(protocol: Protocol, part: &str) {
        let error = ServiceError::new("VpcLimit<Exceeded", "no & more").with_status(503);
        let reply = error.to_reply(protocol, "req-1");
        assert_eq!(reply.status.as_u16(), 503);
        let Body::Whole(body) = &reply.body else { panic!("a stream") };
        let text = String::from_utf8_lossy(body);
        assert!(text.contains(part), "{protocol:?}: {text}");
        if protocol != Protocol::Cbor {
            let read = ServiceError::from_answer(reply.status, &reply.headers, body);
            assert_eq!((read.code, read.message), (error.code, error.message), "{protocol:?}");
        }
    }

    #[test]
    fn errors_have_the_shape_of_their_protocol() {
        check(Protocol::Json10, r#""__type":"VpcLimit<Exceeded""#);
        check(Protocol::Json11, r#""message":"no & more""#);
        check(Protocol::RestJson, r#"{"message":"no & more"}"#);
        check(
            Protocol::Query,
            "<ErrorResponse><Error><Type>Receiver</Type><Code>VpcLimit&lt;Exceeded</Code>",
        );
        check(Protocol::RestXml, "<RequestId>req-1</RequestId></ErrorResponse>");
        check(Protocol::Ec2, "<Response><Errors><Error><Code>");
        check(Protocol::Ec2, "<RequestID>req-1</RequestID>");
        check(Protocol::S3, "<Error><Code>");
        check(Protocol::Cbor, "no & more");
    }

    #[test]
    fn cbor_says_what_json_says() {
        let value = serde_json::json!({"a": [1, -2, 1.5, true, null], "b": {"c": "text"}});
        assert_eq!(cbor_to_json(&json_to_cbor(&value)).unwrap(), value);
        assert_eq!(cbor_to_json(b"").unwrap(), serde_json::json!({}));
        assert_eq!(cbor_to_json(&[0xff]).unwrap_err().code, "SerializationException");
    }

    #[test]
    fn codes_lose_their_namespace() {
        let read = |code: &str| {
            let body = format!(r#"{{"__type":"{code}","Message":"m"}}"#);
            ServiceError::from_answer(StatusCode::BAD_REQUEST, &HeaderMap::new(), body.as_bytes())
                .code
        };
        assert_eq!(read("com.amazonaws.kms#NotFoundException"), "NotFoundException");
        assert_eq!(read("NotFoundException:http://internal"), "NotFoundException");
    }
}
