//! What Terraform is told of a resource, data source or provider: attributes, blocks and types.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use travel_value::{Type, Value};

use crate::rule::Rule;

/// The schema of one resource, data source, identity or provider configuration.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    /// The version of the state's shape; state of an older one is upgraded.
    pub version: i64,
    /// The attributes and blocks.
    pub block: Block,
}

/// Attributes and nested blocks, of a schema or of a block in it.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// What this is, in Markdown.
    pub description: String,
    /// The attributes, in the order they are documented.
    pub attributes: Vec<Attribute>,
    /// The nested blocks.
    pub blocks: Vec<NestedBlock>,
}

/// A nested block: repeated syntax with a body of its own.
#[derive(Clone, Debug)]
pub struct NestedBlock {
    /// The block's type, as written in the configuration.
    pub name: String,
    /// How many there may be, and what they are kept as.
    pub nesting: BlockNesting,
    /// What stands in it.
    pub block: Block,
}

/// What the blocks of one type are kept as. A list or set of blocks is empty, never null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockNesting {
    /// At most one; null where there is none.
    Single,
    /// In the order they are written.
    List,
    /// In no order.
    Set,
    /// By the label written after the block's type.
    Map,
}

/// One attribute.
#[derive(Clone, Debug, Default)]
pub struct Attribute {
    /// The name, as written in the configuration.
    pub name: String,
    /// The type of its value, or the attributes nested in it.
    pub kind: AttributeKind,
    /// What it is, in Markdown: shape, unit, source.
    pub description: String,
    /// Whether the configuration must set it.
    pub required: bool,
    /// Whether the configuration may set it.
    pub optional: bool,
    /// Whether the provider sets it where the configuration does not.
    pub computed: bool,
    /// Whether its value is hidden in plans and logs.
    pub sensitive: bool,
    /// Whether its value is never kept in plan or state.
    pub write_only: bool,
    /// Why not to use it any more, and what to use instead.
    pub deprecated: Option<String>,
    /// The value where the configuration sets none.
    pub default: Option<Value>,
    /// Whether another value means another object.
    pub replace: bool,
    /// Whether a computed value may change with every update; others keep their value.
    pub volatile: bool,
    /// Whether only the provider reads it: a change makes no API call.
    pub config_only: bool,
    /// Whether an import cannot tell it: it is null then, until the next change.
    pub not_imported: bool,
    /// What a value must satisfy.
    pub rules: Vec<Rule>,
    /// When two values that differ mean the same.
    pub same: Option<Sameness>,
}

/// What the value of an attribute is.
#[derive(Clone, Debug)]
pub enum AttributeKind {
    /// A value of a plain type.
    Plain(Type),
    /// An object, or a collection of objects, with attributes of their own.
    Nested {
        /// What the objects are kept as.
        nesting: Nesting,
        /// Their attributes.
        attributes: Vec<Attribute>,
    },
}

impl Default for AttributeKind {
    fn default() -> Self {
        Self::Plain(Type::Dynamic)
    }
}

/// What the objects of a nested attribute are kept as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nesting {
    /// One object.
    Single,
    /// An ordered list of objects.
    List,
    /// An unordered set of objects.
    Set,
    /// Objects under string keys.
    Map,
}

/// Says when two values of an attribute that differ to the letter mean the same (JSON documents,
/// host names in another case): then the prior value is kept and nothing is planned.
#[derive(Clone)]
pub struct Sameness(pub Arc<SameMeaning>);

/// Whether two known values mean the same.
pub type SameMeaning = dyn Fn(&Value, &Value) -> bool + Send + Sync;

impl std::fmt::Debug for Sameness {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Sameness")
    }
}

impl Attribute {
    /// The type of the attribute's value.
    pub fn value_type(&self) -> Type {
        match &self.kind {
            AttributeKind::Plain(kind) => kind.clone(),
            AttributeKind::Nested { nesting, attributes } => {
                let object = object_type(attributes, &[]);
                match nesting {
                    Nesting::Single => object,
                    Nesting::List => Type::list(object),
                    Nesting::Set => Type::set(object),
                    Nesting::Map => Type::map(object),
                }
            }
        }
    }

