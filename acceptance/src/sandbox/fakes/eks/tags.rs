//! Tags: TagResource, UntagResource, ListTagsForResource, for everything of a cluster that has an ARN.

use serde_json::{Value, json};

use super::Context;
use super::state::{Cluster, Key, State};
use crate::sandbox::backend::Tagged;
use crate::sandbox::wire::ServiceError;

/// How many tags a thing may have.
const MOST_TAGS: usize = 50;

/// `TagResource`.
pub async fn tag(context: &Context<'_>) -> Result<Value, ServiceError> {
    let added = context.input.object("tags");
    if let Some(key) = added.keys().find(|key| key.starts_with("aws:")) {
        return Err(bad(format!("the tag key {key} is reserved")));
    }
    change(context, |tags| {
        let mut all = tags.clone();
        all.extend(added);
        if all.len() > MOST_TAGS {
            return Err(bad(format!("a resource can have {MOST_TAGS} tags at most")));
        }
        *tags = all;
        Ok(json!({}))
    })
    .await
}

/// `UntagResource`.
pub async fn untag(context: &Context<'_>) -> Result<Value, ServiceError> {
    let removed = context.input.texts("tagKeys");
    change(context, |tags| {
        tags.retain(|key, _| !removed.contains(key));
        Ok(json!({}))
    })
    .await
}

/// `ListTagsForResource`.
pub async fn list(context: &Context<'_>) -> Result<Value, ServiceError> {
    change(context, |tags| Ok(json!({"tags": tags}))).await
}

/// The tags of everything in an account and region.
pub fn all(state: &State, account: &str, region: &str) -> Tagged {
    let here = |key: &&Key| key.account == account && key.region == region;
    let clusters = state.clusters.iter().filter(|(key, _)| here(key)).map(|(_, cluster)| cluster);
    clusters
        .flat_map(|cluster| {
            let groups = cluster.nodegroups.values().map(|group| (&group.shape, "nodegroupArn"));
            let addons = cluster.addons.values().map(|addon| (&addon.shape, "addonArn"));
            let entries = cluster.access.values().map(|entry| (&entry.shape, "accessEntryArn"));
            let associations = cluster.associations.values().map(|shape| (shape, "associationArn"));
            let own = std::iter::once((&cluster.shape, "arn"));
            own.chain(groups).chain(addons).chain(entries).chain(associations)
        })
        .filter_map(|(shape, member)| {
            let tags = serde_json::from_value(shape["tags"].clone()).ok()?;
            Some((shape[member].as_str()?.to_owned(), tags))
        })
        .collect()
}

fn bad(message: String) -> ServiceError {
    ServiceError::new("BadRequestException", message)
}

async fn change(
    context: &Context<'_>,
    change: impl FnOnce(&mut serde_json::Map<String, Value>) -> Result<Value, ServiceError>,
) -> Result<Value, ServiceError> {
    let arn = context.input.text("resourceArn");
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let ["arn", _, "eks", region, account, resource] = parts.as_slice() else {
        return Err(bad(format!("Invalid ARN: {arn}")));
    };
    let missing =
        || ServiceError::new("NotFoundException", format!("{arn} does not exist")).with_status(404);
    if (*region, *account) != (context.region, context.caller.account.as_str()) {
        return Err(missing());
    }
    let name = resource.split('/').nth(1).unwrap_or_default();
    let key =
        Key { account: (*account).to_owned(), region: (*region).to_owned(), name: name.to_owned() };
    let mut state = context.eks.state.lock().await;
    let cluster = state.clusters.get_mut(&key).ok_or_else(missing)?;
    let shape = owner(cluster, arn).ok_or_else(missing)?;
    if !shape["tags"].is_object() {
        shape["tags"] = json!({});
    }
    match &mut shape["tags"] {
        Value::Object(tags) => change(tags),
        _ => Err(missing()),
    }
}

/// The shape of a cluster's that has an ARN.
fn owner<'a>(cluster: &'a mut Cluster, arn: &str) -> Option<&'a mut Value> {
    if cluster.shape["arn"] == arn {
        return Some(&mut cluster.shape);
    }
    let groups = cluster.nodegroups.values_mut().map(|group| (&mut group.shape, "nodegroupArn"));
    let addons = cluster.addons.values_mut().map(|addon| (&mut addon.shape, "addonArn"));
    let entries = cluster.access.values_mut().map(|entry| (&mut entry.shape, "accessEntryArn"));
    let associations = cluster.associations.values_mut().map(|shape| (shape, "associationArn"));
    groups
        .chain(addons)
        .chain(entries)
        .chain(associations)
        .find(|(shape, member)| shape[*member] == arn)
        .map(|(shape, _)| shape)
}
