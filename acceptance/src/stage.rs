//! What a test or a check is played on: a sandbox, with a cluster in it where one is asked for.

use anyhow::Result;

use crate::cluster;
use crate::sandbox::fakes::control_plane::missing_program;
use crate::sandbox::{Options, Sandbox, missing_tools, tools_folder};

/// What this machine lacks for a sandbox, with a cluster of this name or without one, as a sentence.
pub fn missing(cluster: Option<&str>) -> Option<String> {
    let tools = tools_folder();
    missing_tools(&tools).or_else(|| {
        let program = cluster.and_then(|_| missing_program(&tools))?;
        Some(format!("{} is missing", program.display()))
    })
}

/// Whether a test is left out because this machine lacks something for it; says so where it is.
pub fn left_out(cluster: Option<&str>) -> bool {
    let missing = missing(cluster);
    if let Some(missing) = &missing {
        eprintln!("left out: {missing}");
    }
    missing.is_some()
}

/// Starts a sandbox, with a cluster of this name in it.
///
/// # Errors
/// As [`Sandbox::start`] and [`cluster::make`].
pub async fn start(cluster: Option<&str>) -> Result<Sandbox> {
    let sandbox = Sandbox::start(Options::default()).await?;
    if let Some(name) = cluster {
        cluster::make(&sandbox, name).await?;
    }
    Ok(sandbox)
}
