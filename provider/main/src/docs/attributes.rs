//! The schema section of a reference page.

use std::fmt::Write;

use travel_framework::rule::Rule;
use travel_framework::schema::{
    Attribute, AttributeKind, Block, BlockNesting, NestedBlock, Nesting,
};
use travel_framework::value::{Type, Value};

/// Whether an attribute belongs under a heading.
type Belongs = fn(&Attribute) -> bool;

/// What a nested section describes.
struct Section {
    anchor: String,
    attributes: Vec<Attribute>,
    blocks: Vec<NestedBlock>,
}

/// The attributes and blocks of a page, and of everything nested in them.
pub fn schema_section(block: &Block) -> String {
    let mut text = "\n## Schema\n".to_owned();
    let mut waiting = describe(&mut text, "###", "", &block.attributes, &block.blocks);
    while !waiting.is_empty() {
        let section = waiting.remove(0);
        let Section { anchor, attributes, blocks } = &section;
        // Writing to a string does not fail.
        let _ = write!(
            text,
            "\n<a id=\"nested--{}\"></a>\n### Nested Schema for `{anchor}`\n",
            anchor.replace('.', "--"),
        );
        let more = describe(&mut text, "####", anchor, attributes, blocks);
        waiting.splice(0..0, more);
    }
    text
}

fn describe(
    text: &mut String,
    heading: &str,
    within: &str,
    attributes: &[Attribute],
    blocks: &[NestedBlock],
) -> Vec<Section> {
    let mut sections = Vec::new();
    let kinds: [(&str, Belongs); 3] = [
        ("Required", |attribute| attribute.required),
        ("Optional", |attribute| attribute.optional),
        ("Read-Only", |attribute| !attribute.required && !attribute.optional),
    ];
    for (title, belongs) in kinds {
        let chosen: Vec<&Attribute> =
            attributes.iter().filter(|attribute| belongs(attribute)).collect();
        let with_blocks = title == "Optional" && !blocks.is_empty();
        if chosen.is_empty() && !with_blocks {
            continue;
        }
        let _ = write!(text, "\n{heading} {title}\n\n");
        for attribute in chosen {
            line(text, within, attribute, &mut sections);
        }
        if with_blocks {
            for block in blocks {
                block_line(text, within, block, &mut sections);
            }
        }
    }
    sections
}

fn line(text: &mut String, within: &str, attribute: &Attribute, sections: &mut Vec<Section>) {
    let Attribute { name, kind, description, .. } = attribute;
    let anchor = join(within, name);
    let words = match kind {
        AttributeKind::Plain(kind) => plain(kind),
        AttributeKind::Nested { nesting, attributes } => {
            sections.push(Section {
                anchor: anchor.clone(),
                attributes: attributes.clone(),
                blocks: Vec::new(),
            });
            let nesting = match nesting {
                Nesting::Single => "Attributes",
                Nesting::List => "Attributes List",
                Nesting::Set => "Attributes Set",
                Nesting::Map => "Attributes Map",
            };
            nesting.to_owned()
        }
    };
    let _ = write!(text, "- `{name}` ({words}{}) {description}", flags(attribute));
    if let Some(default) = attribute.default.as_ref().and_then(shown) {
        let _ = write!(text, " Default: `{default}`.");
    }
    // A page's own condition has no words of its own; the description says what it asks.
    for rule in attribute.rules.iter().filter(|rule| !matches!(rule, Rule::Custom(_))) {
        let _ = write!(text, " Must be {}.", rule.requirement());
    }
    if attribute.replace {
        text.push_str(" A change needs another object.");
    }
    if let Some(reason) = &attribute.deprecated {
        let _ = write!(text, " **Deprecated**: {reason}");
    }
    if matches!(kind, AttributeKind::Nested { .. }) {
        let _ = write!(text, " (see [below](#nested--{}))", anchor.replace('.', "--"));
    }
    text.push('\n');
}

fn block_line(text: &mut String, within: &str, block: &NestedBlock, sections: &mut Vec<Section>) {
    let anchor = join(within, &block.name);
    let nesting = match block.nesting {
        BlockNesting::Single => "Block",
        BlockNesting::List => "Block List",
        BlockNesting::Set => "Block Set",
        BlockNesting::Map => "Block Map",
    };
    let _ = writeln!(
        text,
        "- `{}` ({nesting}) {} (see [below](#nested--{}))",
        block.name,
        block.block.description,
        anchor.replace('.', "--"),
    );
    sections.push(Section {
        anchor,
        attributes: block.block.attributes.clone(),
        blocks: block.block.blocks.clone(),
    });
}

fn join(within: &str, name: &str) -> String {
    if within.is_empty() { name.to_owned() } else { format!("{within}.{name}") }
}

fn flags(attribute: &Attribute) -> String {
    let mut flags = String::new();
    if attribute.sensitive {
        flags.push_str(", Sensitive");
    }
    if attribute.write_only {
        flags.push_str(", Write-only");
    }
    if attribute.config_only {
        flags.push_str(", read by the provider only");
    }
    if attribute.not_imported {
        flags.push_str(", not known after an import");
    }
    flags
}

fn plain(kind: &Type) -> String {
    match kind {
        Type::String => "String".to_owned(),
        Type::Number => "Number".to_owned(),
        Type::Bool => "Boolean".to_owned(),
        Type::Dynamic => "Dynamic".to_owned(),
        Type::List(element) => format!("List of {}", plain(element)),
        Type::Set(element) => format!("Set of {}", plain(element)),
        Type::Map(element) => format!("Map of {}", plain(element)),
        Type::Tuple(_) | Type::Object { .. } => format!("`{kind}`"),
    }
}

/// A default that says something in a line.
fn shown(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(format!("{text:?}")),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::List(elements) | Value::Set(elements) => {
            let elements: Option<Vec<String>> = elements.iter().map(shown).collect();
            Some(format!("[{}]", elements?.join(", ")))
        }
        Value::Map(elements) if elements.is_empty() => Some("{}".to_owned()),
        _ => None,
    }
}
