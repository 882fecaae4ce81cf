//! The log on standard error, in the JSON lines that Terraform reads and shows under TF_LOG.
//!
//! Only what this provider's own crates say is written in full; others, which may print requests
//! with credentials, are heard from warnings up.

use std::fmt;
use std::io::{self, Write};

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::metadata::Metadata;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::{LookupSpan, Registry};

/// The most bytes of a line. Terraform cuts a line of 64 KiB in pieces that it cannot read.
const LINE_BYTES_MAX: usize = 60_000;

/// The bytes that are left of a message or field of a line that is too long. A character takes up
/// to six times as many once it is quoted.
const SHORTENED_BYTES: usize = 2_000;

/// The beginnings of the names of this provider's own crates.
const OWN_CRATES: [&str; 2] = ["travel_", "terraform_provider_travel"];

/// Parts of the names of fields that are never shown, should anyone ever log one.
const HIDDEN_FIELDS: [&str; 5] = ["secret", "password", "token", "credential", "authorization"];

/// How much to log, from the environment: `TF_LOG_PROVIDER_<NAME>`, else `TF_LOG_PROVIDER`, else
/// `TF_LOG`. As in Terraform, a word that is no level (`JSON` is one) means everything.
pub fn level(name: &str, variable: impl Fn(&str) -> Option<String>) -> Option<LevelFilter> {
    let own = format!("TF_LOG_PROVIDER_{}", name.to_uppercase().replace('-', "_"));
    let word = [own.as_str(), "TF_LOG_PROVIDER", "TF_LOG"]
        .into_iter()
        .find_map(|name| variable(name).filter(|value| !value.is_empty()))?;
    Some(match word.to_uppercase().as_str() {
        "OFF" => LevelFilter::OFF,
        "ERROR" => LevelFilter::ERROR,
        "WARN" => LevelFilter::WARN,
        "INFO" => LevelFilter::INFO,
        "DEBUG" => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    })
}

/// Has everything logged to standard error from now on, up to this level.
///
/// A process can do this once; later calls change nothing.
pub fn install(level: LevelFilter) {
    use tracing_subscriber::layer::SubscriberExt;

    let subscriber = Registry::default().with(JsonLines { level, output: io::stderr });
    // Where a subscriber is there already, the program that embeds the plugin wants its own.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// Writes each event as a line to what a function opens.
struct JsonLines<F> {
    level: LevelFilter,
    output: F,
}

impl<S, W, F> Layer<S> for JsonLines<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: Write,
    F: Fn() -> W + 'static,
{
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        let own = OWN_CRATES.iter().any(|prefix| metadata.target().starts_with(prefix));
        *metadata.level() <= self.level && (own || *metadata.level() <= Level::WARN)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level)
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            let mut fields = Fields::default();
            attributes.record(&mut fields);
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        for span in context.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(outer) = span.extensions().get::<Fields>() {
                fields.0.extend(outer.0.clone());
            }
        }
        event.record(&mut fields);
        let line = line(event.metadata(), Utc::now(), fields.0);
        // There is nowhere to report that the log cannot be written.
        let _ = (self.output)().write_all(line.as_bytes());
    }
}

/// The fields of an event or span, the event's message among them.
#[derive(Default)]
struct Fields(Map<String, Value>);

impl Fields {
    fn insert(&mut self, field: &Field, value: Value) {
        let name = field.name();
        let hidden = HIDDEN_FIELDS.iter().any(|part| name.contains(part));
        self.0.insert(name.to_owned(), if hidden { "(hidden)".into() } else { value });
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.insert(field, format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.insert(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.insert(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.insert(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.insert(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.insert(field, value.into());
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.insert(field, chain(value).into());
    }
}

/// An error and what caused it, in a line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

/// The line of an event, with its end. Terraform dies of a message that is not a string.
fn line(metadata: &Metadata<'_>, time: DateTime<Utc>, mut fields: Map<String, Value>) -> String {
    let message = match fields.remove("message") {
        Some(Value::String(message)) => message,
        Some(other) => other.to_string(),
        None => metadata.name().to_owned(),
    };
    fields.retain(|name, _| !name.starts_with('@'));
    let head = json!({
        "@level": metadata.level().as_str().to_lowercase(),
        "@message": message,
        "@module": metadata.target().replace("::", "."),
        "@timestamp": time.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string(),
    });
    let Value::Object(mut whole) = head else { return String::new() };
    whole.extend(fields);
    let mut line = Value::Object(whole.clone()).to_string();
    if line.len() > LINE_BYTES_MAX {
        for value in whole.values_mut() {
            if let Value::String(text) = value {
                text.truncate(text.floor_char_boundary(SHORTENED_BYTES));
            }
        }
        line = Value::Object(whole.clone()).to_string();
    }
    if line.len() > LINE_BYTES_MAX {
        whole.retain(|name, _| name.starts_with('@'));
        line = Value::Object(whole).to_string();
    }
    line.push('\n');
    line
}

#[cfg(test)]
mod tests;
