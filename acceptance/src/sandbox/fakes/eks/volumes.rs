//! Volumes for claims: EBS volumes, made and deleted as the EBS CSI driver does.
//!
//! Follows the driver's documentation of parameters and tags. kwok plays all other drivers.

use std::sync::Arc;

use anyhow::Context;
use http::Method;
use serde_json::{Value, json};

use super::state::Key;
use crate::sandbox::fakes::control_plane::ControlPlane;
use crate::sandbox::fakes::control_plane::client::ApiClient;
use crate::sandbox::fakes::neighbours::Neighbours;
use crate::sandbox::world::World;

const DRIVER: &str = "ebs.csi.aws.com";

/// Who is asked for a volume: the driver by its name, or by that of the plugin it replaces.
const ASKED: [&str; 2] = [DRIVER, "kubernetes.io/aws-ebs"];

/// Gives claims their volumes, as long as the watch lasts.
///
/// # Errors
/// When the API server or EC2 refuses something; a new watch begins with every claim again.
pub async fn follow_claims(
    plane: &ControlPlane,
    key: &Key,
    world: &Arc<World>,
) -> anyhow::Result<()> {
    let client = plane.administrator();
    let mut events = client.watch("/api/v1/persistentvolumeclaims?watch=true").await?;
    while let Some(event) = events.next().await {
        let claim = &event["object"];
        let asked = &claim["metadata"]["annotations"]["volume.kubernetes.io/storage-provisioner"];
        let waits = claim["spec"]["volumeName"].is_null()
            && claim["metadata"]["deletionTimestamp"].is_null()
            && asked.as_str().is_some_and(|asked| ASKED.contains(&asked));
        if waits && event["type"] != "DELETED" {
            provide(client, key, claim, world).await?;
        }
    }
    Ok(())
}

/// Deletes the volumes that claims have released, as long as the watch lasts.
///
/// # Errors
/// As [`follow_claims`].
pub async fn follow_volumes(
    plane: &ControlPlane,
    key: &Key,
    world: &Arc<World>,
) -> anyhow::Result<()> {
    let client = plane.administrator();
    let mut events = client.watch("/api/v1/persistentvolumes?watch=true").await?;
    while let Some(event) = events.next().await {
        let volume = &event["object"];
        let released = volume["spec"]["csi"]["driver"] == DRIVER
            && volume["spec"]["persistentVolumeReclaimPolicy"] == "Delete"
            && volume["status"]["phase"] == "Released";
        if released && event["type"] != "DELETED" {
            let id = text(&volume["spec"]["csi"]["volumeHandle"]);
            let neighbours = Neighbours::new(world, &key.account, &key.region);
            match neighbours.ec2("DeleteVolume", &[("VolumeId", id)]).await {
                Err(error) if error.code != "InvalidVolume.NotFound" => return Err(error.into()),
                _ => {}
            }
            let path = format!("/api/v1/persistentvolumes/{}", text(&volume["metadata"]["name"]));
            client.delete(&path).await?;
        }
    }
    Ok(())
}

/// Makes a volume for a claim, once.
async fn provide(
    client: &ApiClient,
    key: &Key,
    claim: &Value,
    world: &Arc<World>,
) -> anyhow::Result<()> {
    let name = format!("pvc-{}", text(&claim["metadata"]["uid"]));
    let path = format!("/api/v1/persistentvolumes/{name}");
    if client.get(&path).await?.is_some() {
        return Ok(());
    }
    let class = text(&claim["spec"]["storageClassName"]);
    let class = client.get(&format!("/apis/storage.k8s.io/v1/storageclasses/{class}")).await?;
    let Some(class) = class else { return Ok(()) };
    let neighbours = Neighbours::new(world, &key.account, &key.region);
    let zone = match zone(client, claim).await? {
        Some(zone) => zone,
        None => format!("{}a", key.region),
    };
    let gibibytes = gibibytes(text(&claim["spec"]["resources"]["requests"]["storage"]))
        .with_context(|| format!("the size of {name} is not understood"))?;
    let parameters =
        request(&name, &zone, gibibytes, &class["parameters"], &tags(key, claim, &name, &class));
    let borrowed: Vec<(&str, &str)> =
        parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let made = neighbours.ec2("CreateVolume", &borrowed).await?;
    let volume = object(&name, made.text_at("volumeId"), &zone, gibibytes, claim, &class);
    let content = Some(("application/json", &volume));
    let answer = client.ask(Method::POST, "/api/v1/persistentvolumes", content).await?;
    if !answer.status.is_success() {
        neighbours.ec2("DeleteVolume", &[("VolumeId", made.text_at("volumeId"))]).await?;
        anyhow::bail!("the API server refused the volume {name}: {}", answer.object["message"]);
    }
    Ok(())
}

/// The zone of the node that the scheduler has chosen, where it has.
async fn zone(client: &ApiClient, claim: &Value) -> anyhow::Result<Option<String>> {
    let node = &claim["metadata"]["annotations"]["volume.kubernetes.io/selected-node"];
    let Some(node) = node.as_str() else { return Ok(None) };
    let node = client.get(&format!("/api/v1/nodes/{node}")).await?.unwrap_or_default();
    let zone = &node["metadata"]["labels"]["topology.kubernetes.io/zone"];
    Ok(zone.as_str().map(str::to_owned))
}

