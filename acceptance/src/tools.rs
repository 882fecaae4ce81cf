//! The programs that tests run beside the sandbox's own.

use std::path::PathBuf;

use crate::sandbox::tools_folder;

/// The path of a program: the installed one first, then the one on PATH.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::iter::once(tools_folder().join("bin"))
        .chain(std::env::split_paths(&path))
        .map(|folder| folder.join(program))
        .find(|candidate| candidate.is_file())
}
