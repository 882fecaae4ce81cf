//! Writes `src/gen/` anew from the `.proto` texts: `cargo run -p travel-proto --example generate`.

mod compile;

use std::path::Path;
use std::{fs, io};

fn main() -> io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/gen");
    for (name, content) in compile::generate()? {
        fs::write(folder.join(&name), content)?;
        println!("wrote {}", folder.join(&name).display());
    }
    Ok(())
}
