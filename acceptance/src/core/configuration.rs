//! A configuration as its files say it: resources, locals and outputs, in the order they need each
//! other.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail, ensure};
use hcl::{Body, Expression, Structure};
use travel_value::{Type, Value};

use super::convert::{actual, convert, plain};
use super::evaluate::{Names, evaluate, references};
use super::places::Place;
use super::schema::{Attribute, Block, BlockNesting, NestedBlock, Nesting};

/// The resource that is no provider's: it keeps what it is given.
pub const BUILT_IN: &str = "terraform_data";
/// A name for what is not known yet. No file can write it.
const UNKNOWN: &str = "(unknown)";

/// What a configuration's files say.
#[derive(Clone, Debug, Default)]
pub struct Configuration {
    /// The body of the provider's block.
    pub provider: Body,
    /// The resources by address.
    pub resources: BTreeMap<String, ResourceBlock>,
    locals: BTreeMap<String, Expression>,
    variables: BTreeMap<String, Value>,
    outputs: BTreeMap<String, Output>,
}

/// What is told of what was made.
#[derive(Clone, Debug)]
struct Output {
    value: Expression,
    /// What must be true, with what is said where it is not.
    conditions: Vec<(Expression, Expression)>,
}

/// One resource's block.
#[derive(Clone, Debug, Default)]
pub struct ResourceBlock {
    /// The type.
    pub type_name: String,
    /// The name.
    pub name: String,
    /// What stands in it.
    pub body: Body,
    /// Whether a replacement is made before what it replaces is removed.
    pub create_before_destroy: bool,
}

impl Configuration {
    /// Reads the text of all files.
    ///
    /// # Errors
    /// Where it uses what is not supported here.
    pub fn read(text: &str, variables: BTreeMap<String, Value>) -> Result<Self> {
        let mut read = Self { variables, ..Self::default() };
        for structure in hcl::parse(text).context("failed to read the configuration")? {
            let Structure::Block(block) = structure else {
                bail!("an attribute stands outside of blocks");
            };
            let labels: Vec<&str> = block.labels.iter().map(hcl::BlockLabel::as_str).collect();
            match (block.identifier.as_str(), labels.as_slice()) {
                ("terraform" | "variable", _) => {}
                ("provider", [_]) => read.provider = block.body,
                ("locals", []) => {
                    for local in block.body.attributes() {
                        read.locals.insert(local.key.to_string(), local.expr.clone());
                    }
                }
                ("output", [name]) => {
                    let output = Output::read(&block.body).with_context(|| (*name).to_owned())?;
                    read.outputs.insert((*name).to_owned(), output);
                }
                ("resource", [type_name, name]) => {
                    let resource = ResourceBlock::read(type_name, name, block.body)?;
                    read.resources.insert(format!("{type_name}.{name}"), resource);
                }
                (other, _) => bail!("the harness's core knows no {other} block"),
            }
        }
        Ok(read)
    }

    /// The same without any resource: what destroys them all.
    pub fn without_resources(&self) -> Self {
        Self { resources: BTreeMap::new(), outputs: BTreeMap::new(), ..self.clone() }
    }

    /// The same with a value of a resource that is not known yet.
    pub fn with_unknown(&self, address: &str, place: &Place) -> Self {
        let mut changed = self.clone();
        if let Some(resource) = changed.resources.get_mut(address) {
            let unknown = Expression::Variable(hcl::expr::Variable::unchecked(UNKNOWN));
            place.replace(&mut resource.body, unknown);
        }
        changed
    }

