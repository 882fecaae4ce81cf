//! The errors of a schema as a tree of problems, in the order and the words of the library Helm uses.

use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use jsonschema::{JsonType, ValidationError};
use serde_json::Value as Json;

use crate::functions::quote::go_quote;
use crate::number;

/// Writes the problems, or nothing where there are none.
pub(super) fn write(errors: &[ValidationError<'_>]) -> Result<(), String> {
    let found: Vec<Found<'_>> = errors.iter().map(Found::of).collect();
    let problems = at_node(found.iter().collect(), 0);
    if problems.is_empty() {
        return Ok(());
    }
    let mut lines = Vec::new();
    problems.iter().for_each(|problem| problem.lines(0, &mut lines));
    Err(lines.join("\n"))
}

/// A problem with those it consists of.
struct Problem {
    location: String,
    message: String,
    causes: Vec<Problem>,
}

impl Problem {
    fn lines(&self, level: usize, lines: &mut Vec<String>) {
        lines.push(format!(
            "{}- at {}: {}",
            "  ".repeat(level),
            quote(&self.location),
            self.message
        ));
        self.causes.iter().for_each(|cause| cause.lines(level + 1, lines));
    }
}

/// An error with the way through the schema that led to it.
struct Found<'e> {
    error: &'e ValidationError<'e>,
    steps: Vec<Step>,
}

/// A keyword on the way, with the name or index that belongs to it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Step {
    rank: usize,
    keyword: String,
    argument: String,
    /// Whether the step leads into the value.
    descends: bool,
}

/// The order in which keywords are looked at.
const ORDER: [&str; 38] = [
    "type",
    "const",
    "enum",
    "format",
    "$ref",
    "minProperties",
    "maxProperties",
    "required",
    "dependencies",
    "properties",
    "patternProperties",
    "additionalProperties",
    "falseSchema",
    "propertyNames",
    "dependentSchemas",
    "dependentRequired",
    "minItems",
    "maxItems",
    "uniqueItems",
    "items",
    "additionalItems",
    "prefixItems",
    "contains",
    "minLength",
    "maxLength",
    "pattern",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "not",
    "allOf",
    "anyOf",
    "oneOf",
    "if",
    "then",
    "else",
];

impl<'e> Found<'e> {
    fn of(error: &'e ValidationError<'e>) -> Self {
        let path = error.evaluation_path().as_str();
        let value_path = error.instance_path().as_str();
        let mut indexes = value_path.split('/').skip(1);
        let mut tokens = path.split('/').skip(1).peekable();
        let mut steps = Vec::new();
        while let Some(keyword) = tokens.next() {
            let named = matches!(
                keyword,
                "properties"
                    | "patternProperties"
                    | "dependencies"
                    | "dependentSchemas"
                    | "allOf"
                    | "anyOf"
                    | "oneOf"
                    | "prefixItems"
            );
            let numbered = keyword == "items"
                && tokens.peek().is_some_and(|token| token.parse::<usize>().is_ok());
            let mut argument = if named || numbered {
                tokens.next().unwrap_or_default().to_owned()
            } else {
                String::new()
            };
            let descends = matches!(keyword, "properties" | "patternProperties" | "prefixItems")
                || (tokens.peek().is_some()
                    && matches!(
                        keyword,
                        "items"
                            | "additionalProperties"
                            | "additionalItems"
                            | "unevaluatedProperties"
                            | "unevaluatedItems"
                            | "contains"
                    ));
            if descends {
                indexes.next().unwrap_or_default().clone_into(&mut argument);
            }
            let rank = ORDER.iter().position(|known| *known == keyword).unwrap_or(ORDER.len());
            // Properties are looked at before what may not be there is refused.
            let rank = if descends { 9 } else { rank };
            steps.push(Step { rank, keyword: keyword.to_owned(), argument, descends });
        }
        Found { error, steps }
    }

    /// The place in the value to which the first steps lead.
    fn location(&self, steps: usize) -> String {
        let depth = self.steps.iter().take(steps).filter(|step| step.descends).count();
        let parts = self.error.instance_path().as_str().split('/').skip(1).take(depth);
        parts.map(|part| format!("/{part}")).collect()
    }
}