    /// Whether another value of it, or of part of it, can mean another object.
    pub fn may_replace(&self) -> bool {
        let nested = match &self.kind {
            AttributeKind::Plain(_) => &[][..],
            AttributeKind::Nested { attributes, .. } => attributes,
        };
        self.replace || nested.iter().any(Self::may_replace)
    }
}

impl Block {
    /// The type of the block's value.
    pub fn value_type(&self) -> Type {
        object_type(&self.attributes, &self.blocks)
    }

    /// The same for what has no state: where nothing is replaced, updated or imported.
    #[must_use]
    pub fn stateless(mut self) -> Self {
        let mut change = |attribute: &mut Attribute| {
            attribute.replace = false;
            attribute.config_only = false;
            attribute.volatile = false;
            attribute.not_imported = false;
            true
        };
        self.retain(&mut change);
        self
    }

    /// The same, as only a configuration has it: without what the provider sets.
    #[must_use]
    pub fn configured(self) -> Self {
        let mut block = self.stateless();
        let mut change = |attribute: &mut Attribute| {
            attribute.computed = false;
            attribute.required || attribute.optional
        };
        block.retain(&mut change);
        block
    }

    /// Changes all attributes, nested ones included, and keeps those for which that says so.
    fn retain(&mut self, change: &mut dyn FnMut(&mut Attribute) -> bool) {
        retain(&mut self.attributes, change);
        for nested in &mut self.blocks {
            nested.block.retain(change);
        }
    }

    /// The attribute of this name.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }
}

impl NestedBlock {
    /// The type of the value that all blocks of this type make together.
    pub fn value_type(&self) -> Type {
        let object = self.block.value_type();
        match self.nesting {
            BlockNesting::Single => object,
            BlockNesting::List => Type::list(object),
            BlockNesting::Set => Type::set(object),
            BlockNesting::Map if crate::shape::is_dynamic(self) => Type::Dynamic,
            BlockNesting::Map => Type::map(object),
        }
    }
}

impl Schema {
    /// The type of the configuration, plan and state that this schema describes.
    pub fn value_type(&self) -> Type {
        self.block.value_type()
    }
}

fn retain(attributes: &mut Vec<Attribute>, change: &mut dyn FnMut(&mut Attribute) -> bool) {
    attributes.retain_mut(|attribute| {
        if let AttributeKind::Nested { attributes, .. } = &mut attribute.kind {
            retain(attributes, change);
        }
        change(attribute)
    });
}

fn object_type(attributes: &[Attribute], blocks: &[NestedBlock]) -> Type {
    let attributes: BTreeMap<String, Type> = attributes
        .iter()
        .map(|attribute| (attribute.name.clone(), attribute.value_type()))
        .chain(blocks.iter().map(|block| (block.name.clone(), block.value_type())))
        .collect();
    Type::Object { attributes, optional: BTreeSet::new() }
}

/// The signature of a function, as Terraform is told of it.
#[derive(Clone, Debug)]
pub struct FunctionSignature {
    /// The name, without the provider's.
    pub name: String,
    /// What it does, in a line.
    pub summary: String,
    /// What it does, in Markdown.
    pub description: String,
    /// The fixed parameters, in order.
    pub parameters: Vec<Parameter>,
    /// The parameter that takes all further arguments, if any.
    pub variadic: Option<Parameter>,
    /// The type of the result.
    pub result: Type,
}

/// One parameter of a function.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name, for documentation and errors.
    pub name: String,
    /// What it is, in Markdown.
    pub description: String,
    /// The type of its value.
    pub kind: Type,
    /// Whether null may be passed; otherwise Terraform refuses it before the call.
    pub allow_null: bool,
    /// Whether unknown values may be passed; otherwise the result is unknown without a call.
    pub allow_unknown: bool,
}

impl Parameter {
    /// A parameter that takes neither null nor what is not known.
    pub fn new(name: &str, description: &str, kind: Type) -> Self {
        Self {
            name: name.to_owned(),
            description: description.to_owned(),
            kind,
            allow_null: false,
            allow_unknown: false,
        }
    }
}
