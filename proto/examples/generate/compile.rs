//! From the `.proto` texts to Rust, in memory; shared by the generator and the test that finds
//! generated files stale. Needs no protoc.

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

use prost::Message;

/// The generated files by their names in `src/gen/`.
pub fn generate() -> io::Result<BTreeMap<String, Vec<u8>>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let texts = ["tfplugin6/provider.proto", "plugin.proto", "health.proto"];
    let mut descriptors = protox::compile(texts, [root]).map_err(io::Error::other)?;

    let folder = tempfile::tempdir()?;
    tonic_prost_build::configure()
        .btree_map(".")
        .build_transport(false)
        .emit_rerun_if_changed(false)
        .generate_default_stubs(true)
        .out_dir(folder.path())
        .compile_fds(descriptors.clone())?;

    // Reflection has no use for the places and comments of the text.
    for file in &mut descriptors.file {
        file.source_code_info = None;
    }
    let mut files = BTreeMap::from([("descriptors.bin".to_owned(), descriptors.encode_to_vec())]);
    for entry in fs::read_dir(folder.path())? {
        let entry = entry?;
        files.insert(entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path())?);
    }
    Ok(files)
}
