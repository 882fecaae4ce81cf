//! The committed reference pages are those of this schema and these examples.

use std::path::Path;

#[test]
fn reference_pages_are_up_to_date() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let provider = terraform_provider_travel::registry::provider();
    let pages = terraform_provider_travel::docs::pages(&provider, &root.join("examples")).unwrap();
    for (name, page) in &pages {
        let committed = std::fs::read_to_string(root.join("docs").join(name)).unwrap_or_default();
        assert_eq!(&committed, page, "docs/{name} is stale: run `make docs`");
    }
    for folder in terraform_provider_travel::docs::FOLDERS {
        let entries = std::fs::read_dir(root.join("docs").join(folder));
        for entry in entries.into_iter().flatten() {
            let name = format!("{folder}/{}", entry.unwrap().file_name().to_str().unwrap());
            assert!(pages.contains_key(&name), "docs/{name} describes nothing: run `make docs`");
        }
    }
}
