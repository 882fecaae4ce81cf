//! What names an object to core and in import blocks, without the state: its identity.

use travel_value::Value;

use crate::schema::{Attribute, AttributeKind, Block, Schema};

/// The schema of an identity made of these attributes; none for an identity of nothing.
///
/// An attribute of an object, such as `cluster.name`, is called `cluster_name` there, and need not
/// be given: its object may be missing.
pub fn schema(names: &[&str], block: &Block) -> Option<Schema> {
    let attribute = |name: &&str| {
        let is_nested = name.contains('.');
        let source = find(&block.attributes, name)?;
        Some(Attribute {
            name: called(name),
            kind: source.kind.clone(),
            description: source.description.clone(),
            required: !is_nested,
            optional: is_nested,
            ..Attribute::default()
        })
    };
    let attributes: Vec<Attribute> = names.iter().filter_map(attribute).collect();
    let block = Block { attributes, ..Block::default() };
    (!names.is_empty()).then_some(Schema { version: 0, block })
}

/// The identity in an object: null while part of it is unknown or missing.
pub fn of(names: &[&str], object: &Value) -> Value {
    let mut identity = Vec::new();
    for name in names {
        let value = at(object, name);
        let is_missing = value.is_null() && !name.contains('.');
        if is_missing || !value.is_wholly_known() {
            return Value::Null;
        }
        identity.push((called(name), value.clone()));
    }
    if identity.is_empty() { Value::Null } else { Value::object(identity) }
}

/// The id that means the same as an identity: what is given of it, joined by `/`.
pub fn id(names: &[&str], identity: &Value) -> String {
    let given = |name: &&str| identity.get(&called(name)).as_str().map(str::to_owned);
    names.iter().filter_map(given).collect::<Vec<_>>().join("/")
}

/// What an attribute is called in an identity.
pub fn called(name: &str) -> String {
    name.replace('.', "_")
}

/// The value at a path of attributes; unknown where one on the way is.
pub fn at<'a>(object: &'a Value, path: &str) -> &'a Value {
    let mut value = object;
    for name in path.split('.') {
        if value.is_unknown() {
            break;
        }
        value = value.get(name);
    }
    value
}

fn find<'a>(attributes: &'a [Attribute], path: &str) -> Option<&'a Attribute> {
    let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
    let attribute = attributes.iter().find(|attribute| attribute.name == name)?;
    match (rest, &attribute.kind) {
        (None, _) => Some(attribute),
        (Some(rest), AttributeKind::Nested { attributes, .. }) => find(attributes, rest),
        (Some(_), AttributeKind::Plain(_)) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 2] = ["cluster.name", "name"];

    fn check(cluster: Value, name: Value, expected: Option<&str>) {
        let object = Value::object([("cluster", cluster), ("name", name)]);
        let identity = of(&NAMES, &object);
        assert_eq!((!identity.is_null()).then(|| id(&NAMES, &identity)).as_deref(), expected);
    }

    #[test]
    fn an_identity_is_whole_or_not_there() {
        let dev = || Value::object([("name", "dev".into())]);
        check(dev(), "cart".into(), Some("dev/cart"));
        check(Value::Null, "cart".into(), Some("cart"));
        check(Value::unknown(), "cart".into(), None);
        check(Value::object([("name", Value::unknown())]), "cart".into(), None);
        check(dev(), Value::Null, None);
        assert!(of(&[], &dev()).is_null());
    }
}
