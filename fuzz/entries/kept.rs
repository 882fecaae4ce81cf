//! The inputs that fuzzing has kept: each reached code that none before it did.

use std::error::Error;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Those of a target: `fuzz/corpus/TARGET.txt` has each in base64 on a line of its own.
///
/// # Errors
/// Where there is no such file, or a line is no base64.
pub fn inputs(target: &str) -> Result<Vec<Vec<u8>>, Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    let text = std::fs::read_to_string(folder.join(target).with_extension("txt"))?;
    text.lines().map(|line| Ok(STANDARD.decode(line)?)).collect()
}
