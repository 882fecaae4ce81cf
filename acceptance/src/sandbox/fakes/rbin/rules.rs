//! The retention rules themselves: making, reading, changing, locking, deleting and tagging them.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::checks::{check, check_tags, conflict, exceeded, invalid, invalid_token, missing};
use super::lock::{Lock, Standing};
use crate::sandbox::backend::Tagged;
use crate::sandbox::fakes::input::Input;
use crate::sandbox::fakes::neighbours::partition;
use crate::sandbox::wire::ServiceError;

/// How many rules an account may have in a region.
const MOST_RULES: usize = 250;

/// How many rules of an account in a region may have the same resource tag.
const MOST_RULES_OF_A_TAG: usize = 5;

/// How many rules a page lists where the caller does not say. AWS documents only the most that may be asked for.
const PAGE: usize = 100;

/// The account and region that rules belong to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    account: String,
    region: String,
}

/// All that the service knows: the rules of each place by id.
#[derive(Debug, Default)]
pub struct State(BTreeMap<Place, Rules>);

type Rules = BTreeMap<String, Rule>;

/// A retention rule. With resource tags it is a tag-level rule, without it is a Region-level one.
#[derive(Clone, Debug)]
pub struct Rule {
    /// `EBS_SNAPSHOT`, `EC2_IMAGE` or `EBS_VOLUME`.
    pub resource_type: String,
    /// For how many days it retains what is deleted.
    pub retention_days: i64,
    /// The tags of what it retains.
    pub resource_tags: Vec<ResourceTag>,
    /// The tags of what a Region-level rule leaves out.
    pub exclude_resource_tags: Vec<ResourceTag>,
    id: String,
    arn: String,
    description: Option<String>,
    tags: BTreeMap<String, String>,
    lock: Option<Lock>,
}

/// A tag by which a rule knows resources.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceTag {
    #[serde(rename = "ResourceTagKey")]
    key: String,
    #[serde(rename = "ResourceTagValue", skip_serializing_if = "Option::is_none")]
    value: Option<String>,
}

/// A tag of a rule itself.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tag {
    key: String,
    value: String,
}

impl Place {
    /// The place of an account and a region.
    pub fn new(account: &str, region: &str) -> Self {
        Self { account: account.to_owned(), region: region.to_owned() }
    }
}

impl State {
    /// Carries out an operation whose input fits the model; the output may have members that are null.
    ///
    /// # Errors
    /// The service's error.
    pub fn perform(
        &mut self,
        place: &Place,
        operation: &str,
        input: &Input,
        now: DateTime<Utc>,
    ) -> Result<Value, ServiceError> {
        let rules = self.0.entry(place.clone()).or_default();
        match operation {
            "CreateRule" => create(rules, place, input, now),
            "GetRule" => Ok(rule(rules, input)?.shown(now)),
            "ListRules" => list(rules, input, now),
            "UpdateRule" => update(rules, input, now),
            "DeleteRule" => {
                rule(rules, input)?.must_be_open(now)?;
                rules.remove(input.text("Identifier"));
                Ok(json!({}))
            }
            "LockRule" => {
                let rule = rule(rules, input)?;
                rule.lock(Lock::new(input.value("LockConfiguration")), now)?;
                Ok(rule.shown(now))
            }
            "UnlockRule" => {
                let rule = rule(rules, input)?;
                rule.unlock(now)?;
                Ok(rule.shown(now))
            }
            // The API has no conflicts for these three: the tags of a locked rule may be changed.
            "TagResource" => {
                let rule = rule_of_arn(rules, input)?;
                let mut tags = rule.tags.clone();
                tags.extend(tags_of(input)?);
                check_tags(&tags)?;
                rule.tags = tags;
                Ok(json!({}))
            }
            "UntagResource" => {
                let removed = input.texts("TagKeys");
                rule_of_arn(rules, input)?.tags.retain(|key, _| !removed.contains(key));
                Ok(json!({}))
            }
            "ListTagsForResource" => Ok(json!({"Tags": rule_of_arn(rules, input)?.shown_tags()})),
            other => Err(ServiceError::internal(format!("Recycle Bin has no operation {other}"))),
        }
    }

    /// The tags of the rules of a place.
    pub fn tagged(&self, place: &Place) -> Tagged {
        let rules = self.0.get(place).into_iter().flat_map(Rules::values);
        rules.map(|rule| (rule.arn.clone(), rule.tags.clone())).collect()
    }
}

impl Rule {
    /// As GetRule shows it. What is not given is null.
    fn shown(&self, now: DateTime<Utc>) -> Value {
        let lock = self.lock.as_ref();
        json!({
            "Identifier": self.id,
            "RuleArn": self.arn,
            "Description": self.description,
            "ResourceType": self.resource_type,
            "RetentionPeriod": self.shown_period(),
            "ResourceTags": self.resource_tags,
            "ExcludeResourceTags": self.exclude_resource_tags,
            "Status": "available",
            "LockConfiguration": lock.map(Lock::configuration),
            "LockState": self.standing(now).map(Standing::name),
            "LockEndTime": lock.and_then(|lock| lock.end_time(now)),
        })
    }