    /// The same with every attribute of some resources fed from a resource that is made before.
    ///
    /// # Errors
    /// Where there is no such resource.
    pub fn with_late(&self, addresses: &[String]) -> Result<Self> {
        let mut changed = self.clone();
        for (at, address) in addresses.iter().enumerate() {
            let resource = changed.resources.get_mut(address);
            let resource = resource.with_context(|| format!("there is no {address}"))?;
            let name = format!("late_{at}");
            let mut input = hcl::Object::new();
            for place in Place::all(&resource.body).into_iter().filter(|it| it.is_written) {
                let text = format!("it = terraform_data.{name}.output[{:?}]", place.label);
                let parsed = hcl::parse(&text)?;
                let late = parsed.attributes().next().context("an expression is gone")?;
                let written = place.replace(&mut resource.body, late.expr.clone());
                let key = hcl::expr::ObjectKey::from(place.label.as_str());
                input.insert(key, written.context("a place is gone")?);
            }
            let body = Body::from(vec![hcl::Attribute::new("input", Expression::Object(input))]);
            let late = ResourceBlock { name: name.clone(), body, ..ResourceBlock::built_in() };
            changed.resources.insert(format!("{BUILT_IN}.{name}"), late);
        }
        Ok(changed)
    }

    /// The addresses of the resources, each after those that it refers to.
    ///
    /// # Errors
    /// Where they refer to each other in a circle.
    pub fn order(&self) -> Result<Vec<String>> {
        let mut ordered: Vec<String> = Vec::new();
        while ordered.len() < self.resources.len() {
            let next = self.resources.keys().find(|address| {
                !ordered.contains(address)
                    && self.needs(address).iter().all(|needed| ordered.contains(needed))
            });
            ordered.push(next.context("resources refer to each other in a circle")?.clone());
        }
        Ok(ordered)
    }

    /// The addresses of the resources that one refers to, also by way of locals.
    pub fn needs(&self, address: &str) -> BTreeSet<String> {
        let Some(resource) = self.resources.get(address) else { return BTreeSet::new() };
        let mut needed = BTreeSet::new();
        let mut left: Vec<String> = in_body(&resource.body).into_iter().collect();
        let mut seen = BTreeSet::new();
        while let Some(reference) = left.pop() {
            if !seen.insert(reference.clone()) {
                continue;
            }
            if self.resources.contains_key(&reference) {
                needed.insert(reference);
            } else if let Some(local) = reference.strip_prefix("local.") {
                left.extend(self.locals.get(local).into_iter().flat_map(references));
            }
        }
        needed
    }

    /// What names stand for, given the values of some resources by address. What needs others is
    /// left out.
    pub fn names(&self, objects: &BTreeMap<String, Value>) -> Names {
        let mut types: BTreeMap<String, BTreeMap<String, Value>> = BTreeMap::new();
        for (address, value) in objects {
            if let Some((type_name, name)) = address.split_once('.') {
                types.entry(type_name.into()).or_default().insert(name.into(), value.clone());
            }
        }
        let mut names: Names =
            types.into_iter().map(|(name, all)| (name, Value::Object(all))).collect();
        names.insert("var".into(), Value::Object(self.variables.clone()));
        names.insert(UNKNOWN.into(), Value::unknown());
        let mut known = BTreeMap::new();
        // Locals refer to each other: each pass finds those that stand on the ones before.
        loop {
            let before = known.len();
            names.insert("local".into(), Value::Object(known.clone()));
            for (name, expression) in &self.locals {
                if let Ok(value) = evaluate(expression, &names) {
                    known.insert(name.clone(), value);
                }
            }
            if known.len() == before {
                return names;
            }
        }
    }

    /// The outputs that are text.
    ///
    /// # Errors
    /// Where one cannot be evaluated, or what it demands is not so.
    pub fn outputs(&self, names: &Names) -> Result<BTreeMap<String, String>> {
        let mut texts = BTreeMap::new();
        for (name, output) in &self.outputs {
            let value = output.evaluate(names).with_context(|| format!("output {name}"))?;
            if let Some(text) = value.as_str() {
                texts.insert(name.clone(), text.to_owned());
            }
        }
        Ok(texts)
    }
}

