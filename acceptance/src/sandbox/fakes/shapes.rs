//! The public model of a service that the sandbox plays itself: reading its requests and checking its answers by it.
//!
//! Follows the restJson1 and awsJson1.1 protocols of the Smithy specification, as far as our services use them, with the
//! shapes of the service models that botocore carries.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::OnceLock;

use http::StatusCode;
use regex::Regex;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::input::Input;
use crate::sandbox::call::{Body, Call, Reply};
use crate::sandbox::form::Form;
use crate::sandbox::model::Models;
use crate::sandbox::wire::ServiceError;

/// The operations and shapes of one service.
#[derive(Debug, Deserialize)]
pub struct Shapes {
    operations: HashMap<String, Operation>,
    shapes: HashMap<String, Shape>,
    /// The patterns of strings, each compiled when it is first needed: there are many, and some are large.
    #[serde(skip)]
    patterns: HashMap<String, OnceLock<Result<Pattern, String>>>,
}

/// Why a value does not fit its shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// Where, as `scalingConfig.minSize`.
    pub path: String,
    /// What is wrong there, to stand after the path.
    pub problem: String,
    /// Whether it is a required member that is not given.
    pub missing: bool,
}

#[derive(Debug, Deserialize)]
struct Operation {
    input: Option<Reference>,
    output: Option<Reference>,
    #[serde(default)]
    http: Http,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Http {
    response_code: Option<u16>,
}

#[derive(Debug, Deserialize)]
struct Reference {
    shape: String,
}

#[derive(Debug, Deserialize)]
struct Shape {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    required: Vec<String>,
    #[serde(default)]
    members: BTreeMap<String, Member>,
    member: Option<Reference>,
    key: Option<Reference>,
    value: Option<Reference>,
    #[serde(default, rename = "enum")]
    values: Vec<String>,
    min: Option<f64>,
    max: Option<f64>,
    pattern: Option<String>,
    /// Whether it takes any JSON.
    #[serde(default)]
    document: bool,
    #[serde(rename = "timestampFormat")]
    time_format: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Member {
    shape: String,
    location: Option<String>,
    location_name: Option<String>,
}

impl Shapes {
    /// Reads the model of a service.
    ///
    /// # Errors
    /// A sentence, when it is not there or is not understood.
    pub fn load(models: &Models, service: &str) -> Result<Self, String> {
        Self::parse(&models.text(service)?)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let mut model: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        model.shapes.values_mut().for_each(Shape::name_as_sent);
        let patterns = model.shapes.values().filter_map(|shape| shape.pattern.clone());
        model.patterns = patterns.map(|written| (written, OnceLock::new())).collect();
        Ok(model)
    }

    /// The members of an operation's request, from path, query and content, checked by the model.
    ///
    /// # Errors
    /// The first thing that does not fit.
    pub fn input(&self, call: &Call) -> Result<Input, Misfit> {
        let mut input = Map::new();
        let reference = self.operations.get(&call.operation).and_then(|found| found.input.as_ref());
        let Some(name) = reference.map(|reference| reference.shape.as_str()) else {
            return Ok(Input::new(input));
        };
        let content = content(call)?;
        let query = Form::parse(call.uri.query().unwrap_or_default());
        for (member, described) in &self.shape(name).members {
            let wire_name = described.location_name.as_deref().unwrap_or(member);
            let value = match described.location.as_deref() {
                Some("uri") => call.labels.get(wire_name).map(|text| text.clone().into()),
                Some("querystring") => self.query_member(&described.shape, wire_name, &query),
                _ => content.get(wire_name).filter(|value| !value.is_null()).cloned(),
            };
            if let Some(value) = value {
                input.insert(member.clone(), value);
            }
        }
        let value = Value::Object(input);
        self.fit(name, &value, "", false)?;
        match value {
            Value::Object(input) => Ok(Input::new(input)),
            _ => Ok(Input::default()),
        }
    }

    /// The answer to a call, with the status that the model says, and without content where that is 204.
    ///
    /// # Errors
    /// `InternalFailure`, when the answer has not the members and types of the model, or has others.
    pub fn reply(&self, call: &Call, output: &Value) -> Result<Reply, ServiceError> {
        self.check_output(&call.operation, output).map_err(ServiceError::internal)?;
        let mut reply = Reply::json(call, output);
        let operation = self.operations.get(&call.operation);
        if let Some(code) = operation.and_then(|operation| operation.http.response_code) {
            reply.status = StatusCode::from_u16(code)
                .map_err(|error| ServiceError::internal(error.to_string()))?;
        }
        if reply.status == StatusCode::NO_CONTENT {
            reply.headers.clear();
            reply.body = Body::empty();
        }
        Ok(reply)
    }

