//! The reference pages, in the layout that registries read, from the schema and the examples.

mod attributes;
mod permissions;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result};
use travel_framework::Provider;
use travel_framework::resource::{Description, MoveSource, Proof};
use travel_framework::schema::{FunctionSignature, Schema};
use travel_framework::server::Server;

use attributes::schema_section;

/// The folders of the pages under `docs/`, as registries know them.
pub const FOLDERS: [&str; 6] =
    ["actions", "data-sources", "ephemeral-resources", "functions", "list-resources", "resources"];

/// Every reference page by its path under `docs/`.
///
/// # Errors
/// Where something that is served has no example in `examples`.
pub fn pages(provider: &Provider, examples: &Path) -> Result<BTreeMap<String, String>> {
    let schemas = provider.schemas();
    let mut pages = BTreeMap::new();
    pages.insert("index.md".to_owned(), index(&schemas.provider, examples)?);
    let descriptions: BTreeMap<&str, &Description> =
        provider.descriptions().map(|description| (description.type_name, description)).collect();
    for (name, schema) in &schemas.resources {
        let example = example(examples, &format!("resources/{name}/resource.tf"))?;
        let mut page = page(name, "Resource", schema, &example);
        if let Some(description) = descriptions.get(name.as_str()) {
            let is_listed = schemas.lists.contains_key(name);
            page.push_str(&behaviour(description, is_listed));
        }
        page.push_str(&permissions::section(name));
        pages.insert(format!("resources/{}.md", short(name)), page);
    }
    for (name, schema) in &schemas.data_sources {
        let example = example(examples, &format!("data-sources/{name}/data-source.tf"))?;
        let page = page(name, "Data Source", schema, &example);
        pages.insert(format!("data-sources/{}.md", short(name)), page);
    }
    for (kind, folder, file, schemas) in [
        (
            "Ephemeral Resource",
            "ephemeral-resources",
            "ephemeral-resource.tf",
            &schemas.ephemeral_resources,
        ),
        ("List Resource", "list-resources", "list-resource.tfquery.hcl", &schemas.lists),
        ("Action", "actions", "action.tf", &schemas.actions),
    ] {
        for (name, schema) in schemas {
            let example = example(examples, &format!("{folder}/{name}/{file}"))?;
            let page = page(name, kind, schema, &example);
            pages.insert(format!("{folder}/{}.md", short(name)), page);
        }
    }
    for (name, signature) in &schemas.functions {
        let example = example(examples, &format!("functions/{name}/function.tf"))?;
        pages.insert(format!("functions/{name}.md"), function(signature, &example));
    }
    Ok(pages)
}

fn example(examples: &Path, name: &str) -> Result<String> {
    let path = examples.join(name);
    std::fs::read_to_string(&path).with_context(|| format!("no example {}", path.display()))
}

/// The type without the provider's name, as registries name pages.
fn short(type_name: &str) -> &str {
    type_name.strip_prefix("travel_").unwrap_or(type_name)
}

fn heading(title: &str, kind: &str, description: &str) -> String {
    let summary = description.split("\n\n").next().unwrap_or_default();
    format!(
        "---\npage_title: \"{title} {kind} - travel\"\nsubcategory: \"\"\ndescription: |-\n  \
         {summary}\n---\n\n# {title} ({kind})\n\n{description}\n"
    )
}

fn usage(example: &str) -> String {
    format!("\n## Example Usage\n\n```terraform\n{}\n```\n", example.trim_end())
}

fn index(schema: &Schema, examples: &Path) -> Result<String> {
    let example = example(examples, "provider/provider.tf")?;
    let description = &schema.block.description;
    let summary = description.split("\n\n").next().unwrap_or_default();
    Ok(format!(
        "---\npage_title: \"Provider: travel\"\ndescription: |-\n  {summary}\n---\n\n\
         # travel Provider\n\n{description}\n{}{}",
        usage(&example),
        schema_section(&schema.block),
    ))
}

fn page(name: &str, kind: &str, schema: &Schema, example: &str) -> String {
    let block = &schema.block;
    format!(
        "{}{}{}",
        heading(name, kind, &block.description),
        usage(example),
        schema_section(block)
    )
}

fn behaviour(description: &Description, is_listed: bool) -> String {
    let Description { proof, refresh, keeps, identity, type_name, moves, .. } = description;
    let owned = match proof {
        Proof::Tags => "It carries ownership tags from the moment it is made",
        Proof::Parent => "It belongs to an object that carries ownership tags",
        Proof::Record => "A record beside it names its owner",
        Proof::Equality => {
            "It has no place for ownership tags: one that exists and equals the configuration is \
             taken over, one that differs is refused"
        }
    };
    let mut text = format!(
        "\n## Behaviour\n\n- {owned}. An apply that was cut off is continued by the next one.\n\
         - A refresh makes this many API calls: {refresh}.\n"
    );
    for kept in *keeps {
        // Writing to a string does not fail.
        let _ = writeln!(text, "- A destroy leaves: {kept}.");
    }
    if is_listed {
        let list = format!("../list-resources/{}.md", short(type_name));
        let _ = writeln!(text, "- What exists already is found by a [list]({list}).");
    }
    for MoveSource { provider, type_name: source, .. } in *moves {
        let _ = writeln!(
            text,
            "- A `moved` block takes over the state of an `{source}` of `{provider}`, as an import \
             would bring the object in."
        );
    }
    if !identity.is_empty() {
        let attributes: String =
            description.identity_names().map(|name| format!("    {name} = \"…\"\n")).collect();
        let _ = write!(
            text,
            "\n## Import\n\nBy identity, where the core knows it, or by id (the same values, \
             joined by `/`):\n\n```terraform\nimport {{\n  to = {type_name}.example\n  identity = \
             {{\n{attributes}  }}\n}}\n```\n"
        );
    }
    text
}

fn function(signature: &FunctionSignature, example: &str) -> String {
    let FunctionSignature { name, description, parameters, variadic, result, .. } = signature;
    let all = || parameters.iter().chain(variadic);
    let arguments: Vec<String> =
        all().map(|parameter| format!("{} {}", parameter.name, parameter.kind)).collect();
    let mut text = heading(name, "function", description);
    text.push_str(&usage(example));
    let _ = write!(
        text,
        "\n## Signature\n\n```text\n{name}({}) {result}\n```\n\n## Arguments\n\n",
        arguments.join(", "),
    );
    for (position, parameter) in all().enumerate() {
        let _ = writeln!(
            text,
            "{}. `{}` ({}) {}",
            position + 1,
            parameter.name,
            parameter.kind,
            parameter.description,
        );
    }
    text
}