/// The driver's own tags, and those that the class's `tagSpecification_N` ask for.
fn tags(key: &Key, claim: &Value, name: &str, class: &Value) -> Vec<(String, String)> {
    let metadata = &claim["metadata"];
    let (claim, namespace) = (text(&metadata["name"]), text(&metadata["namespace"]));
    let mut tags = vec![
        ("Name".to_owned(), format!("{}-dynamic-{name}", key.name)),
        ("CSIVolumeName".to_owned(), name.to_owned()),
        ("ebs.csi.aws.com/cluster".to_owned(), "true".to_owned()),
        (format!("kubernetes.io/cluster/{}", key.name), "owned".to_owned()),
        ("kubernetes.io/created-for/pvc/name".to_owned(), claim.to_owned()),
        ("kubernetes.io/created-for/pvc/namespace".to_owned(), namespace.to_owned()),
        ("kubernetes.io/created-for/pv/name".to_owned(), name.to_owned()),
    ];
    let parameters = class["parameters"].as_object().into_iter().flatten();
    let asked = parameters.filter(|(parameter, _)| parameter.starts_with("tagSpecification_"));
    for (tag, value) in asked.filter_map(|(_, written)| text(written).split_once('=')) {
        let value = value
            .replace("{{ .PVCName }}", claim)
            .replace("{{ .PVCNamespace }}", namespace)
            .replace("{{ .PVName }}", name);
        tags.push((tag.to_owned(), value));
    }
    tags
}

fn request(
    name: &str,
    zone: &str,
    gibibytes: u64,
    parameters: &Value,
    tags: &[(String, String)],
) -> Vec<(String, String)> {
    let mut request = vec![
        ("ClientToken".to_owned(), name.to_owned()),
        ("AvailabilityZone".to_owned(), zone.to_owned()),
        ("Size".to_owned(), gibibytes.to_string()),
        ("VolumeType".to_owned(), parameters["type"].as_str().unwrap_or("gp3").to_owned()),
        ("TagSpecification.1.ResourceType".to_owned(), "volume".to_owned()),
    ];
    if parameters["encrypted"] == "true" {
        request.push(("Encrypted".to_owned(), "true".to_owned()));
        if let Some(key) = parameters["kmsKeyId"].as_str() {
            request.push(("KmsKeyId".to_owned(), key.to_owned()));
        }
    }
    for (number, (tag, value)) in (1..).zip(tags) {
        let start: String = format!("TagSpecification.1.Tag.{number}");
        request.push((format!("{start}.Key"), tag.clone()));
        request.push((format!("{start}.Value"), value.clone()));
    }
    request
}

fn object(name: &str, id: &str, zone: &str, gibibytes: u64, claim: &Value, class: &Value) -> Value {
    let metadata = &claim["metadata"];
    let place = json!({"key": "topology.kubernetes.io/zone", "operator": "In", "values": [zone]});
    json!({
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {
            "name": name,
            "annotations": {"pv.kubernetes.io/provisioned-by": DRIVER},
        },
        "spec": {
            "accessModes": claim["spec"]["accessModes"],
            "capacity": {"storage": format!("{gibibytes}Gi")},
            "persistentVolumeReclaimPolicy": class["reclaimPolicy"].as_str().unwrap_or("Delete"),
            "storageClassName": claim["spec"]["storageClassName"],
            "volumeMode": claim["spec"]["volumeMode"].as_str().unwrap_or("Filesystem"),
            "csi": {"driver": DRIVER, "volumeHandle": id, "fsType": "ext4"},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [place]}]}},
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "name": metadata["name"],
                "namespace": metadata["namespace"],
                "uid": metadata["uid"],
            },
        },
    })
}

/// A quantity in GiB, rounded up.
fn gibibytes(quantity: &str) -> Option<u64> {
    const UNITS: [(&str, u128); 9] = [
        ("Ki", 1 << 10),
        ("Mi", 1 << 20),
        ("Gi", 1 << 30),
        ("Ti", 1 << 40),
        ("k", 1_000),
        ("M", 1_000_000),
        ("G", 1_000_000_000),
        ("T", 1_000_000_000_000),
        ("", 1),
    ];
    let (number, unit) =
        UNITS.iter().find_map(|(unit, bytes)| Some((quantity.strip_suffix(unit)?, *bytes)))?;
    let bytes = number.parse::<u128>().ok()? * unit;
    u64::try_from(bytes.div_ceil(1 << 30)).ok()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_rounded_up() {
        let check = |quantity, expected| assert_eq!(gibibytes(quantity), expected, "{quantity}");
        check("8Gi", Some(8));
        check("100Mi", Some(1));
        check("10G", Some(10));
        check("2Ti", Some(2048));
        check("1073741825", Some(2));
        check("1.5Gi", None);
    }

    #[test]
    fn classes_ask_for_tags() {
        let key = Key {
            account: "111122223333".to_owned(),
            region: "eu-central-1".to_owned(),
            name: "dev".to_owned(),
        };
        let claim = json!({"metadata": {"name": "data-0", "namespace": "shop"}});
        let class = json!({"parameters": {"type": "gp3", "tagSpecification_1": "backup={{ .PVCNamespace }}/daily"}});
        let tags = tags(&key, &claim, "pvc-1", &class);
        let has = |tag: &str, value: &str| tags.contains(&(tag.to_owned(), value.to_owned()));
        assert!(has("backup", "shop/daily"));
        assert!(has("kubernetes.io/created-for/pvc/name", "data-0"));
        assert!(has("kubernetes.io/cluster/dev", "owned"));
    }
}
