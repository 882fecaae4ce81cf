//! Signature version 4: reading who signed a request for which service and region, and checking it.
//!
//! Follows "Signature Version 4 signing process" of the AWS General Reference, for the Authorization header and for
//! presigned queries.

use chrono::{DateTime, NaiveDateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderValue, Method, Uri, header};
use percent_encoding::utf8_percent_encode;
use sha2::{Digest, Sha256};

use super::accounts::Credentials;
use super::form::{Form, UNRESERVED};

/// How far the clocks of a client and AWS may differ.
const CLOCK_SKEW_SECONDS: i64 = 15 * 60;
const SYMMETRIC: &str = "AWS4-HMAC-SHA256";
const ASYMMETRIC: &str = "AWS4-ECDSA-P256-SHA256";

/// What a request's signature says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The access key id.
    pub access_key: String,
    /// The region of the scope; for an asymmetric signature the first of its region set.
    pub region: String,
    /// The signing name of the service, `elasticloadbalancing`.
    pub service: String,
    /// The session token beside a temporary key.
    pub token: Option<String>,
    /// The time of signing.
    pub signed_at: DateTime<Utc>,
    /// For a presigned URL, how long it holds.
    pub expires_seconds: Option<i64>,
    date: String,
    signed_headers: Vec<String>,
    value: String,
    algorithm: String,
}

/// Why a signature does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// It is made with another secret or for another request.
    #[error("the signature is not that of the key")]
    Wrong,
    /// It is too old, or of a clock that is wrong.
    #[error("the signature expired: it was made at {signed_at}, and it is {now}")]
    Expired {
        /// The time of signing.
        signed_at: DateTime<Utc>,
        /// The gateway's time.
        now: DateTime<Utc>,
    },
}

impl Signature {
    /// The signature of a request, `None` where it has none.
    ///
    /// # Errors
    /// A sentence where there is one that cannot be read.
    pub fn read(uri: &Uri, headers: &HeaderMap) -> Result<Option<Self>, String> {
        if let Some(value) = headers.get(header::AUTHORIZATION) {
            let value = value.to_str().map_err(|_| "the authorization header is no text")?;
            if !value.starts_with("AWS4-") {
                return Ok(None);
            }
            return Self::from_header(value, headers).map(Some);
        }
        let query = Form::parse(uri.query().unwrap_or_default());
        if query.get("X-Amz-Credential").is_some() {
            return Self::from_query(&query).map(Some);
        }
        Ok(None)
    }

    fn from_header(value: &str, headers: &HeaderMap) -> Result<Self, String> {
        let (algorithm, rest) = value.split_once(' ').ok_or("the authorization header is cut")?;
        let part = |name: &str| {
            rest.split(',')
                .find_map(|part| part.trim().strip_prefix(name)?.strip_prefix('='))
                .ok_or(format!("the authorization header lacks {name}"))
        };
        let header =
            |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        Self::assemble(
            algorithm,
            part("Credential")?,
            part("SignedHeaders")?,
            part("Signature")?,
            &header("x-amz-date").ok_or("the header x-amz-date is missing")?,
            header("x-amz-region-set"),
            header("x-amz-security-token"),
            None,
        )
    }

