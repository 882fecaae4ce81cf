//! `travel_effective_policies`: the policies of the organization as they hold for each account, as an
//! object in a bucket, by which plans in member accounts tell what they deny.
//!
//! Source: AWS Organizations User Guide, "SCP evaluation"; Amazon S3 API reference, PutObject.

mod gathering;

use std::collections::BTreeMap;

use async_trait::async_trait;
use aws_sdk_s3::operation::put_object::{PutObjectError, PutObjectOutput};
use aws_sdk_s3::primitives::ByteStream;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest as _, Sha256};
use travel_framework::ownership::Mark;
use travel_framework::resource::{Found, Resource, Timeouts};
use travel_framework::timeouts::Lifecycle;
use travel_framework::{Diagnostic, Failure, Model, Plan};
use travel_value::Value;

use crate::consistency::{Call, WITHIN_SERVICE, answer_when_ready};
use crate::error::{Answer, Reply, is_code};
use crate::platform::Aws;
use crate::preflight::published::Published;
use crate::tags;
use crate::{Placement, Tagging};

/// What S3 says of an object that is not there.
const ABSENT: [&str; 2] = ["NoSuchKey", "NotFound"];
const NO_BUCKET: &str = "NoSuchBucket";
/// What S3 says where something is there that a write was not to find.
const TAKEN: [&str; 2] = ["PreconditionFailed", "ConditionalRequestConflict"];
/// What S3 answers to a write.
type Written = Answer<PutObjectOutput, PutObjectError>;

/// How many tags an object in S3 can have.
const MOST_TAGS: usize = 10;
/// How many of them the mark of ownership takes.
const MARK_TAGS: usize = 3;

/// The service control and resource control policies of the organization, with the root, the units and
/// the accounts they are attached to, published as an object in a bucket. A member account may not ask AWS
/// Organizations for them; with `effective_policies` in the provider's configuration, a plan in it
/// tells by this object what it would be denied.
///
/// It works in the management account or in a delegated administrator of AWS Organizations. Whoever plans
/// needs `s3:GetObject` for the object: let the bucket's policy give it to the organization
/// (`aws:PrincipalOrgID`).
#[derive(Clone, Debug, Default, Model)]
#[resource(
    type = "travel_effective_policies",
    id = "id",
    key = "bucket/key",
    proof = tags,
    refresh = "6 + 2 × organizational units + 2 × policies",
    identity("region", "bucket", "key"),
    keeps("older versions of the object, where the bucket keeps them"),
    consistency_seconds = 3
)]
pub struct EffectivePolicies {
    /// The bucket. Another bucket means another object.
    #[model(required, replace, length(3, 63))]
    pub bucket: String,
    /// The object's key, such as `effective-policies.json`. Another key means another object.
    #[model(required, replace, length(1, 1024))]
    pub key: String,
    /// What the policies are made from, under names of your own: a change of it publishes them anew in the
    /// same apply. Without it, a change of a policy shows up in the next plan.
    #[model(optional, not_imported)]
    pub triggers: Option<BTreeMap<String, String>>,
    /// That what is published is what holds: always true. A plan that finds that it is not publishes it
    /// anew.
    #[model(optional, default = true, rule = is_wanted)]
    pub is_current: bool,
    /// The SHA-256 of what is published, in hexadecimal digits.
    #[model(computed, volatile)]
    pub digest: Option<String>,
    /// Bucket and key: `BUCKET/KEY`.
    #[model(computed)]
    pub id: Option<String>,
    /// Account and region of the bucket.
    #[model(flatten)]
    pub placement: Placement,
    /// Tags of the object: up to seven, `default_tags` included.
    #[model(flatten)]
    pub tagging: Tagging,
    /// What the framework keeps of it.
    #[model(flatten)]
    pub lifecycle: Lifecycle,
}

impl EffectivePolicies {
    fn composed_id(&self) -> String {
        format!("{}/{}", self.bucket, self.key)
    }