impl Output {
    fn read(body: &Body) -> Result<Self> {
        let of = |body: &Body, name: &str| {
            let found = body.attributes().find(|it| it.key.as_str() == name);
            let found = found.with_context(|| format!("there is no {name}"))?;
            anyhow::Ok(found.expr.clone())
        };
        let mut conditions = Vec::new();
        for block in body.blocks() {
            let kind = block.identifier.as_str();
            ensure!(kind == "precondition", "the harness's core knows no {kind} of an output");
            conditions.push((of(&block.body, "condition")?, of(&block.body, "error_message")?));
        }
        Ok(Self { value: of(body, "value")?, conditions })
    }

    fn evaluate(&self, names: &Names) -> Result<Value> {
        for (condition, message) in &self.conditions {
            let holds = evaluate(condition, names)?;
            if holds.as_bool() != Some(true) && !holds.is_unknown() {
                bail!("{}", evaluate(message, names)?.as_str().unwrap_or("a condition is broken"));
            }
        }
        evaluate(&self.value, names)
    }
}

impl ResourceBlock {
    /// An empty one of the resource that is no provider's.
    fn built_in() -> Self {
        Self { type_name: BUILT_IN.to_owned(), ..Self::default() }
    }

    /// The places where something is written.
    pub fn places(&self) -> Vec<Place> {
        Place::all(&self.body)
    }

    fn read(type_name: &str, name: &str, mut body: Body) -> Result<Self> {
        let mut create_before_destroy = false;
        let (lifecycle, others): (Vec<Structure>, Vec<Structure>) = body.0.drain(..).partition(
            |it| matches!(it, Structure::Block(block) if block.identifier.as_str() == "lifecycle"),
        );
        for structure in lifecycle {
            let Structure::Block(block) = structure else { continue };
            for attribute in block.body.attributes() {
                ensure!(
                    attribute.key.as_str() == "create_before_destroy",
                    "the harness's core knows no {} in a lifecycle",
                    attribute.key.as_str(),
                );
                create_before_destroy = attribute.expr == Expression::Bool(true);
            }
        }
        let body = Body(others);
        Ok(Self { type_name: type_name.into(), name: name.into(), body, create_before_destroy })
    }
}

/// The value that a body says, of a schema's shape: what it leaves out is null, or empty for
/// blocks.
///
/// # Errors
/// Where it says what the schema has not, or leaves out what it must say.
pub fn value_of(body: &Body, schema: &Block, names: &Names) -> Result<Value> {
    let mut object = BTreeMap::new();
    for name in schema.attributes.keys() {
        object.insert(name.clone(), Value::Null);
    }
    for written in body.attributes() {
        let name = written.key.as_str();
        let attribute =
            schema.attributes.get(name).with_context(|| format!("there is no argument {name}"))?;
        let value = evaluate(&written.expr, names).with_context(|| name.to_owned())?;
        has_required(&value, attribute).with_context(|| name.to_owned())?;
        let value = convert(value, &attribute.kind).with_context(|| name.to_owned())?;
        ensure!(attribute.required || attribute.optional || value.is_null(), "{name} is read-only");
        object.insert(name.to_owned(), value);
    }
    for (name, attribute) in &schema.attributes {
        let given = object.get(name).is_some_and(|value| !value.is_null());
        ensure!(given || !attribute.required, "{name} must be set");
    }
    for (name, nested) in &schema.blocks {
        let all: Vec<&hcl::Block> =
            body.blocks().filter(|it| it.identifier.as_str() == name).collect();
        let value = blocks(&all, nested, names).with_context(|| name.clone())?;
        object.insert(name.clone(), value);
    }
    if let Some(unknown) =
        body.blocks().find(|it| !schema.blocks.contains_key(it.identifier.as_str()))
    {
        bail!("there is no block {}", unknown.identifier.as_str());
    }
    Ok(Value::Object(object))
}

