//! A registry on loopback, by the OCI distribution specification 1.1, that can be told to misbehave.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::super::Digest;

/// What a registry wants to see of those who ask.
#[derive(Clone, Copy, Default, PartialEq)]
pub enum Demand {
    #[default]
    Nothing,
    Password,
    Token,
}

/// What the registry has, and how it behaves.
#[derive(Default)]
pub struct State {
    pub blobs: BTreeMap<String, Vec<u8>>,
    /// By repository and tag or digest; with the media type.
    pub manifests: BTreeMap<(String, String), (String, Vec<u8>)>,
    pub demand: Demand,
    /// How many tags a page has; all where it is 0.
    pub page: usize,
    /// The status and a header of the next answers, instead of what was asked for.
    pub failures: VecDeque<(&'static str, &'static str)>,
    /// Where blobs are, if not here.
    pub elsewhere: Option<String>,
    /// Says of manifests what their digest is not.
    pub lies: bool,
    /// What was asked: method, path, and how it was authorized.
    pub asked: Vec<String>,
}

/// A registry that serves until the test ends. Its user is me, whose password is sesame.
pub struct Registry {
    pub address: String,
    state: Arc<Mutex<State>>,
}

struct Request {
    method: String,
    path: String,
    query: BTreeMap<String, String>,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

struct Response {
    status: &'static str,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Registry {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let state: Arc<Mutex<State>> = Arc::default();
        let registry = Registry { address: address.clone(), state: Arc::clone(&state) };
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, address.clone(), Arc::clone(&state)));
            }
        });
        registry
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// What was asked since the last time.
    pub fn asked(&self) -> Vec<String> {
        let asked = std::mem::take(&mut self.state().asked);
        // Whether there is TLS is asked at first; those who have none do not see more of it.
        asked.into_iter().filter(|line| !line.starts_with("GET /v2/ ")).collect()
    }

    /// Keeps a chart's archive under a tag; gives the digest of its manifest.
    pub fn push(&self, repository: &str, tag: &str, archive: &[u8], layer: &str) -> String {
        self.push_layers(repository, tag, &[(layer, archive)])
    }

    /// Keeps what belongs to a chart, each with its media type.
    pub fn push_layers(&self, repository: &str, tag: &str, layers: &[(&str, &[u8])]) -> String {
        let keep = |kind: &str, data: &[u8]| {
            let digest = Digest::of(data).to_string();
            self.state().blobs.insert(digest.clone(), data.to_vec());
            json!({"mediaType": kind, "digest": digest, "size": data.len()})
        };
        let manifest = json!({
            "schemaVersion": 2,
            "config": keep("application/vnd.cncf.helm.config.v1+json", b"{}"),
            "layers": layers.iter().map(|(kind, data)| keep(kind, data)).collect::<Vec<_>>(),
        });
        let kind = "application/vnd.oci.image.manifest.v1+json";
        self.push_manifest(repository, tag, kind, &manifest)
    }

    pub fn push_manifest(
        &self,
        repository: &str,
        tag: &str,
        kind: &str,
        manifest: &serde_json::Value,
    ) -> String {
        let data = manifest.to_string().into_bytes();
        let digest = Digest::of(&data).to_string();
        for name in [tag, &digest] {
            let key = (repository.to_owned(), name.to_owned());
            self.state().manifests.insert(key, (kind.to_owned(), data.clone()));
        }
        digest
    }
}

async fn serve(mut stream: TcpStream, address: String, state: Arc<Mutex<State>>) {
    let Some(request) = read(&mut stream).await else { return };
    let response = answer(&request, &address, &mut state.lock().unwrap());
    let mut head = format!("HTTP/1.1 {}\r\nconnection: close\r\n", response.status);
    for (name, value) in &response.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if !response.headers.iter().any(|(name, _)| *name == "content-length") {
        head.push_str(&format!("content-length: {}\r\n", response.body.len()));
    }
    head.push_str("\r\n");
    // Who asked may be gone.
    let _ = stream.write_all(&[head.as_bytes(), &response.body].concat()).await;
}

/// Reads a request; none where it is none, such as the first words of TLS.
async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
        if !head[0].is_ascii_uppercase() {
            return None;
        }
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.lines();
    let mut words = lines.next()?.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers.get("content-length").map_or(0, |text| text.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    Some(Request { method, path: path.to_owned(), query: parameters(query), headers, body })
}

fn parameters(text: &str) -> BTreeMap<String, String> {
    let decoded =
        |text| percent_encoding::percent_decode_str(text).decode_utf8().unwrap().into_owned();
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (decoded(name), decoded(value))).collect()
}

fn plain(status: &'static str, body: &str) -> Response {
    Response { status, headers: Vec::new(), body: body.as_bytes().to_vec() }
}

fn refused(status: &'static str, code: &str, message: &str) -> Response {
    plain(status, &json!({"errors": [{"code": code, "message": message}]}).to_string())
}