    fn summary(&self, now: DateTime<Utc>) -> Value {
        json!({
            "Identifier": self.id,
            "RuleArn": self.arn,
            "Description": self.description,
            "RetentionPeriod": self.shown_period(),
            "LockState": self.standing(now).map(Standing::name),
        })
    }

    fn shown_period(&self) -> Value {
        json!({"RetentionPeriodValue": self.retention_days, "RetentionPeriodUnit": "DAYS"})
    }

    fn shown_tags(&self) -> Vec<Tag> {
        let tag = |(key, value): (&String, &String)| Tag { key: key.clone(), value: value.clone() };
        self.tags.iter().map(tag).collect()
    }

    /// Takes over what CreateRule and UpdateRule have in common; what is not given stays.
    fn apply(&mut self, input: &Input) -> Result<(), ServiceError> {
        if input.has("Description") {
            self.description = Some(input.text("Description").to_owned());
        }
        if let Some(days) = input.inner("RetentionPeriod").number("RetentionPeriodValue") {
            self.retention_days = days;
        }
        if input.has("ResourceTags") {
            self.resource_tags = items(input, "ResourceTags")?;
        }
        if input.has("ExcludeResourceTags") {
            self.exclude_resource_tags = items(input, "ExcludeResourceTags")?;
        }
        check(self)
    }

    /// How its lock stands; `None` where it was never locked.
    fn standing(&self, now: DateTime<Utc>) -> Option<Standing> {
        self.lock.as_ref().map(|lock| lock.standing(now))
    }

    fn must_be_open(&self, now: DateTime<Utc>) -> Result<(), ServiceError> {
        let id = &self.id;
        match self.standing(now) {
            Some(Standing::Locked) => Err(conflict(format!("the retention rule {id} is locked"))),
            Some(Standing::PendingUnlock) => Err(conflict(format!(
                "the unlock delay of the retention rule {id} has not expired"
            ))),
            Some(Standing::Unlocked) | None => Ok(()),
        }
    }

    /// Why a rule of its kind cannot have a lock; `None` where it can.
    fn lock_obstacle(&self) -> Option<&'static str> {
        if !self.resource_tags.is_empty() {
            Some("a tag-level retention rule cannot be locked")
        } else if !self.exclude_resource_tags.is_empty() {
            Some("a Region-level retention rule with exclusion tags cannot be locked")
        } else {
            None
        }
    }

    /// Locks it, also again while its unlock delay runs. The documents do not say which error it is that a rule of the
    /// wrong kind meets, nor one whose unlock delay would change before it has expired; it is taken to be the
    /// conflict, as the request itself is valid.
    fn lock(&mut self, wanted: Lock, now: DateTime<Utc>) -> Result<(), ServiceError> {
        if let Some(reason) = self.lock_obstacle() {
            return Err(conflict(reason));
        }
        match (self.standing(now), &self.lock) {
            (Some(Standing::Locked), _) => {
                return Err(conflict(format!("the retention rule {} is already locked", self.id)));
            }
            (Some(Standing::PendingUnlock), Some(lock))
                if lock.configuration() != wanted.configuration() =>
            {
                return Err(conflict("the unlock delay cannot be changed before it has expired"));
            }
            _ => self.lock = Some(wanted),
        }
        Ok(())
    }

    fn unlock(&mut self, now: DateTime<Utc>) -> Result<(), ServiceError> {
        match &mut self.lock {
            Some(lock) if lock.standing(now) == Standing::Locked => {
                lock.unlock(now);
                Ok(())
            }
            _ => Err(conflict(format!("the retention rule {} is not locked", self.id))),
        }
    }
}

fn create(
    rules: &mut Rules,
    place: &Place,
    input: &Input,
    now: DateTime<Utc>,
) -> Result<Value, ServiceError> {
    let id = new_id();
    let Place { account, region } = place;
    let mut made = Rule {
        arn: format!("arn:{}:rbin:{region}:{account}:rule/{id}", partition(region)),
        id,
        description: None,
        resource_type: input.text("ResourceType").to_owned(),
        retention_days: 0,
        resource_tags: Vec::new(),
        exclude_resource_tags: Vec::new(),
        tags: tags_of(input)?,
        lock: input.has("LockConfiguration").then(|| Lock::new(input.value("LockConfiguration"))),
    };
    made.apply(input)?;
    if let Some(reason) = made.lock_obstacle().filter(|_| made.lock.is_some()) {
        return Err(invalid(reason));
    }
    check_tags(&made.tags)?;
    if rules.len() >= MOST_RULES {
        return Err(exceeded(format!("a region can have {MOST_RULES} retention rules at most")));
    }
    check_shared(rules, &made)?;
    let mut answer = made.shown(now);
    answer["Tags"] = json!(made.shown_tags());
    // How long a rule is pending is not documented: here it is available as soon as it is read.
    answer["Status"] = "pending".into();
    rules.insert(made.id.clone(), made);
    Ok(answer)
}

