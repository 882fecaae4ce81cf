//! What a killed process leaves is taken up.

use std::time::Duration;

use serde_json::json;
use travel_helm::lifecycle::{Wanted, history, install, upgrade};
use travel_helm::release::{Info, Release, Status};
use travel_kube::cluster::objects::Propagation;
use travel_kube::{Cluster, Document};

use crate::helm::Helm;
use crate::kubelet::Kubelet;
use crate::world::{ChartFolder, Place, SECONDS, values, wanted};

pub async fn all(cluster: &Cluster, helm: &Helm) {
    killed_installs_go_on(cluster, helm).await;
    killed_upgrades_go_on(cluster, helm).await;
    others_are_not_interrupted(cluster).await;
    cancelled_upgrades_are_marked(cluster).await;
    helms_uninstalled_releases_are_installed_anew(cluster, helm).await;
    one_of_two_at_once_gives_way(cluster).await;
    versions_that_are_served_no_longer_are_pruned(cluster).await;
}

const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: NAME}\ndata: {value: {{ .Values.value | quote }}}\n";
const DEPLOYMENT: &str = "apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec: {containers: [{name: shop, image: \"shop:{{ .Values.value }}\"}]}
";

fn folder() -> ChartFolder {
    let (a, b) = (MAP.replace("NAME", "a"), MAP.replace("NAME", "b"));
    ChartFolder::new(&[
        ("templates/a.yaml", &a),
        ("templates/b.yaml", &b),
        ("templates/deployment.yaml", DEPLOYMENT),
    ])
}