    fn from_query(query: &Form) -> Result<Self, String> {
        let part = |name: &str| {
            query.get(name).ok_or(format!("the presigned query lacks the parameter {name}"))
        };
        let expires = part("X-Amz-Expires").unwrap_or("604800").parse().map_err(|_| {
            "the parameter X-Amz-Expires of the presigned query is no number".to_owned()
        })?;
        Self::assemble(
            part("X-Amz-Algorithm")?,
            part("X-Amz-Credential")?,
            part("X-Amz-SignedHeaders")?,
            part("X-Amz-Signature")?,
            part("X-Amz-Date")?,
            query.get("X-Amz-Region-Set").map(str::to_owned),
            query.get("X-Amz-Security-Token").map(str::to_owned),
            Some(expires),
        )
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the eight parts of a signature, from two sources"
    )]
    fn assemble(
        algorithm: &str,
        credential: &str,
        signed_headers: &str,
        value: &str,
        date: &str,
        region_set: Option<String>,
        token: Option<String>,
        expires_seconds: Option<i64>,
    ) -> Result<Self, String> {
        let malformed = || format!("the credential {credential:?} is not KEY/DATE/REGION/SERVICE");
        let scope: Vec<&str> = credential.split('/').collect();
        let (access_key, day, region, service) = match (algorithm, scope.as_slice()) {
            (SYMMETRIC, [key, day, region, service, "aws4_request"]) => {
                (key, day, (*region).to_owned(), service)
            }
            (ASYMMETRIC, [key, day, service, "aws4_request"]) => {
                let regions = region_set.unwrap_or_default();
                let first = regions.split(',').next().unwrap_or_default().replace('*', "us-east-1");
                (key, day, first, service)
            }
            _ => return Err(malformed()),
        };
        let signed_at = NaiveDateTime::parse_from_str(date, "%Y%m%dT%H%M%SZ")
            .map_err(|_| format!("the time {date:?} of the signature is not YYYYMMDDThhmmssZ"))?
            .and_utc();
        Ok(Self {
            access_key: (*access_key).to_owned(),
            region,
            service: (*service).to_owned(),
            token,
            signed_at,
            expires_seconds,
            date: (*day).to_owned(),
            signed_headers: signed_headers.split(';').map(str::to_owned).collect(),
            value: value.to_owned(),
            algorithm: algorithm.to_owned(),
        })
    }

    /// Whether a header is among those the signature covers.
    pub fn covers(&self, name: &str) -> bool {
        self.signed_headers.iter().any(|header| header == name)
    }

    /// Checks the signature with the key's secret. An asymmetric one (S3 access points over several regions) is taken
    /// as it is.
    ///
    /// # Errors
    /// [`Mismatch`], when it is expired or not that of the key.
    pub fn check(
        &self,
        secret: &str,
        now: DateTime<Utc>,
        request: &Signed<'_>,
    ) -> Result<(), Mismatch> {
        let age = (now - self.signed_at).num_seconds();
        let longest = self.expires_seconds.unwrap_or(CLOCK_SKEW_SECONDS);
        if age > longest || age < -CLOCK_SKEW_SECONDS {
            return Err(Mismatch::Expired { signed_at: self.signed_at, now });
        }
        if self.algorithm == ASYMMETRIC || self.value == self.expected(secret, request) {
            Ok(())
        } else {
            Err(Mismatch::Wrong)
        }
    }

    /// Signs a request: puts the date, the token and the authorization into its headers. `headers` must hold the host.
    pub fn sign(
        credentials: &Credentials,
        region: &str,
        service: &str,
        method: &Method,
        uri: &Uri,
        headers: &mut HeaderMap,
        body: &[u8],
    ) -> Result<(), http::header::InvalidHeaderValue> {
        let now = Utc::now();
        headers.insert("x-amz-date", now.format("%Y%m%dT%H%M%SZ").to_string().parse()?);
        headers.insert("x-amz-content-sha256", hex(&Sha256::digest(body)).parse()?);
        if let Some(token) = &credentials.session_token {
            headers.insert("x-amz-security-token", token.parse()?);
        }
        let mut signed_headers: Vec<String> =
            headers.keys().map(|name| name.as_str().to_owned()).collect();
        signed_headers.sort();
        let signature = Self {
            access_key: credentials.access_key_id.clone(),
            region: region.to_owned(),
            service: service.to_owned(),
            token: credentials.session_token.clone(),
            signed_at: now,
            expires_seconds: None,
            date: now.format("%Y%m%d").to_string(),
            signed_headers,
            value: String::new(),
            algorithm: SYMMETRIC.to_owned(),
        };
        let request = Signed { method, uri, headers, body };
        let value = signature.expected(&credentials.secret_access_key, &request);
        let authorization = format!(
            "{SYMMETRIC} Credential={}/{}/{region}/{service}/aws4_request, SignedHeaders={}, Signature={value}",
            signature.access_key,
            signature.date,
            signature.signed_headers.join(";")
        );
        headers.insert(header::AUTHORIZATION, authorization.parse()?);
        Ok(())
    }

    /// The value the signature should have.
    pub(super) fn expected(&self, secret: &str, request: &Signed<'_>) -> String {
        let scope = format!("{}/{}/{}/aws4_request", self.date, self.region, self.service);
        let to_sign = format!(
            "{SYMMETRIC}\n{}\n{scope}\n{}",
            self.signed_at.format("%Y%m%dT%H%M%SZ"),
            hex(&Sha256::digest(self.canonical(request)))
        );
        let mut key = format!("AWS4{secret}").into_bytes();
        for part in [&self.date, &self.region, &self.service, "aws4_request"] {
            key = keyed_hash(&key, part);
        }
        hex(&keyed_hash(&key, &to_sign))
    }

    fn canonical(&self, request: &Signed<'_>) -> String {
        let mut path = request.uri.path().to_owned();
        if self.service != "s3" {
            // Every service but S3 signs the path encoded once more than it travels.
            let parts =
                path.split('/').map(|part| utf8_percent_encode(part, UNRESERVED).to_string());
            path = parts.collect::<Vec<String>>().join("/");
        }
        let mut query = Form::parse(request.uri.query().unwrap_or_default());
        query.0.retain(|(name, _)| name != "X-Amz-Signature");
        query.0.sort();
        let mut headers = String::new();
        for name in &self.signed_headers {
            let values: Vec<String> = request
                .headers
                .get_all(name)
                .iter()
                .map(|value| {
                    let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
                    text.split_whitespace().collect::<Vec<&str>>().join(" ")
                })
                .collect();
            headers.push_str(&format!("{name}:{}\n", values.join(",")));
        }
        let given = request.headers.get("x-amz-content-sha256");
        let payload = match given.and_then(|value| value.to_str().ok()) {
            Some(hash) => hash.to_owned(),
            None if self.service == "s3" => "UNSIGNED-PAYLOAD".to_owned(),
            None => hex(&Sha256::digest(request.body)),
        };
        format!(
            "{}\n{path}\n{}\n{headers}\n{}\n{payload}",
            request.method,
            query.encode(),
            self.signed_headers.join(";")
        )
    }
}

