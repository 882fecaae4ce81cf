//! A filesystem mirror with one provider in it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::text;

/// The registry that the providers here are named after. It is not asked.
pub(super) const HOST: &str = "registry.terraform.io";

/// The version that every provider has here, whatever it is.
const VERSION: &str = "1.0.0";

/// Puts a provider into a mirror below a folder, and gives the CLI configuration that leads there.
pub(super) fn publish(
    program: &Path,
    namespace: &str,
    name: &str,
    folder: &Path,
) -> Result<PathBuf> {
    use std::env::consts::{ARCH, OS};
    let machine = match ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let mirror = folder.join("mirror");
    let place = mirror.join(format!("{HOST}/{namespace}/{name}/{VERSION}/{OS}_{machine}"));
    std::fs::create_dir_all(&place).context("failed to make a mirror")?;
    std::fs::copy(program, place.join(format!("terraform-provider-{name}_v{VERSION}")))
        .with_context(|| format!("failed to copy {}", program.display()))?;
    let configuration = folder.join("terraform.rc");
    let words = format!(
        "disable_checkpoint = true\n\nprovider_installation {{\n  filesystem_mirror {{\n    path = \"{}\"\n  }}\n}}\n",
        text(&mirror)?
    );
    std::fs::write(&configuration, words).context("failed to write a CLI configuration")?;
    Ok(configuration)
}

/// A configuration that needs a provider and does nothing with it.
pub(super) fn requirement(namespace: &str, name: &str) -> String {
    format!(
        "terraform {{\n  required_providers {{\n    {name} = {{ source = \"{HOST}/{namespace}/{name}\" }}\n  }}\n}}\n"
    )
}
