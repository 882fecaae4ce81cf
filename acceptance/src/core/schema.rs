//! What a provider says its objects look like.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use travel_proto::tfplugin6 as wire;
use travel_value::Type;

/// The schemas of a provider.
#[derive(Clone, Debug, Default)]
pub struct Schemas {
    /// Of the provider's own configuration.
    pub provider: Block,
    /// Of each managed resource, by type.
    pub resources: BTreeMap<String, Block>,
    /// Of each data source, by type.
    pub data_sources: BTreeMap<String, Block>,
    /// Of the configuration of each list, by the type of the resource that it lists.
    pub lists: BTreeMap<String, Block>,
    /// Of the configuration of each action, by type.
    pub actions: BTreeMap<String, Block>,
    /// The identities, by the type of the resource.
    pub identities: BTreeMap<String, Identity>,
}

/// What tells a resource's objects apart.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The type of its value.
    pub kind: Type,
    /// Its attributes, in the provider's order.
    pub names: Vec<String>,
}

/// Attributes and nested blocks.
#[derive(Clone, Debug, Default)]
pub struct Block {
    /// The version of the state's shape; only at the top.
    pub version: i64,
    /// The attributes by name.
    pub attributes: BTreeMap<String, Attribute>,
    /// The nested blocks by type.
    pub blocks: BTreeMap<String, NestedBlock>,
}

/// One attribute.
#[derive(Clone, Debug)]
pub struct Attribute {
    /// The type of its value.
    pub kind: Type,
    /// The attributes nested in it, and how many such objects there are.
    pub nested: Option<(Nesting, BTreeMap<String, Attribute>)>,
    /// Whether a configuration must set it.
    pub required: bool,
    /// Whether a configuration may set it.
    pub optional: bool,
    /// Whether the provider sets it where a configuration does not.
    pub computed: bool,
    /// Whether its value is hidden.
    pub sensitive: bool,
    /// Whether its value is never kept.
    pub write_only: bool,
}

/// A nested block.
#[derive(Clone, Debug)]
pub struct NestedBlock {
    /// What the blocks are kept as.
    pub nesting: BlockNesting,
    /// What stands in each.
    pub block: Block,
}

/// What nested objects are kept as.
pub type Nesting = wire::schema::object::NestingMode;
/// What nested blocks are kept as.
pub type BlockNesting = wire::schema::nested_block::NestingMode;

impl Schemas {
    /// Reads a provider's answers.
    ///
    /// # Errors
    /// Where they break the protocol.
    pub fn read(
        schema: &wire::get_provider_schema::Response,
        identities: &wire::get_resource_identity_schemas::Response,
    ) -> Result<Self> {
        let all = |schemas: &BTreeMap<String, wire::Schema>| {
            let read = schemas.iter().map(|(name, it)| Ok((name.clone(), top(it)?)));
            read.collect::<Result<BTreeMap<String, Block>>>()
        };
        let mut types = BTreeMap::new();
        for (name, schema) in &identities.identity_schemas {
            let mut attributes = BTreeMap::new();
            let mut names = Vec::new();
            for attribute in &schema.identity_attributes {
                attributes.insert(attribute.name.clone(), Type::from_json(&attribute.r#type)?);
                names.push(attribute.name.clone());
            }
            types.insert(name.clone(), Identity { kind: Type::object(attributes), names });
        }
        Ok(Self {
            provider: top(schema.provider.as_ref().context("there is no provider schema")?)?,
            resources: all(&schema.resource_schemas)?,
            data_sources: all(&schema.data_source_schemas)?,
            lists: all(&schema.list_resource_schemas)?,
            actions: schema
                .action_schemas
                .iter()
                .map(|(name, action)| {
                    let schema = action.schema.as_ref().context("an action has no schema")?;
                    Ok((name.clone(), top(schema)?))
                })
                .collect::<Result<_>>()?,
            identities: types,
        })
    }
}

fn top(schema: &wire::Schema) -> Result<Block> {
    let block = schema.block.as_ref().context("a schema has no block")?;
    Ok(Block { version: schema.version, ..read_block(block)? })
}

fn read_block(block: &wire::schema::Block) -> Result<Block> {
    let mut blocks = BTreeMap::new();
    for nested in &block.block_types {
        let inner = nested.block.as_ref().context("a nested block has no content")?;
        let read = NestedBlock { nesting: nested.nesting(), block: read_block(inner)? };
        blocks.insert(nested.type_name.clone(), read);
    }
    Ok(Block { version: 0, attributes: read_attributes(&block.attributes)?, blocks })
}

fn read_attributes(attributes: &[wire::schema::Attribute]) -> Result<BTreeMap<String, Attribute>> {
    let mut read = BTreeMap::new();
    for attribute in attributes {
        let (kind, nested) = match &attribute.nested_type {
            None => (Type::from_json(&attribute.r#type)?, None),
            Some(object) => {
                let inner = read_attributes(&object.attributes)?;
                let one = object_type(&inner, &BTreeMap::new());
                let kind = match object.nesting() {
                    Nesting::Single => one,
                    Nesting::List => Type::list(one),
                    Nesting::Set => Type::set(one),
                    Nesting::Map => Type::map(one),
                    Nesting::Invalid => bail!("{} nests in no known way", attribute.name),
                };
                (kind, Some((object.nesting(), inner)))
            }
        };
        let wire::schema::Attribute { required, optional, computed, .. } = *attribute;
        let wire::schema::Attribute { sensitive, write_only, .. } = *attribute;
        let of_it = Attribute { kind, nested, required, optional, computed, sensitive, write_only };
        read.insert(attribute.name.clone(), of_it);
    }
    Ok(read)
}

fn object_type(
    attributes: &BTreeMap<String, Attribute>,
    blocks: &BTreeMap<String, NestedBlock>,
) -> Type {
    let attributes = attributes.iter().map(|(name, it)| (name.clone(), it.kind.clone()));
    let blocks = blocks.iter().map(|(name, it)| (name.clone(), it.kind()));
    Type::object(attributes.chain(blocks).collect::<Vec<_>>())
}

impl Block {
    /// The type of an object of this shape.
    pub fn kind(&self) -> Type {
        object_type(&self.attributes, &self.blocks)
    }
}

impl NestedBlock {
    /// The type of all blocks together.
    pub fn kind(&self) -> Type {
        let one = self.block.kind();
        match self.nesting {
            BlockNesting::List if is_dynamic(&one) => Type::Dynamic,
            BlockNesting::Map if is_dynamic(&one) => Type::Dynamic,
            BlockNesting::List => Type::list(one),
            BlockNesting::Set => Type::set(one),
            BlockNesting::Map => Type::map(one),
            BlockNesting::Single | BlockNesting::Group | BlockNesting::Invalid => one,
        }
    }
}

/// Whether a type has a part of any type.
fn is_dynamic(kind: &Type) -> bool {
    match kind {
        Type::Dynamic => true,
        Type::String | Type::Number | Type::Bool => false,
        Type::List(one) | Type::Set(one) | Type::Map(one) => is_dynamic(one),
        Type::Tuple(all) => all.iter().any(is_dynamic),
        Type::Object { attributes, .. } => attributes.values().any(is_dynamic),
    }
}
