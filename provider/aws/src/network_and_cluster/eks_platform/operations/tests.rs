use serde_json::json;

use super::super::testing::platform;
use super::*;
use crate::settings::Settings;
use crate::testing::{Fake, Reply, call_on};

/// A cluster that is at 1.35, and nothing else.
fn eks() -> Fake {
    Fake::new(|request| match request.action.as_str() {
        "eks:GET /clusters/main" => Reply::json(json!({"cluster": {
            "name": "main",
            "arn": "arn:aws:eks:eu-central-1:111122223333:cluster/main",
            "status": "ACTIVE",
            "version": "1.35",
        }})),
        action if action.starts_with("iam:") => Reply::query_error("NoSuchEntity", "no"),
        _ => Reply::json(json!({})),
    })
}

/// What a read notes is what the state knew before it: an upgrade may have been cut off since.
#[tokio::test]
async fn a_read_notes_what_the_addons_were_last_brought_to() {
    for (status, version, noted, expected) in [
        (Some("ready"), "1.34", None, "1.34"),
        (Some("ready"), "1.35", None, "1.35"),
        (Some("ready"), "1.35", Some("1.34"), "1.34"),
        (None, "", None, "1.35"),
    ] {
        let call = call_on(&eks(), Settings::default(), "travel_eks_platform/main").await;
        if let Some(noted) = noted {
            memory::note_addons(&call, noted);
        }
        let mut known = EksPlatform { version: version.to_owned(), ..platform() };
        known.lifecycle.status = status.map(str::to_owned);
        let found = read(&call, &known).await.unwrap().unwrap();
        assert_eq!(found.version, "1.35");
        let noted = call.remembered();
        assert_eq!(memory::addons_follow(&noted), Some(expected), "{status:?} {version}");
    }
}