fn update(rules: &mut Rules, input: &Input, now: DateTime<Utc>) -> Result<Value, ServiceError> {
    let mut changed = rule(rules, input)?.clone();
    if input.has("ResourceType") {
        return Err(invalid("the ResourceType of a retention rule cannot be updated"));
    }
    changed.must_be_open(now)?;
    changed.apply(input)?;
    check_shared(rules, &changed)?;
    let mut answer = changed.shown(now);
    // The one member of GetRule that the model of this answer has not.
    answer["LockConfiguration"].take();
    rules.insert(changed.id.clone(), changed);
    Ok(answer)
}

fn list(rules: &Rules, input: &Input, now: DateTime<Utc>) -> Result<Value, ServiceError> {
    let after = input.optional_text("NextToken").map(id_of_token).transpose()?;
    let size = input.number("MaxResults").and_then(|size| usize::try_from(size).ok());
    let kind = input.text("ResourceType");
    let state = input.optional_text("LockState");
    let tags: Vec<ResourceTag> = items(input, "ResourceTags")?;
    let excluded: Vec<ResourceTag> = items(input, "ExcludeResourceTags")?;
    let mut found = rules.values().filter(|rule| {
        after.as_ref().is_none_or(|after| rule.id > *after)
            && rule.resource_type == kind
            && (state.is_none() || rule.standing(now).map(Standing::name) == state)
            && tags.iter().all(|wanted| wanted.is_among(&rule.resource_tags))
            && excluded.iter().all(|wanted| wanted.is_among(&rule.exclude_resource_tags))
    });
    let page: Vec<&Rule> = found.by_ref().take(size.unwrap_or(PAGE)).collect();
    let next = found.next().and(page.last()).map(|last| STANDARD.encode(&last.id));
    let summaries: Vec<Value> = page.iter().map(|rule| rule.summary(now)).collect();
    Ok(json!({"Rules": summaries, "NextToken": next}))
}

impl ResourceTag {
    /// Whether it is one of those of a rule; without a value it stands for any value of its key.
    fn is_among(&self, tags: &[Self]) -> bool {
        let fits = |tag: &Self| tag.key == self.key && (self.value.is_none() || *tag == *self);
        tags.iter().any(fits)
    }
}

/// Refuses a rule with a resource tag that as many other rules have as may have it.
fn check_shared(rules: &Rules, wanted: &Rule) -> Result<(), ServiceError> {
    for tag in &wanted.resource_tags {
        let others = rules.values().filter(|rule| rule.id != wanted.id);
        if others.filter(|rule| rule.resource_tags.contains(tag)).count() >= MOST_RULES_OF_A_TAG {
            let message = format!(
                "the resource tag {}={} can be in {MOST_RULES_OF_A_TAG} retention rules at most",
                tag.key,
                tag.value.as_deref().unwrap_or_default()
            );
            return Err(exceeded(message));
        }
    }
    Ok(())
}

fn rule<'a>(rules: &'a mut Rules, input: &Input) -> Result<&'a mut Rule, ServiceError> {
    let id = input.text("Identifier");
    rules.get_mut(id).ok_or_else(|| missing(id))
}

fn rule_of_arn<'a>(rules: &'a mut Rules, input: &Input) -> Result<&'a mut Rule, ServiceError> {
    let arn = input.text("ResourceArn");
    rules.values_mut().find(|rule| rule.arn == arn).ok_or_else(|| missing(arn))
}

fn tags_of(input: &Input) -> Result<BTreeMap<String, String>, ServiceError> {
    let tags: Vec<Tag> = items(input, "Tags")?;
    Ok(tags.into_iter().map(|tag| (tag.key, tag.value)).collect())
}

/// The items of a list that fits the model, none where it is absent.
fn items<T: DeserializeOwned>(input: &Input, name: &str) -> Result<Vec<T>, ServiceError> {
    let list: Option<Vec<T>> = serde_json::from_value(input.value(name).clone())
        .map_err(|error| ServiceError::internal(format!("{name}: {error}")))?;
    Ok(list.unwrap_or_default())
}

/// The id of the last rule of the page that gave a token.
fn id_of_token(token: &str) -> Result<String, ServiceError> {
    let bytes = STANDARD.decode(token).ok();
    let id = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    let is_id =
        |id: &String| id.len() == ID_LENGTH && id.bytes().all(|byte| ALPHABET.contains(&byte));
    id.filter(is_id).ok_or_else(|| invalid_token(token))
}

const ID_LENGTH: usize = 11;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// An id that no other rule has.
fn new_id() -> String {
    let mut number = Uuid::new_v4().as_u128();
    let mut id = String::with_capacity(ID_LENGTH);
    for _ in 0..ID_LENGTH {
        id.push(char::from(ALPHABET[(number % 62) as usize]));
        number /= 62;
    }
    id
}

#[cfg(test)]
mod tests;
