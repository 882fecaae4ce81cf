//! Applying documents.

use serde_json::{Value, json};
use travel_kube::apply::{
    Adopt, Applied, ApplyError, ApplyOptions, Outcome, Refusal, UnknownFields, apply,
};
use travel_kube::error::ErrorKind;
use travel_kube::ownership::Ownership;
use travel_kube::read::read;
use travel_kube::ready::wait::{NotReady, Rules, wait_ready};
use travel_kube::{Cluster, Document};

use crate::{config_map, document, namespace, options, patience};

pub async fn all(cluster: &Cluster) {
    outcomes_are_told(cluster).await;
    definitions_and_namespaces_come_first(cluster).await;
    conflicts_name_field_and_manager(cluster).await;
    owners_are_respected(cluster).await;
    updates_of_other_managers_are_taken_over(cluster).await;
    unknown_fields_are_told(cluster).await;
    secrets_stay_out_of_errors(cluster).await;
    young_deployments_are_explained(cluster).await;
}

async fn run(
    cluster: &Cluster,
    documents: &[Document],
    options: &ApplyOptions,
) -> Result<Vec<Applied>, ApplyError> {
    apply(cluster, documents, options, patience(30)).await
}

fn outcomes(applied: &[Applied]) -> Vec<Outcome> {
    applied.iter().map(|applied| applied.outcome).collect()
}

async fn outcomes_are_told(cluster: &Cluster) {
    namespace(cluster, "outcomes").await;
    let dry = ApplyOptions { dry_run: true, ..options() };
    let first = [config_map("outcomes", "a", "1")];
    assert_eq!(outcomes(&run(cluster, &first, &dry).await.unwrap()), [Outcome::Created]);
    assert!(cluster.get(first[0].key()).await.unwrap().is_none());
    assert_eq!(outcomes(&run(cluster, &first, &options()).await.unwrap()), [Outcome::Created]);
    assert_eq!(outcomes(&run(cluster, &first, &options()).await.unwrap()), [Outcome::Unchanged]);
    let second = [config_map("outcomes", "a", "2"), config_map("outcomes", "b", "2")];
    assert_eq!(
        outcomes(&run(cluster, &second, &dry).await.unwrap()),
        [Outcome::Changed, Outcome::Created]
    );
    assert_eq!(outcomes(&run(cluster, &first, &dry).await.unwrap()), [Outcome::Unchanged]);
    assert_eq!(
        outcomes(&run(cluster, &second, &options()).await.unwrap()),
        [Outcome::Changed, Outcome::Created]
    );
    let many: Vec<Document> =
        (0..600).map(|number| config_map("outcomes", &format!("m{number}"), "x")).collect();
    assert_eq!(run(cluster, &many, &options()).await.unwrap().len(), 600);
    // More than a page of the list.
    let found = read(cluster, many.iter().map(Document::key)).await.unwrap();
    assert!(found.values().all(Option::is_some));
}

fn definition() -> Document {
    let schema = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    document(json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "trips.travel.example"},
        "spec": {
            "group": "travel.example", "scope": "Namespaced",
            "names": {"kind": "Trip", "plural": "trips"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}}],
        },
    }))
}

pub fn trip(namespace: &str, name: &str, metadata: Value) -> Document {
    let mut value = json!({"apiVersion": "travel.example/v1", "kind": "Trip",
        "metadata": {"namespace": namespace, "name": name}, "spec": {"to": "Rome"}});
    value["metadata"].as_object_mut().unwrap().extend(metadata.as_object().unwrap().clone());
    document(value)
}

async fn definitions_and_namespaces_come_first(cluster: &Cluster) {
    let place =
        document(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "trips"}}));
    let set = [trip("trips", "one", json!({})), definition(), place];
    let dry = ApplyOptions { dry_run: true, ..options() };
    assert_eq!(outcomes(&run(cluster, &set, &dry).await.unwrap()), [Outcome::Created; 3]);
    let without = run(cluster, &set[..1], &options()).await.unwrap_err();
    assert!(without.to_string().contains("does not serve Trip of travel.example/v1"), "{without}");
    let applied = run(cluster, &set, &options()).await.unwrap();
    let kinds: Vec<&str> = applied.iter().map(|applied| applied.live.kind()).collect();
    assert_eq!(kinds, ["Namespace", "CustomResourceDefinition", "Trip"]);
    assert_eq!(outcomes(&run(cluster, &set, &options()).await.unwrap()), [Outcome::Unchanged; 3]);
    let keys: Vec<_> = set.iter().map(|document| document.key().clone()).collect();
    wait_ready(cluster, &keys, &Rules::default(), patience(20)).await.unwrap();
    let rules = Rules {
        conditions: vec![("Trip.travel.example".into(), "Booked".into())],
        ..Rules::default()
    };
    let waited = wait_ready(cluster, &keys, &rules, patience(1)).await.unwrap_err();
    assert!(
        waited
            .to_string()
            .contains("travel.example/v1/Trip/trips/one: it has no condition Booked yet"),
        "{waited}"
    );
}

