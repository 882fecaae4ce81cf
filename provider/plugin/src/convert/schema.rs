//! Schemas and signatures for Terraform.

use travel_framework::schema::{
    Attribute, AttributeKind, Block, BlockNesting, FunctionSignature, NestedBlock, Nesting,
    Parameter, Schema,
};
use travel_framework::value::Type;
use travel_proto::tfplugin6 as wire;

/// A schema as a message.
pub fn schema(schema: &Schema) -> wire::Schema {
    wire::Schema { version: schema.version, block: Some(block(&schema.block, schema.version)) }
}

/// The schema of an identity as a message.
pub fn identity_schema(schema: &Schema) -> wire::ResourceIdentitySchema {
    let attributes = schema.block.attributes.iter();
    wire::ResourceIdentitySchema {
        version: schema.version,
        identity_attributes: attributes
            .map(|attribute| wire::resource_identity_schema::IdentityAttribute {
                name: attribute.name.clone(),
                r#type: json(&attribute.value_type()),
                required_for_import: attribute.required,
                optional_for_import: attribute.optional,
                description: attribute.description.clone(),
            })
            .collect(),
    }
}

/// The signature of a function as a message.
pub fn function(signature: &FunctionSignature) -> wire::Function {
    wire::Function {
        parameters: signature.parameters.iter().map(parameter).collect(),
        variadic_parameter: signature.variadic.as_ref().map(parameter),
        r#return: Some(wire::function::Return { r#type: json(&signature.result) }),
        summary: signature.summary.clone(),
        description: signature.description.clone(),
        description_kind: wire::StringKind::Markdown.into(),
        deprecation_message: String::new(),
    }
}

fn parameter(parameter: &Parameter) -> wire::function::Parameter {
    wire::function::Parameter {
        name: parameter.name.clone(),
        r#type: json(&parameter.kind),
        allow_null_value: parameter.allow_null,
        allow_unknown_values: parameter.allow_unknown,
        description: parameter.description.clone(),
        description_kind: wire::StringKind::Markdown.into(),
    }
}

fn block(block: &Block, version: i64) -> wire::schema::Block {
    wire::schema::Block {
        version,
        attributes: block.attributes.iter().map(attribute).collect(),
        block_types: block.blocks.iter().map(nested_block).collect(),
        description: block.description.clone(),
        description_kind: wire::StringKind::Markdown.into(),
        deprecated: false,
        deprecation_message: String::new(),
    }
}

fn nested_block(nested: &NestedBlock) -> wire::schema::NestedBlock {
    use wire::schema::nested_block::NestingMode;

    let nesting = match nested.nesting {
        BlockNesting::Single => NestingMode::Single,
        BlockNesting::List => NestingMode::List,
        BlockNesting::Set => NestingMode::Set,
        BlockNesting::Map => NestingMode::Map,
    };
    wire::schema::NestedBlock {
        type_name: nested.name.clone(),
        block: Some(block(&nested.block, 0)),
        nesting: nesting.into(),
        min_items: 0,
        max_items: 0,
    }
}

fn attribute(attribute: &Attribute) -> wire::schema::Attribute {
    let (kind, nested_type) = match &attribute.kind {
        AttributeKind::Plain(kind) => (json(kind), None),
        AttributeKind::Nested { nesting, attributes } => {
            (Vec::new(), Some(object(*nesting, attributes)))
        }
    };
    wire::schema::Attribute {
        name: attribute.name.clone(),
        r#type: kind,
        nested_type,
        description: attribute.description.clone(),
        required: attribute.required,
        optional: attribute.optional,
        computed: attribute.computed,
        sensitive: attribute.sensitive,
        description_kind: wire::StringKind::Markdown.into(),
        deprecated: attribute.deprecated.is_some(),
        write_only: attribute.write_only,
        deprecation_message: attribute.deprecated.clone().unwrap_or_default(),
    }
}

fn object(nesting: Nesting, attributes: &[Attribute]) -> wire::schema::Object {
    use wire::schema::object::NestingMode;

    let nesting = match nesting {
        Nesting::Single => NestingMode::Single,
        Nesting::List => NestingMode::List,
        Nesting::Set => NestingMode::Set,
        Nesting::Map => NestingMode::Map,
    };
    wire::schema::Object {
        attributes: attributes.iter().map(attribute).collect(),
        nesting: nesting.into(),
        ..wire::schema::Object::default()
    }
}

fn json(kind: &Type) -> Vec<u8> {
    kind.to_json().into_bytes()
}
