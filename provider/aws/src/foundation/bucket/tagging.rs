//! The bucket's tags, which S3 only takes all at once.

use aws_sdk_s3::types::{Tag, Tagging as TagSet};
use travel_framework::Failure;

use super::settings::{ABSENT, Target};
use crate::Tagging;
use crate::error::{Reply, incomplete, is_code};
use crate::tags::Tags;

/// What S3 says of a name that no bucket of the region has: a bucket elsewhere may have it.
const GONE: [&str; 3] = [ABSENT, "AuthorizationHeaderMalformed", "PermanentRedirect"];
const DENIED: &str = "AccessDenied";
const OF_OTHERS: &str = "Names are taken across all accounts: the bucket of this name may be another account's. Then choose another name.";

/// The tags as they are; none where there is no bucket.
pub async fn read(target: &Target<'_>) -> Result<Option<Tags>, Failure> {
    let request = target.s3().get_bucket_tagging().bucket(target.name);
    let answer = request.expected_bucket_owner(target.owner()).send().await;
    match answer {
        Err(error) if is_code(&error, &["NoSuchTagSet"]) => Ok(Some(Tags::new())),
        answer => {
            let seen = answer.found(&target.call.scope, &GONE);
            let seen = seen.map_err(|failure| failure.with_remedy(DENIED, OF_OTHERS))?;
            Ok(seen.map(|seen| plain(seen.tag_set)))
        }
    }
}

/// Brings the bucket's own tags and its mark to those of the plan; those of others stay.
pub async fn bring(
    target: &Target<'_>,
    prior: &Tagging,
    plan: &Tagging,
    marked_with: Option<&str>,
) -> Result<(), Failure> {
    let changes = plan.changes(prior, marked_with, &target.call.claim);
    if changes.is_empty() {
        return Ok(());
    }
    let there = read(target).await?.unwrap_or_default();
    let wanted = changes.applied(&there);
    if wanted == there {
        return Ok(());
    }
    let tags = TagSet::builder().set_tag_set(Some(tag_list(wanted)?)).build();
    let tags = tags.map_err(|error| incomplete(&error))?;
    let request = target.s3().put_bucket_tagging().bucket(target.name).tagging(tags);
    let request = request.expected_bucket_owner(target.owner());
    target.send(|| request.clone().send()).await.map(drop)
}

/// Tags as S3 takes them.
pub fn tag_list(tags: Tags) -> Result<Vec<Tag>, Failure> {
    let tags = tags.into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
    tags.collect::<Result<_, _>>().map_err(|error| incomplete(&error))
}

/// Tags as S3 gives them.
pub fn plain(tags: Vec<Tag>) -> Tags {
    tags.into_iter().map(|tag| (tag.key, tag.value)).collect()
}
