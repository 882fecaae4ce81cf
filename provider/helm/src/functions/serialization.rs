//! YAML and JSON, written and read.

use super::{Arguments, Failure, Function, Outcome, Type, marks, opaque};
use crate::bounds;
use crate::executor::Executor;
use crate::json::{self, COMPACT, Layout};
use crate::tree::Tree;
use crate::value::{Map, Value};
use crate::yaml;

pub(super) const FUNCTIONS: &[Function] = &[
    marks("toYaml", &[Type::Any], to_yaml),
    marks("mustToYaml", &[Type::Any], must_to_yaml),
    marks("toYamlPretty", &[Type::Any], to_yaml_pretty),
    opaque("fromYaml", &[Type::Text], from_yaml),
    opaque("fromYamlArray", &[Type::Text], from_yaml_array),
    marks("toJson", &[Type::Any], to_json),
    marks("mustToJson", &[Type::Any], must_to_json),
    marks("toPrettyJson", &[Type::Any], to_pretty_json),
    marks("mustToPrettyJson", &[Type::Any], must_to_pretty_json),
    marks("toRawJson", &[Type::Any], must_to_raw_json),
    marks("mustToRawJson", &[Type::Any], must_to_raw_json),
    opaque("fromJson", &[Type::Text], from_json),
    opaque("fromJsonArray", &[Type::Text], from_json_array),
    opaque("mustFromJson", &[Type::Text], must_from_json),
];

const PRETTY: Layout = Layout { escape_html: true, pretty: true };
const RAW: Layout = Layout { escape_html: false, pretty: false };

/// YAML ends without the line break of a file.
fn without_last_break(mut text: String) -> Value {
    if text.ends_with('\n') {
        text.pop();
    }
    Value::text(text)
}

/// A value that cannot be written leaves nothing.
fn to_yaml(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(without_last_break(yaml::to_yaml(arguments.any(0)).unwrap_or_default()))
}

fn must_to_yaml(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    yaml::to_yaml(arguments.any(0))
        .map(without_last_break)
        .map_err(|error| Failure::new(error.to_string()))
}

fn to_yaml_pretty(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(without_last_break(yaml::to_pretty_yaml(arguments.any(0)).unwrap_or_default()))
}

/// What Go's JSON decoder says where a value has another shape than asked for.
fn wrong_shape(tree: &Tree, wanted: &str) -> String {
    format!("json: cannot unmarshal {} into Go value of type {wanted}", yaml::type_name(tree))
}

/// A map with the error, which charts are expected to look for.
fn error_map(message: &str) -> Value {
    Value::map([("Error", Value::text(message))])
}

fn from_yaml(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    const WANTED: &str = "map[string]interface {}";
    Ok(match yaml::read(&arguments.text(0).as_str()) {
        Ok(tree @ Tree::Map(_)) => Value::from_tree(&tree),
        Ok(Tree::Null) => Value::Map(Map::empty()),
        Ok(tree) => {
            let shape = wrong_shape(&tree, WANTED);
            error_map(&format!("error unmarshaling JSON: while decoding JSON: {shape}"))
        }
        Err(error) => error_map(&error.to_string()),
    })
}

fn from_yaml_array(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(match yaml::read(&arguments.text(0).as_str()) {
        Ok(tree @ Tree::List(_)) => Value::from_tree(&tree),
        Ok(Tree::Null) => Value::list(Vec::new()),
        Ok(tree) => {
            let shape = wrong_shape(&tree, "[]interface {}");
            Value::list(vec![Value::text(format!(
                "error unmarshaling JSON: while decoding JSON: {shape}"
            ))])
        }
        Err(error) => Value::list(vec![Value::text(error.to_string())]),
    })
}

/// JSON whose value could not be written is empty.
fn to_json(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(Value::text(json::to_json(arguments.any(0), COMPACT).unwrap_or_default()))
}

fn strict(arguments: &Arguments, layout: Layout) -> Outcome {
    json::to_json(arguments.any(0), layout)
        .map(Value::text)
        .map_err(|error| Failure::new(error.to_string()))
}

fn must_to_json(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    strict(&arguments, COMPACT)
}

fn to_pretty_json(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(Value::text(json::to_json(arguments.any(0), PRETTY).unwrap_or_default()))
}

fn must_to_pretty_json(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    strict(&arguments, PRETTY)
}

fn must_to_raw_json(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    strict(&arguments, RAW)
}

/// Reads JSON, with the gist of Go's errors.
fn read_json(arguments: &Arguments) -> Result<Tree, String> {
    let text = arguments.text(0);
    if !bounds::allow(text.len().saturating_mul(bounds::STEP)) {
        return Err(bounds::TOO_MUCH.to_owned());
    }
    let value = serde_json::from_str::<serde_json::Value>(&text.as_str());
    value
        .map(|value| Tree::from(&value))
        .map_err(|error| json::syntax_error(&text.as_str(), &error))
}

fn from_json(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(match read_json(&arguments) {
        Ok(tree @ Tree::Map(_)) => Value::from_tree(&tree),
        Ok(Tree::Null) => Value::Map(Map::nil(crate::value::MapKind::Any)),
        Ok(tree) => error_map(&wrong_shape(&tree, "map[string]interface {}")),
        Err(error) => error_map(&error),
    })
}

fn from_json_array(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    Ok(match read_json(&arguments) {
        Ok(tree @ Tree::List(_)) => Value::from_tree(&tree),
        Ok(Tree::Null) => Value::List(crate::value::List::nil(crate::value::ListKind::Any)),
        Ok(tree) => Value::list(vec![Value::text(wrong_shape(&tree, "[]interface {}"))]),
        Err(error) => Value::list(vec![Value::text(error)]),
    })
}

fn must_from_json(_: &mut Executor<'_>, arguments: Arguments) -> Outcome {
    read_json(&arguments).map(|tree| Value::from_tree(&tree)).map_err(Failure::new)
}
