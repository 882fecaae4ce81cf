//! The committed schema is the one that is served, and no change of it breaks what worked before
//! without somebody saying so.

use std::path::Path;

use terraform_provider_travel::contract::{Contract, unacknowledged};
use terraform_provider_travel::registry;
use travel_framework::server::Server;

#[test]
fn the_schema_is_the_committed_one() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let committed = std::fs::read_to_string(folder.join("schema.txt")).unwrap();
    let acknowledged = std::fs::read_to_string(folder.join("schema-breaks.txt")).unwrap();
    let before = Contract::parse(&committed).unwrap();
    let served = Contract::of(registry::provider().schemas());
    let breaks = unacknowledged(served.breaks(&before), &acknowledged).unwrap();
    let lines: Vec<String> = breaks.iter().map(ToString::to_string).collect();
    assert!(
        lines.is_empty(),
        "what worked before breaks; undo it, or say why in provider/main/schema-breaks.txt:\n{}",
        lines.join("\n"),
    );
    assert!(served.to_string() == committed, "provider/main/schema.txt is stale: run `make docs`");
}