fn answer(request: &Request, address: &str, state: &mut State) -> Response {
    let authorization = request.headers.get("authorization").map_or("", String::as_str);
    let scheme = authorization.split(' ').next().unwrap();
    let line = format!("{} {} {scheme}", request.method, request.path);
    state.asked.push(line.trim_end().to_owned());
    let is_me = authorization == format!("Basic {}", STANDARD.encode("me:sesame"));
    if request.path == "/token" {
        return token(request, is_me, authorization.is_empty());
    }
    if let Some((status, header)) = state.failures.pop_front() {
        let mut response = refused(status, "FAILED", "as the test wants it");
        let (name, value) = header.split_once(": ").unwrap();
        response.headers.push((name, value.to_owned()));
        return response;
    }
    let is_known = match state.demand {
        Demand::Nothing => true,
        Demand::Password => is_me,
        Demand::Token => authorization.starts_with("Bearer for-"),
    };
    if !is_known {
        let mut response = refused("401 Unauthorized", "UNAUTHORIZED", "who are you?");
        let challenge = match state.demand {
            Demand::Token => format!("Bearer realm=\"http://{address}/token\",service=\"test\""),
            _ => "Basic realm=\"test\"".to_owned(),
        };
        response.headers.push(("www-authenticate", challenge));
        return response;
    }
    let Some(path) = request.path.strip_prefix("/v2/") else { return plain("404 Not Found", "") };
    if path.is_empty() {
        return plain("200 OK", "{}");
    }
    if let Some(repository) = path.strip_suffix("/tags/list") {
        return tags(repository, request, state);
    }
    if let Some((repository, name)) = path.split_once("/manifests/") {
        return manifest(repository, name, request, state);
    }
    match path.split_once("/blobs/") {
        Some((_, name)) => blob(name, request, state),
        None => plain("404 Not Found", ""),
    }
}

/// A token for a user, for nobody in particular, or for the identity token `identity`.
fn token(request: &Request, is_me: bool, is_anonymous: bool) -> Response {
    let form = parameters(std::str::from_utf8(&request.body).unwrap());
    let asked = if request.method == "POST" { &form } else { &request.query };
    let of = |name: &str| asked.get(name).map_or("", String::as_str);
    if of("service") != "test" || !of("scope").starts_with("repository:shop/") {
        return plain("400 Bad Request", r#"{"details": "wrong service or scope"}"#);
    }
    let refresh = of("grant_type") == "refresh_token" && of("refresh_token") == "identity";
    match request.method.as_str() {
        "POST" if refresh => plain("200 OK", r#"{"access_token": "for-identity"}"#),
        "GET" if is_me && of("account") == "me" => plain("200 OK", r#"{"token": "for-me"}"#),
        "GET" if is_anonymous => plain("200 OK", r#"{"token": "for-anybody", "expires_in": 60}"#),
        _ => refused("401 Unauthorized", "UNAUTHORIZED", "incorrect username or password"),
    }
}

fn tags(repository: &str, request: &Request, state: &State) -> Response {
    let last = request.query.get("last").map_or("", String::as_str);
    let all: Vec<&String> = state
        .manifests
        .keys()
        .filter(|(known, tag)| known == repository && !tag.contains(':'))
        .map(|(_, tag)| tag)
        .collect();
    if all.is_empty() {
        return refused("404 Not Found", "NAME_UNKNOWN", "repository name not known");
    }
    let mut left: Vec<&String> = all.into_iter().filter(|tag| tag.as_str() > last).collect();
    let mut headers = Vec::new();
    if state.page > 0 && left.len() > state.page {
        left.truncate(state.page);
        let next =
            format!("</v2/{repository}/tags/list?last={}&n=1>; rel=\"next\"", left[state.page - 1]);
        headers.push(("link", next));
    }
    let body = json!({"name": repository, "tags": left}).to_string().into_bytes();
    Response { status: "200 OK", headers, body }
}

fn manifest(repository: &str, name: &str, request: &Request, state: &mut State) -> Response {
    if request.method == "PUT" {
        let kind = request.headers.get("content-type").cloned().unwrap_or_default();
        let digest = Digest::of(&request.body).to_string();
        for name in [name, &digest] {
            let key = (repository.to_owned(), name.to_owned());
            state.manifests.insert(key, (kind.clone(), request.body.clone()));
        }
        let headers = vec![
            ("location", format!("/v2/{repository}/manifests/{name}")),
            ("docker-content-digest", digest),
        ];
        return Response { status: "201 Created", headers, body: Vec::new() };
    }
    let key = (repository.to_owned(), name.to_owned());
    let Some((kind, data)) = state.manifests.get(&key) else {
        return refused("404 Not Found", "MANIFEST_UNKNOWN", "manifest unknown");
    };
    let digest = if state.lies { Digest::of(b"lie") } else { Digest::of(data) };
    let headers = vec![
        ("content-type", kind.clone()),
        ("content-length", data.len().to_string()),
        ("docker-content-digest", digest.to_string()),
    ];
    let body = if request.method == "HEAD" { Vec::new() } else { data.clone() };
    Response { status: "200 OK", headers, body }
}

fn blob(name: &str, request: &Request, state: &mut State) -> Response {
    match request.method.as_str() {
        "POST" => {
            let headers = vec![("location", format!("{}1", request.path))];
            Response { status: "202 Accepted", headers, body: Vec::new() }
        }
        "PUT" => {
            let digest = request.query.get("digest").cloned().unwrap_or_default();
            if Digest::of(&request.body).to_string() != digest {
                return refused("400 Bad Request", "DIGEST_INVALID", "not the digest");
            }
            let headers = vec![("location", format!("/v2/shop/blobs/{digest}"))];
            state.blobs.insert(digest, request.body.clone());
            Response { status: "201 Created", headers, body: Vec::new() }
        }
        method => {
            if let Some(elsewhere) = &state.elsewhere {
                let to = format!("{elsewhere}/v2/shop/cart/blobs/{name}?signature=sesame");
                let headers = vec![("location", to)];
                return Response { status: "307 Temporary Redirect", headers, body: Vec::new() };
            }
            let Some(data) = state.blobs.get(name) else {
                return refused("404 Not Found", "BLOB_UNKNOWN", "blob unknown");
            };
            let headers = vec![("content-length", data.len().to_string())];
            let body = if method == "HEAD" { Vec::new() } else { data.clone() };
            Response { status: "200 OK", headers, body }
        }
    }
}