/// The parts of a request that a signature covers.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// The method.
    pub method: &'a Method,
    /// Path and query.
    pub uri: &'a Uri,
    /// The headers, `host` among them.
    pub headers: &'a HeaderMap,
    /// The content, where it is known as a whole.
    pub body: &'a [u8],
}

/// Puts an account id where a request names its access key, as LocalStack reads it.
pub fn rewrite_access_key(account: &str, access_key: &str, uri: &mut Uri, headers: &mut HeaderMap) {
    let written = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    if let Some(written) = written {
        let marked = written.replacen(
            &format!("Credential={access_key}/"),
            &format!("Credential={account}/"),
            1,
        );
        if let Ok(value) = HeaderValue::from_str(&marked) {
            headers.insert(header::AUTHORIZATION, value);
        }
    }
    headers.remove("x-amz-security-token");
    let text = uri.to_string();
    let marked = text.replacen(
        &format!("X-Amz-Credential={access_key}"),
        &format!("X-Amz-Credential={account}"),
        1,
    );
    if marked != text
        && let Ok(rewritten) = marked.parse()
    {
        *uri = rewritten;
    }
}

/// The header of a call that the gateway makes itself; the emulators read its scope and check nothing.
pub fn unchecked_authorization(account: &str, region: &str, service: &str) -> String {
    format!(
        "{SYMMETRIC} Credential={account}/{}/{region}/{service}/aws4_request, SignedHeaders=host, Signature=0",
        Utc::now().format("%Y%m%d")
    )
}

fn keyed_hash(key: &[u8], text: &str) -> Vec<u8> {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
