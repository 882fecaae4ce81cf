//! What a core demands of a provider's answers. Where one breaks these rules, terraform ends with
//! "Provider produced invalid plan" or "inconsistent result after apply".

use std::collections::BTreeMap;

use travel_value::{Path, Value};

use super::schema::{Attribute, Block, Nesting};

/// Where a plan is not what the configuration and the prior state allow.
pub fn illegal_plan(block: &Block, prior: &Value, config: &Value, planned: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let root = Path::root();
    if config.is_null() {
        if !planned.is_null() {
            found.push("a destroy plans an object".to_owned());
        }
        return found;
    }
    check_block(block, prior, config, planned, &root, &mut found);
    found
}

fn check_block(
    block: &Block,
    prior: &Value,
    config: &Value,
    planned: &Value,
    path: &Path,
    found: &mut Vec<String>,
) {
    check_attributes(&block.attributes, prior, config, planned, path, found);
    for (name, nested) in &block.blocks {
        let path = path.field(name);
        let (prior, config, planned) = (prior.get(name), config.get(name), planned.get(name));
        let inner = |value: &Value| match value {
            Value::Dynamic(_, inner) => (**inner).clone(),
            other => other.clone(),
        };
        let (prior, config, planned) = (inner(prior), inner(config), inner(planned));
        match (config.entries(), planned.entries()) {
            (Some(wanted), Some(there)) if matches!(config, Value::Map(_)) || is_blocks(nested) => {
                if !wanted.keys().eq(there.keys()) {
                    found.push(format!("{path}: other blocks are planned than are written"));
                }
                for (key, wanted) in wanted {
                    let path = path.key(key);
                    check_block(
                        &nested.block,
                        prior.get(key),
                        wanted,
                        planned.get(key),
                        &path,
                        found,
                    );
                }
            }
            (Some(_), Some(_)) => {
                check_block(&nested.block, &prior, &config, &planned, &path, found)
            }
            _ => {
                let count = |value: &Value| value.elements().map(<[Value]>::len);
                if count(&config) != count(&planned) && !config.is_unknown() {
                    found.push(format!("{path}: another number of blocks is planned"));
                }
            }
        }
    }
}

fn is_blocks(nested: &super::schema::NestedBlock) -> bool {
    nested.nesting == super::schema::BlockNesting::Map
}

fn check_attributes(
    schema: &BTreeMap<String, Attribute>,
    prior: &Value,
    config: &Value,
    planned: &Value,
    path: &Path,
    found: &mut Vec<String>,
) {
    for (name, attribute) in schema {
        let path = path.field(name);
        let (prior, config, planned) = (prior.get(name), config.get(name), planned.get(name));
        if attribute.write_only {
            if !planned.is_null() {
                found.push(format!("{path}: a write-only value is planned"));
            }
        } else if is_same(config, planned) || (is_same(prior, planned) && !config.is_null()) {
        } else if config.is_null() {
            if !attribute.computed {
                found.push(format!("{path}: a value is planned that nobody wrote"));
            }
        } else if let Some((nesting, inner)) = &attribute.nested {
            check_nested(*nesting, inner, [prior, config, planned], &path, found);
        } else {
            found.push(format!("{path}: planned otherwise than written"));
        }
    }
}

fn check_nested(
    nesting: Nesting,
    inner: &BTreeMap<String, Attribute>,
    [prior, config, planned]: [&Value; 3],
    path: &Path,
    found: &mut Vec<String>,
) {
    match (nesting, config, planned) {
        (Nesting::Single, Value::Object(_), Value::Object(_)) => {
            check_attributes(inner, prior, config, planned, path, found);
        }
        (Nesting::Map, Value::Map(wanted), Value::Map(there)) if wanted.keys().eq(there.keys()) => {
            for (key, wanted) in wanted {
                let (prior, planned) = (prior.get(key), planned.get(key));
                check_attributes(inner, prior, wanted, planned, &path.key(key), found);
            }
        }
        (Nesting::List, Value::List(wanted), Value::List(there)) if wanted.len() == there.len() => {
            for (at, (wanted, there)) in wanted.iter().zip(there).enumerate() {
                let prior = prior.elements().and_then(|all| all.get(at)).unwrap_or(&Value::Null);
                check_attributes(inner, prior, wanted, there, &path.index(at), found);
            }
        }
        // Which element of a set became which cannot be told; their number can.
        (Nesting::Set, Value::Set(wanted), Value::Set(there)) if wanted.len() == there.len() => {}
        _ => found.push(format!("{path}: planned otherwise than written")),
    }
}

fn is_same(one: &Value, other: &Value) -> bool {
    one == other || (one.is_unknown() && other.is_unknown())
}

