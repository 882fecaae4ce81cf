//! The committed Rust is what the `.proto` texts say.

#[path = "../examples/generate/compile.rs"]
mod compile;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[test]
fn generated_files_are_up_to_date() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/gen");
    let fresh = compile::generate().unwrap();
    let committed: BTreeSet<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(committed, fresh.keys().cloned().collect::<BTreeSet<_>>());
    for (name, content) in fresh {
        assert!(
            fs::read(folder.join(&name)).unwrap() == content,
            "{name} is stale: run `cargo run -p travel-proto --example generate`"
        );
    }
}