    /// The object as it is, and its mark; none where there is no such object.
    async fn look(&self, call: &Call) -> Result<Option<(Self, Option<Mark>)>, Failure> {
        let Some(bytes) = self.bytes(call).await? else { return Ok(None) };
        let Some((tagging, mark)) = self.tagging(call).await? else { return Ok(None) };
        let published = serde_json::from_slice::<Published>(&bytes).ok();
        let holds = gathering::gather(call).await?;
        let seen = Self {
            bucket: self.bucket.clone(),
            key: self.key.clone(),
            triggers: self.triggers.clone(),
            is_current: published == Some(holds),
            digest: Some(digest(&bytes)),
            id: Some(self.composed_id()),
            placement: self.placement.clone(),
            tagging,
            lifecycle: self.lifecycle.clone(),
        };
        Ok(Some((seen, mark)))
    }

    async fn bytes(&self, call: &Call) -> Result<Option<Vec<u8>>, Failure> {
        let request = call.scope.s3().get_object().bucket(&self.bucket).key(&self.key);
        let answer = request.send().await.found(&call.scope, &[ABSENT[0], ABSENT[1], NO_BUCKET])?;
        let Some(object) = answer else { return Ok(None) };
        match object.body.collect().await {
            Ok(bytes) => Ok(Some(bytes.into_bytes().to_vec())),
            Err(error) => Err(Diagnostic::error(
                format!("failed to read s3://{}", self.composed_id()),
                format!("{} ({}).", crate::error::chain(&error), call.scope.place()),
            )
            .into()),
        }
    }

    async fn tagging(&self, call: &Call) -> Result<Option<(Tagging, Option<Mark>)>, Failure> {
        let request = call.scope.s3().get_object_tagging().bucket(&self.bucket).key(&self.key);
        let answer = request.send().await.found(&call.scope, &[ABSENT[0], ABSENT[1], NO_BUCKET])?;
        let Some(answer) = answer else { return Ok(None) };
        let there = answer.tag_set.into_iter().map(|tag| (tag.key, tag.value));
        Ok(Some(Tagging::read(there, &self.tagging, &call.scope.settings().tags)))
    }

    /// Writes the object with all its tags, if it may only where nothing is there yet; the state after
    /// that, and the service's answer.
    async fn write(&self, call: &Call, is_new: bool) -> Result<(Self, Written), Failure> {
        let published = gathering::gather(call).await?;
        let bytes = serde_json::to_vec(&published).map_err(|error| {
            Diagnostic::error("failed to write down the policies", error.to_string())
        })?;
        let digest = digest(&bytes);
        let tags = query(&self.tagging.for_create(&call.claim));
        let too_early = |error: &_| is_code(error, &[NO_BUCKET]);
        let answer = answer_when_ready(call, WITHIN_SERVICE, too_early, || {
            let request = call
                .scope
                .s3()
                .put_object()
                .bucket(&self.bucket)
                .key(&self.key)
                .content_type("application/json")
                .tagging(&tags)
                .set_if_none_match(is_new.then(|| "*".to_owned()))
                .body(ByteStream::from(bytes.clone()));
            request.send()
        });
        let written = Self {
            is_current: true,
            digest: Some(digest),
            id: Some(self.composed_id()),
            ..self.clone()
        };
        Ok((written, answer.await?))
    }
}

#[async_trait]
impl Resource for EffectivePolicies {
    type Platform = Aws;

    const TIMEOUTS: Timeouts = Timeouts::minutes(10);

    fn plan(plan: &mut Plan<'_>) {
        if plan.is_destroy() {
            return;
        }
        if let Some(tags) = plan.planned.get("tags_all").entries()
            && tags.len() + MARK_TAGS > MOST_TAGS
        {
            let detail = format!(
                "There are {} tags, default_tags included. An object in S3 can have {MOST_TAGS}, of \
                 which {MARK_TAGS} mark who owns it. Leave some out, or have ignore_tags do so.",
                tags.len(),
            );
            plan.refuse("tags", "too many tags", detail);
        }
        let id = plan.known::<String>("bucket").zip(plan.known::<String>("key"));
        plan.set_known("id", id.map(|(bucket, key)| format!("{bucket}/{key}")).as_ref());
    }

    async fn read(call: &Call, state: &Self) -> Result<Option<Self>, Failure> {
        Ok(state.look(call).await?.map(|(seen, _)| seen))
    }

    async fn find(call: &Call, plan: &Self) -> Result<Vec<Found<Self>>, Failure> {
        let found = plan.look(call).await?.map(|(object, mark)| {
            let label = format!("s3://{}", plan.composed_id());
            Found { object, mark, complete: true, label }
        });
        Ok(found.into_iter().collect())
    }

