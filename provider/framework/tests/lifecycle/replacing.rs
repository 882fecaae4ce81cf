//! Replacements, also those that create first.

use travel_framework::value::{Path, Value};

use crate::cloud::in_a_cloud;
use crate::core::{Core, State, config};
use crate::importing::imported;
use crate::words;

#[tokio::test]
async fn a_replacement_that_creates_first_ends_in_another_object() {
    in_a_cloud(async |cloud| {
        // Both what the schema and what the page has replaced.
        for (wanted, attribute, made) in
            [(config("y", 2), "zone", "disk-2"), (config("y", 1), "size", "disk-3")]
        {
            let old = match cloud.ids().first() {
                Some(id) => imported(&Core::start().await, id).await,
                None => Core::start().await.create(&config("x", 2)).await.0,
            };
            let core = Core::start().await;
            let first = core.plan(&old, &wanted).await;
            assert_eq!(first.requires_replace, [Path::attribute(attribute)]);
            let second = core.plan_with(&Value::Null, &first.private, &wanted).await;
            // During apply, core plans the create once more, and without any private state.
            let core = Core::start().await;
            let third = core.plan(&State::none(), &wanted).await;
            assert_eq!(second.planned, third.planned);
            let (new, found) = State::of(core.apply(&Value::Null, &third, &wanted).await);
            assert!(found.is_empty(), "{}", words(&found));
            core.delete(&old, &second.private).await;
            assert_eq!((new.text("id"), cloud.ids()), (made, vec![made.to_owned()]));
        }
    })
    .await;
}

#[tokio::test]
async fn what_was_adopted_is_not_deleted_through_an_older_state() {
    in_a_cloud(async |cloud| {
        let (old, _) = Core::start().await.create(&config("x", 1)).await;
        let core = Core::start().await;
        core.create(&config("x", 1)).await;
        for core in [core, Core::start().await] {
            let (gone, found) = core.destroy(&old).await;
            assert!(gone.value.is_null() && !found.has_error());
            assert!(words(&found).contains("was not deleted"), "{}", words(&found));
        }
        assert_eq!(cloud.ids(), ["disk-1"]);
    })
    .await;
}
