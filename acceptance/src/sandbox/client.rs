//! A small AWS client for tests: it signs, and speaks each service's protocol, without a model of its operations.
//!
//! It makes what a test needs beforehand, and changes things behind the provider's back.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

use super::accounts::Credentials;
use super::form::Form;
use super::routing::{self, Service};
use super::signature::{Signature, Signed};
use super::wire::ServiceError;
use super::xml::Element;

/// What a client calls itself if nobody says otherwise.
pub const USER_AGENT: &str = "travel-acceptance";

/// Somebody with credentials who works in a region.
#[derive(Clone, Debug)]
pub struct Client {
    endpoint: String,
    credentials: Credentials,
    region: String,
    user_agent: String,
    http: HttpClient<HttpConnector, Full<Bytes>>,
}

/// An answer that was no error.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The headers.
    pub headers: HeaderMap,
    /// The content.
    pub body: Bytes,
}

impl Client {
    /// A client of the endpoint `http://127.0.0.1:PORT`.
    pub fn new(endpoint: &str, credentials: Credentials, region: &str) -> Self {
        Self {
            endpoint: endpoint.to_owned(),
            credentials,
            region: region.to_owned(),
            user_agent: USER_AGENT.to_owned(),
            http: HttpClient::builder(TokioExecutor::new()).build(HttpConnector::new()),
        }
    }

    /// The same in another region.
    #[must_use]
    pub fn in_region(mut self, region: &str) -> Self {
        self.region = region.to_owned();
        self
    }

    /// The same with another user agent.
    #[must_use]
    pub fn with_user_agent(mut self, user_agent: &str) -> Self {
        self.user_agent = user_agent.to_owned();
        self
    }

    /// Calls an operation of a service with the query or ec2 protocol (`ec2`, `iam`, `sts`, `elbv2`, …) and returns
    /// the root element of the answer.
    ///
    /// # Errors
    /// The service's error; [`ServiceError::internal`] where there was no answer.
    pub async fn query(
        &self,
        service: &str,
        operation: &str,
        parameters: &[(&str, &str)],
    ) -> Result<Element, ServiceError> {
        let service = named(service)?;
        let mut form = Form::of([("Action", operation), ("Version", service.mark)]);
        form.0.extend(parameters.iter().map(|(name, value)| ((*name).into(), (*value).into())));
        let kind = [(header::CONTENT_TYPE, "application/x-www-form-urlencoded; charset=utf-8")];
        let body = form.encode().into_bytes();
        let answer = self.send(service, Method::POST, "/", &kind, body).await?;
        let text = String::from_utf8_lossy(&answer.body);
        Element::parse(&text).map_err(ServiceError::internal)
    }