/// The problems of one node of the schema, to which the first steps of all errors lead.
fn at_node(mut errors: Vec<&Found<'_>>, depth: usize) -> Vec<Problem> {
    // A wrong type, and what else ends the check of a node, hides everything after it.
    for keyword in ["type", "const", "enum", "format"] {
        let ends = |found: &&&Found<'_>| {
            found.steps.get(depth).is_some_and(|step| step.keyword == keyword)
        };
        if let Some(found) = errors.iter().find(ends) {
            return vec![leaf(&[*found])];
        }
    }
    errors.sort_by(|left, right| left.steps.get(depth).cmp(&right.steps.get(depth)));
    let mut problems = Vec::new();
    for group in errors.chunk_by(|left, right| same_step(left, right, depth)) {
        let group = group.to_vec();
        let first = group[0];
        let Some(step) = first.steps.get(depth) else {
            problems.push(leaf(&group));
            continue;
        };
        let location = first.location(depth);
        match step.keyword.as_str() {
            _ if first.steps.len() == depth + 1 => problems.push(leaf(&group)),
            "allOf" => {
                let mut causes = Vec::new();
                for branch in group.chunk_by(|left, right| {
                    left.steps[depth].argument == right.steps[depth].argument
                }) {
                    causes.extend(wrapped(at_node(branch.to_vec(), depth + 1), &location));
                }
                problems.push(Problem { location, message: "'allOf' failed".to_owned(), causes });
            }
            _ => {
                let inner = first.location(depth + 1);
                problems.extend(wrapped(at_node(group, depth + 1), &inner));
            }
        }
    }
    problems
}

/// Errors that come from one keyword of a node: all of `allOf`, and for others those of one name or index.
fn same_step(left: &Found<'_>, right: &Found<'_>, depth: usize) -> bool {
    match (left.steps.get(depth), right.steps.get(depth)) {
        (Some(left), Some(right)) if left.keyword == "allOf" => left.keyword == right.keyword,
        (left, right) => left == right,
    }
}

/// Several problems of one node are one.
fn wrapped(mut problems: Vec<Problem>, location: &str) -> Option<Problem> {
    if problems.len() <= 1 {
        return problems.pop();
    }
    Some(Problem {
        location: location.to_owned(),
        message: "validation failed".to_owned(),
        causes: problems,
    })
}

/// The problem of a keyword. Missing properties are told in one.
fn leaf(group: &[&Found<'_>]) -> Problem {
    let error = group[0].error;
    let location = error.instance_path().as_str().to_owned();
    let (location, message, causes) = match error.kind() {
        Kind::Required { .. } => {
            let names: Vec<String> = group
                .iter()
                .filter_map(|found| match found.error.kind() {
                    Kind::Required { property } => {
                        Some(quote(property.as_str().unwrap_or_default()))
                    }
                    _ => None,
                })
                .collect();
            let noun = if names.len() == 1 { "property" } else { "properties" };
            (location, format!("missing {noun} {}", names.join(", ")), Vec::new())
        }
        Kind::AnyOf { context } => {
            (location.clone(), "'anyOf' failed".to_owned(), branches(context, &location))
        }
        Kind::OneOfNotValid { context } => (
            location.clone(),
            "'oneOf' failed, none matched".to_owned(),
            branches(context, &location),
        ),
        Kind::OneOfMultipleValid { context } => {
            let valid: Vec<String> = (0..)
                .zip(context)
                .filter(|(_, errors)| errors.is_empty())
                .map(|(index, _): (usize, _)| index.to_string())
                .take(2)
                .collect();
            (
                location,
                format!("'oneOf' failed, subschemas {} matched", valid.join(", ")),
                Vec::new(),
            )
        }
        Kind::PropertyNames { error } => {
            let name = error.instance().as_str().unwrap_or_default().to_owned();
            let cause =
                Problem { location: String::new(), message: message(error), causes: Vec::new() };
            (String::new(), format!("invalid propertyName {}", quote(&name)), vec![cause])
        }
        _ => (location, message(error), Vec::new()),
    };
    Problem { location, message, causes }
}

/// The problems of alternatives.
fn branches(context: &[Vec<ValidationError<'static>>], location: &str) -> Vec<Problem> {
    context
        .iter()
        .filter_map(|errors| {
            let found: Vec<Found<'_>> = errors.iter().map(Found::of).collect();
            // The way to the alternative is the same for all its errors.
            let last = |step: &Step| matches!(step.keyword.as_str(), "anyOf" | "oneOf");
            let depth = found
                .first()
                .and_then(|found| found.steps.iter().rposition(last))
                .map_or(0, |index| index + 1);
            wrapped(at_node(found.iter().collect(), depth), location)
        })
        .collect()
}

fn message(error: &ValidationError<'_>) -> String {
    let instance = error.instance();
    let limit = |keyword: &str, got: usize, want: u64| {
        #[expect(clippy::cast_precision_loss, reason = "sizes of values are small")]
        let (got, want) = (grouped(got as f64), grouped(want as f64));
        format!("{keyword}: got {got}, want {want}")
    };
    let bound = |keyword: &str, want: &Json| {
        let number = |value: &Json| value.as_f64().unwrap_or_default();
        format!("{keyword}: got {}, want {}", grouped(number(instance)), grouped(number(want)))
    };
    let size = || match &**instance {
        Json::Array(items) => items.len(),
        Json::Object(map) => map.len(),
        Json::String(text) => text.chars().count(),
        _ => 0,
    };
    match error.kind() {
        Kind::Type { kind } => format!("got {}, want {}", type_of(instance), wanted_types(kind)),
        Kind::Enum { options } => one_of(options),
        Kind::Constant { expected_value } => match &**expected_value {
            Json::Array(_) | Json::Object(_) => "'const' failed".to_owned(),
            value => format!("value must be {}", display(value)),
        },
        Kind::MinProperties { limit: want } => limit("minProperties", size(), *want),
        Kind::MaxProperties { limit: want } => limit("maxProperties", size(), *want),
        Kind::MinItems { limit: want } => limit("minItems", size(), *want),
        Kind::MaxItems { limit: want } => limit("maxItems", size(), *want),
        Kind::MinLength { limit: want } => limit("minLength", size(), *want),
        Kind::MaxLength { limit: want } => limit("maxLength", size(), *want),
        Kind::Minimum { limit } => bound("minimum", limit),
        Kind::Maximum { limit } => bound("maximum", limit),
        Kind::ExclusiveMinimum { limit } => bound("exclusiveMinimum", limit),
        Kind::ExclusiveMaximum { limit } => bound("exclusiveMaximum", limit),
        Kind::MultipleOf { multiple_of } => bound("multipleOf", &Json::from(*multiple_of)),
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            let names: Vec<String> = unexpected.iter().map(|name| quote(name)).collect();
            format!("additional properties {} not allowed", names.join(", "))
        }
        Kind::AdditionalItems { limit } => {
            format!("last {} additionalItem(s) not allowed", size().saturating_sub(*limit))
        }
        Kind::UniqueItems => duplicates(instance),
        Kind::Contains => "no items match contains schema".to_owned(),
        Kind::Pattern { pattern } => {
            format!(
                "{} does not match pattern {}",
                quote(instance.as_str().unwrap_or_default()),
                quote(pattern)
            )
        }
        Kind::Format { format } => {
            let problem = match (format.as_str(), instance.as_str().unwrap_or_default()) {
                ("email", text) if !text.contains('@') => "missing @",
                ("ipv4", _) => "expected four decimals",
                _ => "it has another form",
            };
            format!("{} is not valid {format}: {problem}", display(instance))
        }
        Kind::Not { .. } => "'not' failed".to_owned(),
        Kind::FalseSchema => "false schema".to_owned(),
        _ => error.to_string(),
    }
}

fn one_of(options: &Json) -> String {
    let options = options.as_array().map(Vec::as_slice).unwrap_or_default();
    if options.iter().any(|option| option.is_array() || option.is_object()) {
        return "'enum' failed".to_owned();
    }
    let shown: Vec<String> = options.iter().map(display).collect();
    match &shown[..] {
        [only] => format!("value must be {only}"),
        _ => format!("value must be one of {}", shown.join(", ")),
    }
}

fn duplicates(instance: &Json) -> String {
    let items = instance.as_array().map(Vec::as_slice).unwrap_or_default();
    let pairs = (0..items.len())
        .flat_map(|first| (first + 1..items.len()).map(move |second| (first, second)));
    let (first, second) = pairs
        .into_iter()
        .find(|(first, second)| items[*first] == items[*second])
        .unwrap_or_default();
    format!("items at {first} and {second} are equal")
}

fn type_of(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(_) => "number",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    }
}