    fn check_output(&self, operation: &str, output: &Value) -> Result<(), String> {
        let reference = self.operations.get(operation).and_then(|found| found.output.as_ref());
        let Some(name) = reference.map(|reference| reference.shape.as_str()) else {
            return Ok(());
        };
        self.fit(name, output, "", true).map_err(|misfit| {
            format!("the answer to {operation}: {} {}", misfit.path, misfit.problem)
        })
    }

    fn shape(&self, name: &str) -> &Shape {
        static NOTHING: Shape = Shape {
            kind: String::new(),
            required: Vec::new(),
            members: BTreeMap::new(),
            member: None,
            key: None,
            value: None,
            values: Vec::new(),
            min: None,
            max: None,
            pattern: None,
            document: false,
            time_format: None,
        };
        self.shapes.get(name).unwrap_or(&NOTHING)
    }

    fn query_member(&self, shape: &str, name: &str, query: &Form) -> Option<Value> {
        let found: Vec<&str> = query
            .0
            .iter()
            .filter(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
            .collect();
        let first = *found.first()?;
        Some(match self.shape(shape).kind.as_str() {
            "list" => found.into_iter().map(Value::from).collect(),
            "integer" | "long" => first.parse::<i64>().map_or_else(|_| first.into(), Value::from),
            "boolean" => first.parse::<bool>().map_or_else(|_| first.into(), Value::from),
            _ => first.into(),
        })
    }

    /// Checks a value; `strict` refuses members that the model does not have.
    fn fit(&self, name: &str, value: &Value, path: &str, strict: bool) -> Result<(), Misfit> {
        let shape = self.shape(name);
        if shape.document {
            return Ok(());
        }
        match (shape.kind.as_str(), value) {
            ("structure", Value::Object(members)) => {
                self.fit_structure(shape, members, path, strict)
            }
            ("list", Value::Array(items)) => {
                shape.fit_size(items.len(), "items", path)?;
                let item = shape.member.as_ref().map_or("", |item| item.shape.as_str());
                items.iter().enumerate().try_for_each(|(index, value)| {
                    self.fit(item, value, &format!("{path}[{index}]"), strict)
                })
            }
            ("map", Value::Object(entries)) => {
                // An empty map of tags is what services answer with, whatever its shape says of requests.
                if !strict {
                    shape.fit_size(entries.len(), "entries", path)?;
                }
                let key = shape.key.as_ref().map_or("", |key| key.shape.as_str());
                let of = shape.value.as_ref().map_or("", |of| of.shape.as_str());
                entries.iter().try_for_each(|(name, value)| {
                    let path = join(path, name);
                    if !strict || !name.starts_with("aws:") {
                        self.fit(key, &name.clone().into(), &path, strict)?;
                    }
                    self.fit(of, value, &path, strict)
                })
            }
            ("string", Value::String(text)) => self.fit_text(shape, text, path),
            ("integer" | "long", Value::Number(number)) if !number.is_f64() => {
                shape.fit_number(number.as_f64().unwrap_or_default(), path)
            }
            ("timestamp", Value::String(_)) if shape.time_format.is_some() => Ok(()),
            ("timestamp", Value::Number(_)) if shape.time_format.is_none() => Ok(()),
            ("boolean", Value::Bool(_)) | ("double" | "float", Value::Number(_)) | ("", _) => {
                Ok(())
            }
            (kind, _) => Err(misfit(path, format!("must be a {kind}"))),
        }
    }

    fn fit_structure(
        &self,
        shape: &Shape,
        members: &Map<String, Value>,
        path: &str,
        strict: bool,
    ) -> Result<(), Misfit> {
        for required in &shape.required {
            if !members.contains_key(required) {
                let problem = "is required".to_owned();
                return Err(Misfit { path: join(path, required), problem, missing: true });
            }
        }
        members.iter().filter(|(_, value)| !value.is_null()).try_for_each(|(name, value)| {
            let path = join(path, name);
            match shape.members.get(name) {
                Some(member) => self.fit(&member.shape, value, &path, strict),
                None if strict => Err(misfit(&path, "is not in the model".to_owned())),
                None => Ok(()),
            }
        })
    }

    fn pattern(&self, written: &str) -> Result<&Pattern, String> {
        let known = self.patterns.get(written).ok_or("the model has lost a pattern")?;
        known.get_or_init(|| Pattern::new(written)).as_ref().map_err(Clone::clone)
    }

    fn fit_text(&self, shape: &Shape, text: &str, path: &str) -> Result<(), Misfit> {
        if !shape.values.is_empty() && !shape.values.iter().any(|value| value == text) {
            let problem = format!("must be one of {}, not {text:?}", shape.values.join(", "));
            return Err(misfit(path, problem));
        }
        shape.fit_size(text.chars().count(), "characters", path)?;
        let Some(written) = &shape.pattern else { return Ok(()) };
        let pattern = self.pattern(written).map_err(|problem| misfit(path, problem))?;
        if !pattern.is_match(text) {
            return Err(misfit(path, format!("must match {written}, and {text:?} does not")));
        }
        Ok(())
    }
}

impl Shape {
    /// Has the members of contents go by the names that they are sent under.
    fn name_as_sent(&mut self) {
        let sent = |name: &String, member: &Member| match (&member.location, &member.location_name)
        {
            (None, Some(sent)) => sent.clone(),
            _ => name.clone(),
        };
        for required in &mut self.required {
            if let Some(member) = self.members.get(required) {
                *required = sent(required, member);
            }
        }
        let members = std::mem::take(&mut self.members).into_iter();
        self.members = members.map(|(name, member)| (sent(&name, &member), member)).collect();
    }

