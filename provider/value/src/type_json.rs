//! Terraform's JSON notation of types: `"string"`, `["list", T]`, `["object", {…}, [optional]]`.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::error::{CodecError, Problem};
use crate::types::Type;

impl Type {
    /// The type that a JSON text stands for.
    ///
    /// # Errors
    /// When the text is not JSON or not a type.
    pub fn from_json(text: &[u8]) -> Result<Self, CodecError> {
        let json: Json = serde_json::from_slice(text).map_err(Problem::InvalidJson)?;
        parse(&json).ok_or_else(|| Problem::InvalidType.into())
    }

    /// The type as JSON, to the letter as Terraform itself writes it.
    pub fn to_json(&self) -> String {
        render(self).to_string()
    }
}

fn parse(json: &Json) -> Option<Type> {
    match json {
        Json::String(name) => match name.as_str() {
            "string" => Some(Type::String),
            "number" => Some(Type::Number),
            "bool" => Some(Type::Bool),
            "dynamic" => Some(Type::Dynamic),
            _ => None,
        },
        Json::Array(parts) => {
            let (kind, arguments) = parts.split_first()?;
            match (kind.as_str()?, arguments) {
                ("list", [element]) => parse(element).map(Type::list),
                ("set", [element]) => parse(element).map(Type::set),
                ("map", [element]) => parse(element).map(Type::map),
                ("tuple", [Json::Array(elements)]) => {
                    elements.iter().map(parse).collect::<Option<_>>().map(Type::Tuple)
                }
                ("object", [Json::Object(attributes)]) => object(attributes, &[]),
                ("object", [Json::Object(attributes), Json::Array(optional)]) => {
                    object(attributes, optional)
                }
                _ => None,
            }
        }
        _ => None,
    }
}

fn object(attributes: &serde_json::Map<String, Json>, optional: &[Json]) -> Option<Type> {
    let attributes: BTreeMap<String, Type> = attributes
        .iter()
        .map(|(name, kind)| parse(kind).map(|kind| (name.clone(), kind)))
        .collect::<Option<_>>()?;
    let optional = optional
        .iter()
        .map(|name| name.as_str().filter(|name| attributes.contains_key(*name)).map(str::to_owned))
        .collect::<Option<_>>()?;
    Some(Type::Object { attributes, optional })
}

fn render(kind: &Type) -> Json {
    let pair = |name: &str, argument: Json| Json::Array(vec![name.into(), argument]);
    match kind {
        Type::String => "string".into(),
        Type::Number => "number".into(),
        Type::Bool => "bool".into(),
        Type::Dynamic => "dynamic".into(),
        Type::List(element) => pair("list", render(element)),
        Type::Set(element) => pair("set", render(element)),
        Type::Map(element) => pair("map", render(element)),
        Type::Tuple(elements) => pair("tuple", elements.iter().map(render).collect()),
        Type::Object { attributes, optional } => {
            let attributes =
                attributes.iter().map(|(name, kind)| (name.clone(), render(kind))).collect();
            let mut parts = vec!["object".into(), Json::Object(attributes)];
            if !optional.is_empty() {
                parts.push(optional.iter().map(String::as_str).collect());
            }
            Json::Array(parts)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_every_type() {
        for (json, hcl) in [
            (r#""string""#, "string"),
            (r#""number""#, "number"),
            (r#""bool""#, "bool"),
            (r#""dynamic""#, "any"),
            (r#"["list","string"]"#, "list(string)"),
            (r#"["set",["map","number"]]"#, "set(map(number))"),
            (r#"["tuple",["bool",["list","dynamic"]]]"#, "tuple([bool, list(any)])"),
            (r#"["tuple",[]]"#, "tuple([])"),
            (
                r#"["object",{"a":"string","b":["set","bool"]}]"#,
                "object({a = string, b = set(bool)})",
            ),
            (r#"["object",{"a":"string","b":"bool"},["b"]]"#, "object({a = string, b = bool})"),
        ] {
            let kind = Type::from_json(json.as_bytes()).unwrap();
            assert_eq!(kind.to_string(), hcl);
            assert_eq!(kind.to_json(), json);
        }
    }

    #[test]
    fn refuses_what_is_not_a_type() {
        let deep = "[\"list\",".repeat(10_000);
        for json in [
            "",
            "string",
            "null",
            r#""capsule""#,
            r#"["list"]"#,
            r#"["list","string","string"]"#,
            r#"["object",{"a":1}]"#,
            r#"["object",{"a":"string"},["b"]]"#,
            r#"["tuple","string"]"#,
            deep.as_str(),
        ] {
            assert!(Type::from_json(json.as_bytes()).is_err(), "{json:.40}");
        }
    }
}
