//! Paths to fields of a document: written for people, and matched by patterns.

use std::fmt;

use serde_json::Value;

/// The way to a field.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldPath(pub Vec<Step>);

/// One step on the way to a field.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Into an object's field.
    Field(String),
    /// To a list's item by place, from 0.
    Index(usize),
    /// To the list's item whose fields have these values.
    Item(Vec<(String, String)>),
}

impl FieldPath {
    /// This path with a further step.
    pub fn with(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        FieldPath(steps)
    }

    /// This path with a further step into a field.
    pub fn field(&self, name: &str) -> Self {
        self.with(Step::Field(name.to_owned()))
    }
}

/// As people write it: `spec.containers[name=app].image`, `metadata.annotations["a.io/b"]`, `args[0]`.
impl fmt::Display for FieldPath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.0.iter().enumerate() {
            match step {
                Step::Field(name) if is_plain(name) => {
                    let separator = if index == 0 { "" } else { "." };
                    write!(out, "{separator}{name}")?;
                }
                Step::Field(name) => write!(out, "[{}]", Value::from(name.as_str()))?,
                Step::Index(place) => write!(out, "[{place}]")?,
                Step::Item(keys) => {
                    let keys: Vec<String> =
                        keys.iter().map(|(name, value)| format!("{name}={value}")).collect();
                    write!(out, "[{}]", keys.join(","))?;
                }
            }
        }
        Ok(())
    }
}

fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && name.chars().all(|letter| letter.is_alphanumeric() || "_-$".contains(letter))
}

/// A pattern of paths, written as a JSON pointer (RFC 6901) in which `*` stands for any one step:
/// `/webhooks/*/clientConfig/caBundle`. A list's item is named by place (`0`), by its keys (`name=app`) or by its only
/// key's value (`app`). A pattern matches a field and everything below.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathPattern(Vec<String>);

/// A text that is no pattern of paths.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no path: write it like /spec/replicas or /webhooks/*/clientConfig/caBundle")]
pub struct PathPatternError(String);

impl std::str::FromStr for PathPattern {
    type Err = PathPatternError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || PathPatternError(text.to_owned());
        let rest = text.strip_prefix('/').filter(|rest| !rest.is_empty()).ok_or_else(wrong)?;
        let segments: Vec<String> =
            rest.split('/').map(|segment| segment.replace("~1", "/").replace("~0", "~")).collect();
        if segments.iter().any(String::is_empty) {
            return Err(wrong());
        }
        Ok(PathPattern(segments))
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|segment| {
            write!(out, "/{}", segment.replace('~', "~0").replace('/', "~1"))
        })
    }
}

impl PathPattern {
    /// The pattern of exactly these fields, one within the other.
    pub fn of_fields(fields: &[&str]) -> Self {
        PathPattern(fields.iter().map(|field| (*field).to_owned()).collect())
    }

    /// Whether the pattern names this field or one above it.
    pub fn matches(&self, path: &FieldPath) -> bool {
        path.0.len() >= self.0.len()
            && self.0.iter().zip(&path.0).all(|(segment, step)| matches_step(segment, step))
    }
}

fn matches_step(segment: &str, step: &Step) -> bool {
    if segment == "*" {
        return true;
    }
    match step {
        Step::Field(name) => name == segment,
        Step::Index(place) => segment.parse() == Ok(*place),
        Step::Item(keys) => {
            let written: Vec<String> =
                keys.iter().map(|(name, value)| format!("{name}={value}")).collect();
            written.join(",") == segment
                || matches!(keys.as_slice(), [(_, value)] if value == segment)
        }
    }
}