async fn conflicts_name_field_and_manager(cluster: &Cluster) {
    namespace(cluster, "conflicts").await;
    run(cluster, &[config_map("conflicts", "a", "ours")], &options()).await.unwrap();
    let theirs = ApplyOptions { force: true, ..ApplyOptions::new("someone-else") };
    run(cluster, &[config_map("conflicts", "a", "theirs")], &theirs).await.unwrap();
    let error =
        run(cluster, &[config_map("conflicts", "a", "ours")], &options()).await.unwrap_err();
    let Refusal::Call(call) = &error.failures[0].reason else { panic!("{error}") };
    let ErrorKind::FieldConflict(conflicts) = &call.kind else { panic!("{error}") };
    assert_eq!(conflicts.fields[0].manager, "someone-else");
    assert_eq!(conflicts.fields[0].field, ".data.value");
    let forced = ApplyOptions { force: true, ..options() };
    run(cluster, &[config_map("conflicts", "a", "ours")], &forced).await.unwrap();
}

async fn owners_are_respected(cluster: &Cluster) {
    namespace(cluster, "owners").await;
    let of = |unit: &str| Ownership {
        annotations: [("travel.example/unit".to_owned(), unit.to_owned())].into(),
        ..Ownership::default()
    };
    let owned =
        |unit: &str, adopt: Adopt| ApplyOptions { ownership: Some(of(unit)), adopt, ..options() };
    run(cluster, &[config_map("owners", "theirs", "1")], &owned("b", Adopt::Never)).await.unwrap();
    run(cluster, &[config_map("owners", "nobodys", "1")], &options()).await.unwrap();
    let set = [
        config_map("owners", "new", "2"),
        config_map("owners", "theirs", "2"),
        config_map("owners", "nobodys", "2"),
    ];
    let error = run(cluster, &set, &owned("a", Adopt::Never)).await.unwrap_err();
    let reasons: Vec<String> =
        error.failures.iter().map(|failure| failure.reason.to_string()).collect();
    assert_eq!(
        reasons,
        [
            "it exists and belongs to another: it bears travel.example/unit = \"b\"",
            "it exists and was not made here; import it, or allow adopting what bears no mark",
        ]
    );
    // Nothing was changed before all was checked.
    assert!(cluster.get(set[0].key()).await.unwrap().is_none());
    let error = run(cluster, &set, &owned("a", Adopt::Unmarked)).await.unwrap_err();
    assert_eq!(error.failures.len(), 1);
    run(cluster, &set, &owned("a", Adopt::Any)).await.unwrap();
    run(cluster, &set, &owned("a", Adopt::Never)).await.unwrap();
    let twice = [set[0].clone(), set[0].clone()];
    assert!(matches!(
        run(cluster, &twice, &options()).await.unwrap_err().failures[0].reason,
        Refusal::Twice
    ));
}

async fn updates_of_other_managers_are_taken_over(cluster: &Cluster) {
    namespace(cluster, "takeover").await;
    let with = |data: Value| {
        document(
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": "takeover", "name": "a"}, "data": data}),
        )
    };
    cluster.create(&with(json!({"kept": "1", "dropped": "1"})), "old").await.unwrap();
    let key = with(json!({})).key().clone();
    let data = async || cluster.get(&key).await.unwrap().unwrap().value()["data"].clone();
    run(cluster, &[with(json!({"kept": "1"}))], &options()).await.unwrap();
    assert_eq!(data().await, json!({"kept": "1", "dropped": "1"}));
    let claiming = ApplyOptions { claim_from: vec!["old".to_owned()], ..options() };
    run(cluster, &[with(json!({"kept": "1"}))], &claiming).await.unwrap();
    assert_eq!(data().await, json!({"kept": "1"}));
    assert_eq!(
        outcomes(&run(cluster, &[with(json!({"kept": "1"}))], &claiming).await.unwrap()),
        [Outcome::Unchanged]
    );
}