    async fn create(call: &Call, plan: &Self, state: &mut Self) -> Result<(), Failure> {
        let (written, answer) = plan.write(call, true).await?;
        match answer {
            Err(error) if is_code(&error, &TAKEN) => {
                // It may be that of a request of ours whose answer was lost.
                let mark = Self::mark(call, plan).await?;
                if mark.is_none_or(|mark| mark.generation != call.claim.generation) {
                    return Err(taken(plan, call).into());
                }
            }
            answer => drop(answer.at(&call.scope)?),
        }
        *state = written;
        Ok(())
    }

    async fn update(
        call: &Call,
        _prior: &Self,
        plan: &Self,
        state: &mut Self,
    ) -> Result<(), Failure> {
        let (written, answer) = plan.write(call, false).await?;
        answer.at(&call.scope)?;
        *state = written;
        Ok(())
    }

    async fn delete(call: &Call, prior: &Self) -> Result<(), Failure> {
        let request = call.scope.s3().delete_object().bucket(&prior.bucket).key(&prior.key);
        request.send().await.found(&call.scope, &[ABSENT[0], ABSENT[1], NO_BUCKET])?;
        Ok(())
    }

    async fn mark(call: &Call, state: &Self) -> Result<Option<Mark>, Failure> {
        Ok(state.tagging(call).await?.and_then(|(_, mark)| mark))
    }

    fn import(id: &str) -> Result<Self, Diagnostic> {
        let (region, rest) = match id.split_once('/') {
            Some((region, rest)) if is_region(region) && rest.contains('/') => (Some(region), rest),
            _ => (None, id),
        };
        match rest.split_once('/') {
            Some((bucket, key)) if !bucket.is_empty() && !key.is_empty() => Ok(Self {
                bucket: bucket.to_owned(),
                key: key.to_owned(),
                id: Some(rest.to_owned()),
                placement: Placement { region: region.map(str::to_owned), ..Placement::default() },
                ..Self::default()
            }),
            _ => Err(Diagnostic::error(
                format!("{id:?} names no object"),
                "Import it by bucket and key, with the region in front where it is not the \
                 provider's: BUCKET/KEY or REGION/BUCKET/KEY.",
            )),
        }
    }
}

/// Whether a text looks like the name of a region.
fn is_region(text: &str) -> bool {
    let mut parts = text.split('-');
    let is_word = |part: &str| part.len() > 1 && part.bytes().all(|it| it.is_ascii_lowercase());
    let number = parts.next_back().unwrap_or_default();
    let is_number = !number.is_empty() && number.bytes().all(|it| it.is_ascii_digit());
    is_number && parts.clone().count() > 1 && parts.all(is_word)
}

/// The rule of what is only found to be false.
fn is_wanted(value: &Value) -> Result<(), String> {
    match value.as_bool() {
        Some(false) => {
            Err("true, or left out: nobody wants what does not hold any more".to_owned())
        }
        _ => Ok(()),
    }
}

/// Tags as the query that S3 takes them in.
fn query(tags: &tags::Tags) -> String {
    let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let pairs: Vec<String> =
        tags.iter().map(|(key, value)| format!("{}={}", encode(key), encode(value))).collect();
    pairs.join("&")
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn taken(object: &EffectivePolicies, call: &Call) -> Diagnostic {
    Diagnostic::error(
        format!("s3://{} exists already", object.composed_id()),
        format!(
            "Somebody has put another object there meanwhile ({}). Choose another key, or remove it.",
            call.scope.place(),
        ),
    )
    .at_attribute("key")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_written_as_a_query() {
        let tags = [("team", "a b&c"), ("travel:x", "1/2")];
        let tags = tags.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(query(&tags.into_iter().collect()), "team=a%20b%26c&travel%3Ax=1%2F2");
    }

    #[test]
    fn an_import_names_bucket_and_key() {
        for (id, expected) in [
            ("bucket/a/b.json", Some((None, "a/b.json"))),
            ("eu-central-1/bucket/b.json", Some((Some("eu-central-1"), "b.json"))),
            ("eu-central-1/b.json", Some((None, "b.json"))),
            ("bucket", None),
            ("/key", None),
            ("b/", None),
        ] {
            let read = EffectivePolicies::import(id).ok();
            let read = read.as_ref().map(|it| (it.placement.region.as_deref(), it.key.as_str()));
            assert_eq!(read, expected, "{id}");
        }
    }
}
