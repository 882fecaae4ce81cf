//! The REST paths of AWS operations, read from the public service models that botocore carries.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use flate2::read::GzDecoder;
use http::{HeaderMap, Method, Uri};
use percent_encoding::percent_decode_str;
use serde::Deserialize;

use super::form::Form;

/// The models of all services, each read when it is first asked for.
#[derive(Debug, Default)]
pub struct Models {
    folder: Option<PathBuf>,
    routes: Mutex<HashMap<String, Arc<Vec<Route>>>>,
}

/// The operation a request means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matched {
    /// The operation's name.
    pub operation: String,
    /// The variable parts of the path, decoded, by name.
    pub labels: BTreeMap<String, String>,
}

impl Models {
    /// The models of the botocore in one of the emulators' virtual environments under `tools`.
    pub fn new(tools: &Path) -> Self {
        let folders = ["moto", "localstack"].iter().filter_map(|name| {
            let libraries = fs::read_dir(tools.join(name).join("lib")).ok()?;
            libraries
                .flatten()
                .map(|entry| entry.path().join("site-packages/botocore/data"))
                .find(|path| path.is_dir())
        });
        Self { folder: folders.into_iter().next(), routes: Mutex::default() }
    }

    /// The operation of a service (by its name in botocore) that a request means; `None` where the model is not
    /// there or names none.
    pub async fn find(
        self: &Arc<Self>,
        service: &'static str,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Option<Matched> {
        let models = Arc::clone(self);
        let routes = tokio::task::spawn_blocking(move || models.routes(service)).await.ok()?;
        find(&routes, method, uri, headers)
    }

    /// The text of a service's model, as botocore carries it.
    ///
    /// # Errors
    /// A sentence, when it is not there.
    pub fn text(&self, service: &str) -> Result<String, String> {
        let folder = self.folder.as_ref().ok_or("botocore is not installed: run `make tools`")?;
        read(&folder.join(service)).map_err(|error| format!("the model of {service}: {error}"))
    }

    fn routes(&self, service: &str) -> Arc<Vec<Route>> {
        let mut known = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(routes) = known.get(service) {
            return Arc::clone(routes);
        }
        let routes = match &self.folder {
            None => Vec::new(),
            Some(folder) => {
                read(&folder.join(service)).and_then(|text| parse(&text)).unwrap_or_else(|error| {
                    tracing::warn!("failed to read the model of {service}: {error}");
                    Vec::new()
                })
            }
        };
        let routes = Arc::new(routes);
        known.insert(service.to_owned(), Arc::clone(&routes));
        routes
    }
}

/// One operation of a model.
#[derive(Clone, Debug)]
struct Route {
    operation: String,
    method: String,
    path: Vec<Part>,
    query: Vec<(String, Option<String>)>,
    required_headers: Vec<String>,
    deprecated: bool,
}

#[derive(Clone, Debug)]
enum Part {
    Literal(String),
    Label(String),
    Rest(String),
}

#[derive(Deserialize)]
struct Model {
    operations: BTreeMap<String, Operation>,
    shapes: HashMap<String, Shape>,
}