/// The fields by which items of a list are told apart, where they can be: the keys the built-in kinds declare
/// (`x-kubernetes-list-map-keys`), tried in turn until one set tells all items of every given list apart.
pub(crate) fn item_keys(lists: &[&[Value]]) -> Option<&'static [&'static str]> {
    let candidates: &[&[&str]] = &[
        &["name"],
        &["containerPort", "protocol"],
        &["port", "protocol"],
        &["mountPath"],
        &["devicePath"],
        &["topologyKey", "whenUnsatisfiable"],
        &["uid"],
        &["ip"],
        &["type"],
        &["key"],
    ];
    if lists.iter().all(|list| list.is_empty()) {
        return None;
    }
    candidates.iter().copied().find(|keys| lists.iter().all(|list| tells_apart(keys, list)))
}

fn tells_apart(keys: &[&str], list: &[Value]) -> bool {
    let mut seen = std::collections::BTreeSet::new();
    list.iter().all(|item| item_key(item, keys).is_some_and(|key| seen.insert(key)))
}

/// The values of an item's keys. `protocol` is TCP where it is left out, as everywhere in Kubernetes.
pub(crate) fn item_key(item: &Value, keys: &[&str]) -> Option<Vec<(String, String)>> {
    let item = item.as_object()?;
    let values = keys.iter().map(|key| match (item.get(*key), *key) {
        (Some(Value::String(text)), _) => Some(((*key).to_owned(), text.clone())),
        (Some(number @ Value::Number(_)), _) => Some(((*key).to_owned(), number.to_string())),
        (None, "protocol") => Some(((*key).to_owned(), "TCP".to_owned())),
        _ => None,
    });
    values.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn path() -> FieldPath {
        let containers = FieldPath::default().field("spec").field("containers");
        containers
            .with(Step::Item(vec![("name".into(), "app".into())]))
            .field("args")
            .with(Step::Index(1))
    }

    #[test]
    fn paths_read_as_people_write_them() {
        let check = |path: FieldPath, expected: &str| assert_eq!(path.to_string(), expected);
        check(path(), "spec.containers[name=app].args[1]");
        check(FieldPath::default().field("metadata").field("a.io/b"), "metadata[\"a.io/b\"]");
        check(FieldPath::default().field("x").field(""), "x[\"\"]");
    }

    #[test]
    fn patterns_name_fields_and_all_below() {
        let check = |pattern: &str, expected: bool| {
            assert_eq!(
                pattern.parse::<PathPattern>().unwrap().matches(&path()),
                expected,
                "{pattern}"
            );
        };
        check("/spec", true);
        check("/spec/containers/*/args", true);
        check("/spec/containers/app/args/1", true);
        check("/spec/containers/name=app/args/0", false);
        check("/spec/containers/name=app/args/*", true);
        check("/spec/containers/web", false);
        check("/spec/containers/app/args/1/x", false);
        check("/status", false);
    }

    #[test]
    fn patterns_are_checked() {
        for wrong in ["", "/", "spec", "/spec//x", "spec/x"] {
            assert!(wrong.parse::<PathPattern>().is_err(), "{wrong}");
        }
        let annotation = FieldPath::default().field("metadata").field("a/b");
        let pattern: PathPattern = "/metadata/a~1b".parse().unwrap();
        assert!(pattern.matches(&annotation));
        assert_eq!(pattern.to_string(), "/metadata/a~1b");
    }

    #[test]
    fn items_are_told_apart_by_their_keys() {
        let check = |lists: &[Value], expected: Option<&[&str]>| {
            let lists: Vec<&[Value]> =
                lists.iter().map(|list| list.as_array().unwrap().as_slice()).collect();
            assert_eq!(item_keys(&lists), expected);
        };
        check(&[json!([{"name": "a"}, {"name": "b"}])], Some(&["name"]));
        check(&[json!([{"name": "a"}, {"name": "a"}])], None);
        check(
            &[json!([{"port": 80}, {"port": 80, "protocol": "UDP"}])],
            Some(&["port", "protocol"]),
        );
        check(&[json!([{"name": "a"}]), json!([])], Some(&["name"]));
        check(&[json!([]), json!([])], None);
        check(&[json!(["a", "b"])], None);
    }
}