fn wanted_types(kind: &TypeKind) -> String {
    let order = ["null", "boolean", "number", "integer", "string", "array", "object"];
    let mut names: Vec<&str> = match kind {
        TypeKind::Single(kind) => vec![kind.as_str()],
        TypeKind::Multiple(kinds) => kinds.iter().map(JsonType::as_str).collect(),
    };
    names.sort_by_key(|name| order.iter().position(|known| known == name));
    names.join(" or ")
}

fn quote(text: &str) -> String {
    let quoted = go_quote(text.as_bytes());
    let quoted = String::from_utf8_lossy(&quoted[1..quoted.len() - 1])
        .replace("\\\"", "\"")
        .replace('\'', "\\'");
    format!("'{quoted}'")
}

fn display(value: &Json) -> String {
    match value {
        Json::String(text) => quote(text),
        Json::Array(_) | Json::Object(_) => "value".to_owned(),
        Json::Null => "<nil>".to_owned(),
        other => other.to_string(),
    }
}

/// A number as people write it in English: thousands apart, and powers of ten where it is very large.
fn grouped(value: f64) -> String {
    let plain = number::format_plain(value);
    if value.abs() >= 1e21 {
        let scientific = number::format_scientific(value);
        let (mantissa, exponent) = scientific.split_once("e+").unwrap_or((&scientific, "0"));
        let digits = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
        let raised =
            exponent.bytes().filter_map(|digit| digits.get(usize::from(digit.wrapping_sub(b'0'))));
        return format!("{mantissa}×10{}", raised.collect::<String>());
    }
    let (whole, fraction) =
        plain.split_once('.').map_or((plain.as_str(), None), |(whole, rest)| (whole, Some(rest)));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    let mut output = String::from(sign);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            output.push(',');
        }
        output.push(digit);
    }
    if let Some(fraction) = fraction {
        output.push('.');
        output.push_str(fraction);
    }
    output
}