#[derive(Deserialize)]
struct Operation {
    http: Http,
    input: Option<Reference>,
    #[serde(default)]
    deprecated: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Http {
    method: String,
    request_uri: String,
}

#[derive(Deserialize)]
struct Reference {
    shape: String,
}

#[derive(Deserialize)]
struct Shape {
    #[serde(default)]
    required: Vec<String>,
    #[serde(default)]
    members: HashMap<String, Member>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Member {
    location: Option<String>,
    location_name: Option<String>,
}

fn read(folder: &Path) -> Result<String, String> {
    let versions = fs::read_dir(folder).map_err(|error| error.to_string())?;
    let newest = versions.flatten().map(|entry| entry.path()).max().ok_or("no version of it")?;
    let file =
        fs::File::open(newest.join("service-2.json.gz")).map_err(|error| error.to_string())?;
    let mut text = String::new();
    GzDecoder::new(file).read_to_string(&mut text).map_err(|error| error.to_string())?;
    Ok(text)
}

fn parse(text: &str) -> Result<Vec<Route>, String> {
    let model: Model = serde_json::from_str(text).map_err(|error| error.to_string())?;
    Ok(model.operations.iter().map(|(name, operation)| route(name, operation, &model)).collect())
}

fn route(name: &str, operation: &Operation, model: &Model) -> Route {
    let (path, query) =
        operation.http.request_uri.split_once('?').unwrap_or((&operation.http.request_uri, ""));
    let mut route = Route {
        operation: name.to_owned(),
        method: operation.http.method.clone(),
        path: path.split('/').filter(|part| !part.is_empty()).map(part).collect(),
        query: query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| match pair.split_once('=') {
                Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
                None => (pair.to_owned(), None),
            })
            .collect(),
        required_headers: Vec::new(),
        deprecated: operation.deprecated,
    };
    let shape = operation.input.as_ref().and_then(|input| model.shapes.get(&input.shape));
    for required in shape.map(|shape| shape.required.as_slice()).unwrap_or_default() {
        let member = shape.and_then(|shape| shape.members.get(required));
        let Some(name) = member.and_then(|member| member.location_name.clone()) else { continue };
        match member.and_then(|member| member.location.as_deref()) {
            Some("querystring") => route.query.push((name, None)),
            Some("header") => route.required_headers.push(name),
            _ => {}
        }
    }
    route
}

fn part(text: &str) -> Part {
    match text.strip_prefix('{').and_then(|inner| inner.strip_suffix('}')) {
        None => Part::Literal(text.to_owned()),
        Some(label) => match label.strip_suffix('+') {
            Some(label) => Part::Rest(label.to_owned()),
            None => Part::Label(label.to_owned()),
        },
    }
}

/// The route with most literal parts, required query keys and required headers that the request satisfies.
fn find(routes: &[Route], method: &Method, uri: &Uri, headers: &HeaderMap) -> Option<Matched> {
    let query = Form::parse(uri.query().unwrap_or_default());
    let named = query.get("x-id");
    let mut best: Option<((bool, usize, bool), Matched)> = None;
    for route in routes.iter().filter(|route| route.method == method.as_str()) {
        let Some((literals, labels)) = path_match(&route.path, uri.path()) else { continue };
        let query_holds = route.query.iter().all(|(key, value)| match value {
            Some(value) => query.get(key) == Some(value),
            None => query.get(key).is_some(),
        });
        let headers_hold = route.required_headers.iter().all(|name| headers.contains_key(name));
        if !query_holds || !headers_hold {
            continue;
        }
        let rank = (
            named == Some(&route.operation),
            literals + route.query.len() + route.required_headers.len(),
            !route.deprecated,
        );
        if best.as_ref().is_none_or(|(other, _)| rank > *other) {
            best = Some((rank, Matched { operation: route.operation.clone(), labels }));
        }
    }
    best.map(|(_, matched)| matched)
}

fn path_match(template: &[Part], path: &str) -> Option<(usize, BTreeMap<String, String>)> {
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let mut parts = parts.as_slice();
    let mut labels = BTreeMap::new();
    let mut literals = 0;
    for part in template {
        let (first, rest) = parts.split_first()?;
        match part {
            Part::Literal(literal) => {
                if literal != first {
                    return None;
                }
                literals += 1;
            }
            Part::Label(label) => {
                if first.is_empty() {
                    return None;
                }
                labels.insert(label.clone(), decode(first));
            }
            Part::Rest(label) => {
                let all = parts.join("/");
                if all.is_empty() {
                    return None;
                }
                labels.insert(label.clone(), decode(&all));
                parts = &[];
                continue;
            }
        }
        parts = rest;
    }
    // A closing slash means nothing.
    matches!(parts, [] | [""]).then_some((literals, labels))
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests;
