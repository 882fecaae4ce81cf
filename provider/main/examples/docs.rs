//! Writes the reference pages: `cargo run -p terraform-provider-travel --example docs`.

use std::path::Path;

use anyhow::{Context, Result};

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
    Ok(())
}
