//! Writes the reference pages and the schema as it is committed, unless what has changed in that
//! breaks what worked before and nobody has said so.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use terraform_provider_travel::contract::{Contract, unacknowledged};
use travel_framework::Provider;
use travel_framework::server::Server;

fn main() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let provider = terraform_provider_travel::registry::provider();
    let pages = terraform_provider_travel::docs::pages(&provider, &root.join("examples"))?;
    for folder in terraform_provider_travel::docs::FOLDERS {
        // What is no longer served has no page any more.
        let folder = root.join("docs").join(folder);
        if folder.exists() {
            std::fs::remove_dir_all(&folder)
                .with_context(|| format!("failed to empty {}", folder.display()))?;
        }
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("failed to make {}", folder.display()))?;
    }
    for (name, page) in &pages {
        let path = root.join("docs").join(name);
        std::fs::write(&path, page)
            .with_context(|| format!("failed to write {}", path.display()))?;
    }
    println!("{} pages written", pages.len());
    write_schema(&provider)
}

fn write_schema(provider: &Provider) -> Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = folder.join("schema.txt");
    let served = Contract::of(provider.schemas());
    if path.exists() {
        let before = Contract::parse(&std::fs::read_to_string(&path)?)?;
        let acknowledged = std::fs::read_to_string(folder.join("schema-breaks.txt"))?;
        let breaks = unacknowledged(served.breaks(&before), &acknowledged)?;
        let lines: Vec<String> = breaks.iter().map(ToString::to_string).collect();
        ensure!(
            lines.is_empty(),
            "what worked before breaks; undo it, or say why in provider/main/schema-breaks.txt:\n{}",
            lines.join("\n"),
        );
    }
    std::fs::write(&path, served.to_string())
        .with_context(|| format!("failed to write {}", path.display()))
}
