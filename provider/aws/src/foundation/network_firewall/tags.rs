//! The tags of firewall, policy and rule groups.

use aws_sdk_networkfirewall::types::Tag;
use travel_framework::Failure;

use super::NetworkFirewall;
use crate::consistency::Call;
use crate::error::{Reply, incomplete};
use crate::tags::{TagChanges, Tags};

/// As the service takes them.
///
/// # Errors
/// Where the SDK refuses one.
pub fn to_service(tags: Tags) -> Result<Vec<Tag>, Failure> {
    let tags = tags.into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
    tags.collect::<Result<_, _>>().map_err(|error| incomplete(&error))
}

/// As the service has them.
pub fn from_service(tags: Option<Vec<Tag>>) -> Tags {
    tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)).collect()
}

/// Makes the tags of a part what they are to be. Those that others have added stay; `before` are the
/// keys that were its own.
///
/// # Errors
/// Where a call fails.
pub async fn bring(
    call: &Call,
    arn: &str,
    there: &Tags,
    wanted: &NetworkFirewall,
    before: &[String],
) -> Result<(), Failure> {
    let changes = TagChanges::toward(wanted.tagging.for_create(&call.claim), there, before);
    let client = call.scope.network_firewall();
    if !changes.set.is_empty() {
        let request = client.tag_resource().resource_arn(arn);
        let tags = to_service(changes.set.clone())?;
        request.set_tags(Some(tags)).send().await.at(&call.scope)?;
    }
    if !changes.remove.is_empty() {
        let request = client.untag_resource().resource_arn(arn);
        request.set_tag_keys(Some(changes.remove.clone())).send().await.at(&call.scope)?;
    }
    Ok(())
}