    fn fit_size(&self, size: usize, of: &str, path: &str) -> Result<(), Misfit> {
        #[expect(clippy::cast_precision_loss, reason = "sizes of requests are small")]
        let number = size as f64;
        match self.breach(number) {
            Some((bound, limit)) => {
                Err(misfit(path, format!("must have at {bound} {limit} {of}, not {size}")))
            }
            None => Ok(()),
        }
    }

    fn fit_number(&self, number: f64, path: &str) -> Result<(), Misfit> {
        match self.breach(number) {
            Some((bound, limit)) => {
                Err(misfit(path, format!("must be at {bound} {limit}, not {number}")))
            }
            None => Ok(()),
        }
    }

    fn breach(&self, number: f64) -> Option<(&'static str, f64)> {
        let under = self.min.filter(|min| number < *min).map(|min| ("least", min));
        under.or_else(|| self.max.filter(|max| number > *max).map(|max| ("most", max)))
    }
}

/// A pattern of a model, for a whole text. They are written for Java.
#[derive(Debug)]
enum Pattern {
    Plain(Regex),
    /// It looks ahead, which the other library does not.
    Ahead(fancy_regex::Regex),
}

impl Pattern {
    fn new(written: &str) -> Result<Self, String> {
        // Any character.
        let plain = written.replace(r"[\p{all}]", r"[\s\S]");
        let whole = format!("^(?:{plain})$");
        let failed =
            |error: &dyn fmt::Display| format!("the pattern {written:?} of the model: {error}");
        if written.contains("(?=") || written.contains("(?!") {
            let pattern = fancy_regex::Regex::new(&whole).map_err(|error| failed(&error))?;
            return Ok(Self::Ahead(pattern));
        }
        Ok(Self::Plain(Regex::new(&whole).map_err(|error| failed(&error))?))
    }

    fn is_match(&self, text: &str) -> bool {
        match self {
            Self::Plain(pattern) => pattern.is_match(text),
            // What it takes too long to match counts as no match.
            Self::Ahead(pattern) => pattern.is_match(text).unwrap_or_default(),
        }
    }
}

fn content(call: &Call) -> Result<Map<String, Value>, Misfit> {
    let bytes = match &call.body {
        Body::Whole(bytes) if !bytes.is_empty() => bytes,
        _ => return Ok(Map::new()),
    };
    serde_json::from_slice(bytes)
        .map_err(|error| misfit("the content", format!("must be a JSON object: {error}")))
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn misfit(path: &str, problem: String) -> Misfit {
    Misfit { path: path.to_owned(), problem, missing: false }
}

#[cfg(test)]
mod tests;