/// Where a value is not what was promised: what was known must stay as it is.
pub fn broken_promises(promised: &Value, actual: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare(promised, actual, &Path::root(), &mut found);
    found
}

fn compare(promised: &Value, actual: &Value, path: &Path, found: &mut Vec<String>) {
    match (promised, actual) {
        (Value::Unknown(refinements), actual) => {
            if refinements.null == Some(false) && actual.is_null() {
                found.push(format!("{path}: is null, though promised not to be"));
            }
        }
        (Value::Dynamic(_, promised), Value::Dynamic(_, actual)) => {
            compare(promised, actual, path, found);
        }
        (Value::Object(promised), Value::Object(actual)) => {
            for (name, promised) in promised {
                let actual = actual.get(name).unwrap_or(&Value::Null);
                compare(promised, actual, &path.field(name), found);
            }
        }
        (Value::Map(promised), Value::Map(actual)) => {
            for name in
                promised.keys().chain(actual.keys().filter(|it| !promised.contains_key(*it)))
            {
                let path = path.key(name);
                match (promised.get(name), actual.get(name)) {
                    (Some(promised), Some(actual)) => compare(promised, actual, &path, found),
                    _ => found.push(format!("{path}: the elements are not those promised")),
                }
            }
        }
        (Value::List(promised), Value::List(actual))
        | (Value::Tuple(promised), Value::Tuple(actual))
            if promised.len() == actual.len() =>
        {
            for (at, (promised, actual)) in promised.iter().zip(actual).enumerate() {
                compare(promised, actual, &path.index(at), found);
            }
        }
        (Value::Set(promised), Value::Set(actual)) => {
            let lost = promised
                .iter()
                .any(|one| !actual.iter().any(|other| broken_promises(one, other).is_empty()));
            let sure = promised.iter().all(Value::is_wholly_known);
            if lost || (sure && promised.len() != actual.len()) {
                found.push(format!("{path}: the elements are not those promised"));
            }
        }
        (promised, actual) if promised == actual => {}
        _ => found.push(format!("{path}: is not what was promised")),
    }
}

#[cfg(test)]
mod tests {
    use travel_value::Refinements;

    use super::*;

    #[test]
    fn what_was_promised_must_come() {
        let check = |promised: Value, actual: Value, kept: bool| {
            let broken = broken_promises(&promised, &actual);
            assert_eq!(broken.is_empty(), kept, "{promised:?} {actual:?} {broken:?}");
        };
        let object = |value: Value| Value::object([("a", value)]);
        check(object(1.into()), object(1.into()), true);
        check(object(1.into()), object(2.into()), false);
        check(object(Value::Null), object(2.into()), false);
        check(object(Value::unknown()), object(2.into()), true);
        let not_null = Value::Unknown(Box::new(Refinements::not_null()));
        check(object(not_null), object(Value::Null), false);
        check(Value::map([("a", 1.into())]), Value::map([("b", 1.into())]), false);
        check(Value::set(["a".into()]), Value::set(["a".into(), "b".into()]), false);
        check(Value::set([Value::unknown()]), Value::set(["a".into(), "b".into()]), true);
        check(Value::List(vec![1.into()]), Value::List(vec![1.into(), 2.into()]), false);
    }

    fn attribute(optional: bool, computed: bool) -> Attribute {
        Attribute {
            kind: travel_value::Type::Number,
            nested: None,
            required: false,
            optional,
            computed,
            sensitive: false,
            write_only: false,
        }
    }

    #[test]
    fn a_plan_keeps_to_the_configuration() {
        let block = Block {
            attributes: BTreeMap::from([
                ("written".to_owned(), attribute(true, false)),
                ("either".to_owned(), attribute(true, true)),
                ("made".to_owned(), attribute(false, true)),
            ]),
            ..Block::default()
        };
        let object = |written: Value, either: Value, made: Value| {
            Value::object([("written", written), ("either", either), ("made", made)])
        };
        let null = || Value::Null;
        let check = |prior: Value, config: Value, planned: Value, illegal: usize| {
            let found = illegal_plan(&block, &prior, &config, &planned);
            assert_eq!(found.len(), illegal, "{found:?}");
        };
        let config = || object(1.into(), null(), null());
        check(null(), config(), object(1.into(), Value::unknown(), 3.into()), 0);
        check(null(), config(), object(2.into(), null(), null()), 1);
        let prior = object(2.into(), 2.into(), 2.into());
        check(prior, config(), object(2.into(), 2.into(), 2.into()), 0);
        check(null(), object(null(), 5.into(), null()), object(1.into(), 4.into(), null()), 2);
        check(null(), null(), config(), 1);
    }
}