/// Refuses nested objects that leave out what they must say. One that says null is the provider's to
/// refuse.
fn has_required(value: &Value, attribute: &Attribute) -> Result<()> {
    let Some((nesting, inner)) = &attribute.nested else { return Ok(()) };
    let one = |object: &Value| -> Result<()> {
        // What is null or not known leaves out nothing.
        let Some(given) = object.entries() else { return Ok(()) };
        for (name, attribute) in inner {
            match given.get(name) {
                Some(value) => has_required(value, attribute).with_context(|| name.clone())?,
                None => ensure!(!attribute.required, "{name} must be set"),
            }
        }
        Ok(())
    };
    match nesting {
        Nesting::Map => value.entries().into_iter().flatten().try_for_each(|(_, it)| one(it)),
        Nesting::List | Nesting::Set => value.elements().into_iter().flatten().try_for_each(one),
        Nesting::Single | Nesting::Invalid => one(value),
    }
}

fn blocks(all: &[&hcl::Block], nested: &NestedBlock, names: &Names) -> Result<Value> {
    let value = |block: &hcl::Block| value_of(&block.body, &nested.block, names);
    match nested.nesting {
        BlockNesting::Single | BlockNesting::Group | BlockNesting::Invalid => {
            all.first().map_or(Ok(Value::Null), |block| value(block))
        }
        BlockNesting::List => {
            let values: Result<Vec<Value>> = all.iter().map(|block| value(block)).collect();
            Ok(Value::List(values?))
        }
        BlockNesting::Set => {
            let values: Result<Vec<Value>> = all.iter().map(|block| value(block)).collect();
            Ok(Value::set(values?))
        }
        BlockNesting::Map => {
            let mut entries = BTreeMap::new();
            for block in all {
                let label = block.labels.first().context("a block has no label")?;
                entries.insert(label.as_str().to_owned(), value(block)?);
            }
            if nested.kind() != Type::Dynamic {
                return Ok(Value::Map(entries));
            }
            // Blocks that may differ in type make an object of their own types.
            let one = nested.block.kind();
            let types = entries.iter().map(|(label, value)| (label.clone(), actual(&one, value)));
            let kind = Type::object(types.collect::<Vec<_>>());
            Ok(Value::Dynamic(Box::new(kind), Box::new(plain(Value::Object(entries)))))
        }
    }
}

fn in_body(body: &Body) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for structure in body {
        match structure {
            Structure::Attribute(attribute) => found.extend(references(&attribute.expr)),
            Structure::Block(block) => found.extend(in_body(&block.body)),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(kind: Type, nested: Option<(Nesting, &[(&str, Attribute)])>) -> Attribute {
        let nested = nested.map(|(nesting, inner)| {
            let inner = inner.iter().map(|(name, it)| ((*name).to_owned(), it.clone()));
            (nesting, inner.collect())
        });
        let (optional, computed, sensitive, write_only) = (true, false, false, false);
        Attribute { kind, nested, required: false, optional, computed, sensitive, write_only }
    }

    #[test]
    fn nested_objects_say_what_they_must() {
        let must = Attribute { required: true, ..attribute(Type::String, None) };
        let inner = [("must", must), ("may", attribute(Type::String, None))];
        let object = Type::object([("must", Type::String), ("may", Type::String)]);
        let outer = [
            ("single", attribute(object.clone(), Some((Nesting::Single, &inner)))),
            ("list", attribute(Type::list(object.clone()), Some((Nesting::List, &inner)))),
            ("map", attribute(Type::map(object), Some((Nesting::Map, &inner)))),
        ];
        let attributes = outer.map(|(name, it)| (name.to_owned(), it)).into();
        let schema = Block { attributes, ..Block::default() };
        for (text, expected) in [
            ("", None),
            ("single = null", None),
            (r#"single = { must = "a" }"#, None),
            (r#"single = { must = null }"#, None),
            (r#"single = { may = "a" }"#, Some("single: must must be set")),
            (r#"list = [{ must = "a" }, {}]"#, Some("list: must must be set")),
            (r#"map = { one = { must = "a" } }"#, None),
            (r#"map = { one = {} }"#, Some("map: must must be set")),
        ] {
            let body: Body = hcl::parse(text).unwrap();
            let said = value_of(&body, &schema, &Names::default());
            let said = said.err().map(|error| format!("{error:#}"));
            assert_eq!(said.as_deref(), expected, "{text}");
        }
    }
}
