//! What is imported, and claimed by its first update.

use travel_framework::server::{ImportRequest, Server};
use travel_framework::value::Value;

use crate::cloud::{Object, in_a_cloud};
use crate::core::{Core, State, TYPE, config};
use crate::words;

/// Brings in the object that is there under an id.
pub async fn imported(core: &Core, id: &str) -> State {
    let identity = Value::object([("id", id.into())]);
    let request = ImportRequest { type_name: TYPE.into(), id: String::new(), identity };
    let imported = core.provider.import(request).await;
    let state = State { value: imported.state.unwrap(), private: imported.private };
    core.read(&state).await.0
}

#[tokio::test]
async fn an_import_that_nothing_claims_is_destroyed_by_its_id() {
    in_a_cloud(async |cloud| {
        Core::start().await.create(&config("x", 1)).await;
        let core = Core::start().await;
        let state = imported(&core, "disk-1").await;
        *cloud.leaves_marks.lock().unwrap() = true;
        let (state, found) = core.update(&state, &config("x", 2)).await;
        assert!(found.is_empty(), "{}", words(&found));
        assert!(state.value.get("generation").is_null(), "{}", state.text("generation"));
        core.assert_settled(&state, &config("x", 2)).await;
        core.destroy(&state).await;
        assert!(cloud.ids().is_empty());
    })
    .await;
}

#[tokio::test]
async fn an_import_plans_nothing_and_the_next_update_claims() {
    in_a_cloud(async |cloud| {
        let object =
            Object { name: "a".into(), zone: "x".into(), size: 2, attached: true, mark: None };
        cloud.objects.lock().unwrap().insert("disk-9".into(), object);
        let core = Core::start().await;
        let state = imported(&core, "disk-9").await;
        assert_eq!(core.plan(&state, &config("x", 2)).await.planned, state.value);
        assert!(cloud.objects.lock().unwrap()["disk-9"].mark.is_none());
        let (state, _) = core.update(&state, &config("x", 3)).await;
        assert_ne!(state.text("generation"), "nothing");
        assert!(cloud.objects.lock().unwrap()["disk-9"].mark.is_some());
        core.destroy(&state).await;
        assert!(cloud.ids().is_empty());
    })
    .await;
}