/// Runs an operation until it waits for the deployment, and drops it there, as a kill would.
async fn kill(place: &Place<'_>, wanted: &Wanted<'_>, is_install: bool) {
    place
        .with(SECONDS, async |target| {
            let operation = async {
                match is_install {
                    true => install(target, wanted).await,
                    false => upgrade(target, wanted).await,
                }
            };
            let begun = async {
                loop {
                    let pods = place.names("v1", "Pod").await;
                    let release = place.history().await;
                    if release.last().is_some_and(|(_, status)| status.is_pending())
                        && !pods.is_empty()
                    {
                        break;
                    }
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            };
            tokio::select! {
                ended = operation => panic!("it ended before it was killed: {ended:?}"),
                () = begun => {}
            }
        })
        .await;
}

async fn killed_installs_go_on(cluster: &Cluster, helm: &Helm) {
    let place = Place::new(cluster, "killed-install");
    let folder = folder();
    let (chart, one) = (folder.load(), values("value: 1"));
    kill(&place, &wanted(&chart, &one), true).await;
    assert_eq!(place.history().await, [(1, Status::PendingInstall)]);
    let _kubelet = Kubelet::of(cluster, place.namespace);
    // What the killed one made and is no longer wanted goes.
    folder.write("templates/b.yaml", "");
    let chart = folder.load();
    let release = place.install(&wanted(&chart, &one)).await.unwrap();
    assert_eq!((release.version, release.info.description.as_str()), (2, "Install complete"));
    assert_eq!(place.history().await, [(1, Status::Failed), (2, Status::Deployed)]);
    assert!(place.data("a").await.is_some() && place.data("b").await.is_none());
    let told = place.told();
    assert!(
        told.contains(&"taking up revision 1, which was left pending-install".to_owned()),
        "{told:?}"
    );
    assert_eq!(helm.list(place.namespace), [("shop".to_owned(), "deployed".to_owned())]);
}

async fn killed_upgrades_go_on(cluster: &Cluster, helm: &Helm) {
    let place = Place::new(cluster, "killed-upgrade");
    let folder = folder();
    let (chart, one, two) = (folder.load(), values("value: 1"), values("value: 2"));
    let kubelet = Kubelet::of(cluster, place.namespace);
    place.install(&wanted(&chart, &one)).await.unwrap();
    drop(kubelet);
    folder.write("templates/c.yaml", &MAP.replace("NAME", "c"));
    kill(&place, &wanted(&folder.load(), &two), false).await;
    assert_eq!(place.history().await, [(1, Status::Deployed), (2, Status::PendingUpgrade)]);
    // An install is refused, since revision 1 stands.
    let refused = place.install(&wanted(&chart, &two)).await.unwrap_err();
    assert!(refused.contains("revision 1 is deployed under this name"), "{refused}");
    let _kubelet = Kubelet::of(cluster, place.namespace);
    place.upgrade(&wanted(&chart, &two)).await.unwrap();
    let statuses = [(1, Status::Superseded), (2, Status::Failed), (3, Status::Deployed)];
    assert_eq!(place.history().await, statuses);
    assert_eq!(place.data("a").await, Some(json!({"value": "2"})));
    // Only the killed revision had it; Helm would leave it.
    assert_eq!(place.data("c").await, None);
    assert_eq!(helm.history(place.namespace, "shop").len(), 3);
}

/// A revision somebody else has on its way.
async fn others_are_not_interrupted(cluster: &Cluster) {
    let place = Place::new(cluster, "others");
    let folder = ChartFolder::new(&[("templates/a.yaml", &MAP.replace("NAME", "a"))]);
    let (chart, one) = (folder.load(), values("value: 1"));
    let installed = place.install(&wanted(&chart, &one)).await.unwrap();
    let info = Info { status: Status::PendingUpgrade, ..installed.info.clone() };
    let theirs = Release { version: 2, info, labels: Default::default(), ..installed };
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let write = async |age: u64| {
        let seconds = i64::try_from(now.as_secs() - age).unwrap();
        let secret = Document::new(theirs.to_secret("createdAt", seconds).unwrap()).unwrap();
        cluster.delete(secret.key(), None, Propagation::Background).await.unwrap();
        cluster.create(&secret, "helm").await.unwrap();
    };
    write(0).await;
    let refused = place.upgrade(&wanted(&chart, &one)).await.unwrap_err();
    assert!(refused.contains("revision 2 is pending-upgrade since"), "{refused}");
    assert!(refused.contains("`helm rollback shop --namespace others`"), "{refused}");
    assert_eq!(place.history().await, [(1, Status::Deployed), (2, Status::PendingUpgrade)]);
    // Longer than an operation may take.
    write(SECONDS + 1).await;
    place.upgrade(&wanted(&chart, &one)).await.unwrap();
    let statuses = [(1, Status::Superseded), (2, Status::Failed), (3, Status::Deployed)];
    assert_eq!(place.history().await, statuses);
}

async fn cancelled_upgrades_are_marked(cluster: &Cluster) {
    let place = Place::new(cluster, "cancelled");
    let folder = folder();
    let (chart, one, two) = (folder.load(), values("value: 1"), values("value: 2"));
    let _kubelet = Kubelet::of(cluster, place.namespace);
    place.install(&wanted(&chart, &one)).await.unwrap();
    drop(_kubelet);
    let cancel = async {
        while !place.history().await.iter().any(|(version, _)| *version == 2) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        place.cancel.cancel();
    };
    let mut undoing = wanted(&chart, &two);
    undoing.conduct.rollback_on_failure = true;
    let (ended, ()) = tokio::join!(place.upgrade(&undoing), cancel);
    let error = ended.unwrap_err();
    let expected = "upgrade the release shop in the namespace cancelled: cancelled; the next run goes on from what is there";
    assert_eq!(error, expected);
    // Going back takes time that the caller does not have.
    assert_eq!(place.history().await, [(1, Status::Deployed), (2, Status::Failed)]);
}

async fn helms_uninstalled_releases_are_installed_anew(cluster: &Cluster, helm: &Helm) {
    let place = Place::new(cluster, "anew");
    let folder = ChartFolder::new(&[("templates/a.yaml", &MAP.replace("NAME", "a"))]);
    let (chart, one) = (folder.load(), values("value: 1"));
    place.install(&wanted(&chart, &one)).await.unwrap();
    helm.run(place.namespace, &["uninstall", "shop", "--keep-history"]);
    assert_eq!(place.data("a").await, None);
    assert_eq!(place.current().await, [(1, Status::Uninstalled)]);
    let refused = place.upgrade(&wanted(&chart, &one)).await.unwrap_err();
    assert!(refused.contains("there is no such release; install it first"), "{refused}");
    let release = place.install(&wanted(&chart, &one)).await.unwrap();
    assert_eq!((release.version, release.info.description.as_str()), (2, "Install complete"));
    assert_eq!(place.history().await, [(1, Status::Uninstalled), (2, Status::Deployed)]);
    assert!(place.data("a").await.is_some());
    // Once more, where a superseded revision stays beside the uninstalled one.
    let release = place.bring(&wanted(&chart, &one)).await.unwrap();
    assert_eq!(release.info.description, "Upgrade complete");
    let expected = [(1, Status::Uninstalled), (3, Status::Deployed)];
    assert_eq!(place.current().await, expected);
    helm.run(place.namespace, &["uninstall", "shop", "--keep-history"]);
    let release = place.bring(&wanted(&chart, &one)).await.unwrap();
    assert_eq!((release.version, release.info.description.as_str()), (4, "Install complete"));
}

async fn one_of_two_at_once_gives_way(cluster: &Cluster) {
    let place = Place::new(cluster, "at-once");
    let chart = ChartFolder::new(&[("templates/a.yaml", &MAP.replace("NAME", "a"))]).load();
    let one = values("value: 1");
    let unlabelled = Wanted { labels: Default::default(), ..wanted(&chart, &one) };
    let ended = tokio::join!(place.install(&unlabelled), place.install(&unlabelled));
    let (done, gave_way) = match ended {
        (Ok(done), Err(error)) | (Err(error), Ok(done)) => (done, error),
        both => panic!("{both:?}"),
    };
    assert_eq!(done.version, 1);
    let reasons = [
        "another process made revision 1 meanwhile",
        "revision 1 is pending-install",
        "is deployed under",
    ];
    assert!(reasons.iter().any(|reason| gave_way.contains(reason)), "{gave_way}");
    assert_eq!(place.history().await, [(1, Status::Deployed)]);
}

/// A cluster that was upgraded since the last revision.
async fn versions_that_are_served_no_longer_are_pruned(cluster: &Cluster) {
    let place = Place::new(cluster, "old-versions");
    let budget = "{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: a}, spec: {minAvailable: 0}}\n";
    let folder = ChartFolder::new(&[("templates/budget.yaml", budget)]);
    let (chart, none) = (folder.load(), values(""));
    let mut release = place.install(&wanted(&chart, &none)).await.unwrap();
    release.manifest = release.manifest.replace("policy/v1", "policy/v1beta1");
    let secret = Document::new(release.to_secret("modifiedAt", 0).unwrap()).unwrap();
    cluster.replace(&secret, "helm").await.unwrap();
    // The other version is the same object, so it stays where it is still wanted.
    place.upgrade(&wanted(&chart, &none)).await.unwrap();
    assert_eq!(place.names("policy/v1", "PodDisruptionBudget").await, ["a"]);
    let mut release =
        place.with(SECONDS, async |target| history(target).await).await.unwrap().remove(1);
    release.manifest = release.manifest.replace("policy/v1", "policy/v1beta1");
    let secret = Document::new(release.to_secret("modifiedAt", 0).unwrap()).unwrap();
    cluster.replace(&secret, "helm").await.unwrap();
    folder.write("templates/budget.yaml", "");
    place.upgrade(&wanted(&folder.load(), &none)).await.unwrap();
    assert!(place.names("policy/v1", "PodDisruptionBudget").await.is_empty());
}