async fn unknown_fields_are_told(cluster: &Cluster) {
    namespace(cluster, "unknown").await;
    let odd = document(
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"namespace": "unknown", "name": "a"},
        "spec": {"ports": [{"port": 80}], "colour": "red"}}),
    );
    let strict = ApplyOptions { unknown_fields: UnknownFields::Refuse, ..options() };
    let refused = run(cluster, std::slice::from_ref(&odd), &strict).await.unwrap_err();
    assert!(refused.to_string().contains("colour"), "{refused}");
    // The server's merge refuses fields its schema does not have, whatever validation it is asked for.
    let tolerant = run(cluster, std::slice::from_ref(&odd), &options()).await.unwrap_err();
    assert!(tolerant.to_string().contains("colour"), "{tolerant}");
    let repeated = json!([{"name": "x", "value": "1"}, {"name": "x", "value": "2"}]);
    let pod = document(
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"namespace": "unknown", "name": "a"},
        "spec": {"containers": [{"name": "a", "image": "a", "env": repeated}]}}),
    );
    let error = run(cluster, &[pod], &options()).await.unwrap_err();
    let Refusal::Call(call) = &error.failures[0].reason else { panic!("{error}") };
    let ErrorKind::Invalid { fields, .. } = &call.kind else { panic!("{error}") };
    assert_eq!(fields[0].field, ".spec.containers[name=\"a\"].env");
    assert_eq!(fields[0].message, "duplicate entries for key [name=\"x\"]");
}

async fn secrets_stay_out_of_errors(cluster: &Cluster) {
    namespace(cluster, "secrets").await;
    let wrong = document(
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"namespace": "secrets", "name": "a"},
        "type": "kubernetes.io/dockerconfigjson", "stringData": {".dockerconfigjson": "sesame-sesame"}}),
    );
    let error = run(cluster, &[wrong], &options()).await.unwrap_err();
    assert!(!error.to_string().contains("sesame"), "{error}");
    let right = document(
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"namespace": "secrets", "name": "b"},
        "stringData": {"x": "1"}}),
    );
    run(cluster, std::slice::from_ref(&right), &options()).await.unwrap();
    let mut emptied = right.into_value();
    emptied["stringData"] = json!({"y": "2"});
    let applied = run(cluster, &[document(emptied)], &options()).await.unwrap();
    // What the document no longer has goes away, though it was written as stringData.
    assert_eq!(applied[0].live.value()["data"], json!({"y": "Mg=="}));
}

/// No scheduler and no node: the deployment's pod stays pending, and the error says so.
async fn young_deployments_are_explained(cluster: &Cluster) {
    namespace(cluster, "pending").await;
    let labels = json!({"app": "cart"});
    let deployment = document(json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"namespace": "pending", "name": "cart"},
        "spec": {"selector": {"matchLabels": labels}, "template": {
            "metadata": {"labels": labels}, "spec": {"containers": [{"name": "cart", "image": "cart:1"}]},
        }},
    }));
    run(cluster, std::slice::from_ref(&deployment), &options()).await.unwrap();
    let event = json!({"apiVersion": "v1", "kind": "Event", "metadata": {"namespace": "pending", "name": "cart.1"},
        "involvedObject": {"kind": "Deployment", "namespace": "pending", "name": "cart",
            "uid": cluster.get(deployment.key()).await.unwrap().unwrap().uid()},
        "type": "Warning", "reason": "NoRoom", "message": "no machine has room"});
    cluster.create(&document(event), "test").await.unwrap();
    let error =
        wait_ready(cluster, [deployment.key()], &Rules::default(), patience(5)).await.unwrap_err();
    assert!(matches!(error, NotReady::Timeout { .. }));
    let text = error.to_string();
    assert!(text.contains("apps/v1/Deployment/pending/cart: 0 of 1"), "{text}");
    assert!(text.contains("event NoRoom: no machine has room"), "{text}");
    assert!(text.contains("pod cart-") && text.contains("its phase is Pending"), "{text}");
}
