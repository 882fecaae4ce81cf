//! Charts of any files: they are loaded or refused, and what is loaded is rendered or refused, within bounds.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use travel_helm::chart::Chart;
use travel_helm::{
    Bounds, Capabilities, KubeVersion, ReleaseContext, RenderOptions, TreeMap, render_within,
};

use crate::files;

/// So little that an input takes no more than milliseconds.
const BOUNDS: Bounds = Bounds { stack_bytes: 40 << 20, work: 4 << 20 };
/// What a gzipped archive starts with.
const GZIP: &[u8] = &[0x1f, 0x8b];

/// Loads and renders an input, and says how far that goes: nowhere, to a chart, or to documents.
pub fn run(input: &[u8]) -> usize {
    let text = String::from_utf8_lossy(input);
    let archive = match &files::split(&text)[..] {
        _ if input.starts_with(GZIP) => input.to_vec(),
        [] | [("", _), ..] => zipped(input),
        files => zipped(&archive(files)),
    };
    let Ok(loaded) = Chart::load_archive(&archive) else { return 0 };
    let options = RenderOptions {
        release: ReleaseContext {
            name: "release".to_owned(),
            namespace: "namespace".to_owned(),
            revision: 1,
            is_upgrade: false,
        },
        capabilities: Capabilities::declared(KubeVersion::default(), []),
        lookup: None,
        planning: false,
        skip_schema_validation: false,
    };
    let rendered = render_within(loaded.chart, &TreeMap::new(), &options, BOUNDS);
    1 + usize::from(rendered.is_ok())
}

/// Files in an archive, whatever they are called.
fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        let name = format!("chart/{name}");
        let place = &mut header.as_old_mut().name;
        let length = name.len().min(place.len());
        place[..length].copy_from_slice(&name.as_bytes()[..length]);
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        // Writing to memory does not fail.
        let _ = archive.append(&header, content.as_bytes());
    }
    archive.into_inner().unwrap_or_default()
}

fn zipped(data: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::none());
    let _ = encoder.write_all(data);
    encoder.finish().unwrap_or_default()
}