    /// Calls an operation of a service with a JSON protocol (`kms`, `organizations`, …).
    ///
    /// # Errors
    /// As [`Client::query`].
    pub async fn json(
        &self,
        service: &str,
        operation: &str,
        input: &Value,
    ) -> Result<Value, ServiceError> {
        let service = named(service)?;
        let target = format!("{}.{operation}", service.mark);
        let headers = [
            (HeaderName::from_static("x-amz-target"), target.as_str()),
            (header::CONTENT_TYPE, service.protocol.content_type()),
        ];
        let body = input.to_string().into_bytes();
        let answer = self.send(service, Method::POST, "/", &headers, body).await?;
        if answer.body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&answer.body)
            .map_err(|error| ServiceError::internal(error.to_string()))
    }

    /// Calls an operation of a REST service (`s3`, `eks`, `dlm`, `route53`, …) by method, path and content.
    ///
    /// # Errors
    /// As [`Client::query`].
    pub async fn rest(
        &self,
        service: &str,
        method: Method,
        path: &str,
        body: impl Into<Vec<u8>>,
    ) -> Result<Answer, ServiceError> {
        let service = named(service)?;
        let body = body.into();
        let kind = [(header::CONTENT_TYPE, service.protocol.content_type())];
        let headers: &[(HeaderName, &str)] = if body.is_empty() { &[] } else { &kind };
        self.send(service, method, path, headers, body).await
    }

    /// The same with JSON on both sides.
    ///
    /// # Errors
    /// As [`Client::query`].
    pub async fn rest_json(
        &self,
        service: &str,
        method: Method,
        path: &str,
        input: Option<&Value>,
    ) -> Result<Value, ServiceError> {
        let body = input.map(Value::to_string).unwrap_or_default();
        let answer = self.rest(service, method, path, body).await?;
        if answer.body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&answer.body)
            .map_err(|error| ServiceError::internal(error.to_string()))
    }

    /// A client in a role's session.
    ///
    /// # Errors
    /// What STS answers.
    pub async fn assume_role(&self, role_arn: &str) -> Result<Self, ServiceError> {
        let parameters = [("RoleArn", role_arn), ("RoleSessionName", "acceptance")];
        let answer = self.query("sts", "AssumeRole", &parameters).await?;
        let text =
            |name: &str| answer.find(name).map(|found| found.content.clone()).unwrap_or_default();
        let credentials = Credentials {
            access_key_id: text("AccessKeyId"),
            secret_access_key: text("SecretAccessKey"),
            session_token: Some(text("SessionToken")),
            expiration: text("Expiration").parse().ok(),
        };
        Ok(Self { credentials, ..self.clone() })
    }

    /// A bearer token for a cluster, as `aws eks get-token` makes it at a time.
    ///
    /// # Errors
    /// When a credential cannot stand in a URL.
    pub fn cluster_token(&self, cluster: &str, at: DateTime<Utc>) -> Result<String, ServiceError> {
        let odd = |error: &dyn std::fmt::Display| ServiceError::internal(error.to_string());
        let credentials = &self.credentials;
        let day = at.format("%Y%m%d");
        let scope = format!("{}/{day}/{}/sts/aws4_request", credentials.access_key_id, self.region);
        let time = at.format("%Y%m%dT%H%M%SZ").to_string();
        let mut query = Form::of([
            ("Action", "GetCallerIdentity"),
            ("Version", "2011-06-15"),
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
            ("X-Amz-Credential", &scope),
            ("X-Amz-Date", &time),
            ("X-Amz-Expires", "60"),
            ("X-Amz-SignedHeaders", "host;x-k8s-aws-id"),
        ]);
        if let Some(token) = &credentials.session_token {
            query.0.push(("X-Amz-Security-Token".to_owned(), token.clone()));
        }
        let mut url = format!("{}/?{}&X-Amz-Signature=0", self.endpoint, query.encode());
        let uri: Uri = url.parse().map_err(|error| odd(&error))?;
        let mut headers = HeaderMap::new();
        let host = uri.authority().map_or("", |authority| authority.as_str());
        for (name, value) in [("host", host), ("x-k8s-aws-id", cluster)] {
            let value = HeaderValue::from_str(value).map_err(|error| odd(&error))?;
            headers.insert(HeaderName::from_static(name), value);
        }
        let signature = Signature::read(&uri, &HeaderMap::new()).map_err(|error| odd(&error))?;
        let signature = signature.ok_or_else(|| odd(&"the URL is not signed"))?;
        let request = Signed { method: &Method::GET, uri: &uri, headers: &headers, body: b"" };
        let value = signature.expected(&credentials.secret_access_key, &request);
        url.truncate(url.len() - 1);
        Ok(format!("k8s-aws-v1.{}", URL_SAFE_NO_PAD.encode(url + &value)))
    }

    /// The snapshots that DLM has made in the account and region.
    ///
    /// # Errors
    /// As [`Client::query`].
    pub async fn dlm_snapshots(&self) -> Result<Vec<Element>, ServiceError> {
        let filter = [("Filter.1.Name", "tag:dlm:managed"), ("Filter.1.Value.1", "true")];
        let all = self.query("ec2", "DescribeSnapshots", &filter).await?;
        Ok(all.items("snapshotSet").to_vec())
    }

    async fn send(
        &self,
        service: &Service,
        method: Method,
        path: &str,
        headers: &[(HeaderName, &str)],
        body: Vec<u8>,
    ) -> Result<Answer, ServiceError> {
        let odd = |error: &dyn std::fmt::Display| ServiceError::internal(error.to_string());
        let uri: Uri = format!("{}{path}", self.endpoint).parse().map_err(|error| odd(&error))?;
        let mut map = HeaderMap::new();
        let host = uri.authority().map_or("", |authority| authority.as_str());
        for (name, value) in headers.iter().chain(&[(header::HOST, host)]) {
            map.insert(name, HeaderValue::from_str(value).map_err(|error| odd(&error))?);
        }
        Signature::sign(
            &self.credentials,
            &self.region,
            service.signing_name,
            &method,
            &uri,
            &mut map,
            &body,
        )
        .map_err(|error| odd(&error))?;
        let agent = HeaderValue::from_str(&self.user_agent).map_err(|error| odd(&error))?;
        map.insert(header::USER_AGENT, agent);
        let mut request = Request::new(Full::new(Bytes::from(body)));
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        *request.headers_mut() = map;
        let response = self.http.request(request).await.map_err(|error| odd(&error))?;
        let (head, body) = response.into_parts();
        let body = body.collect().await.map_err(|error| odd(&error))?.to_bytes();
        if head.status >= StatusCode::BAD_REQUEST {
            return Err(ServiceError::from_answer(head.status, &head.headers, &body));
        }
        Ok(Answer { headers: head.headers, body })
    }
}

fn named(service: &str) -> Result<&'static Service, ServiceError> {
    routing::named(service)
        .ok_or_else(|| ServiceError::internal(format!("the sandbox has no service {service}")))
}
