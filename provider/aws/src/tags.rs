//! Tags of AWS resources: the person's own, the provider's defaults, and the marks of ownership
//! that nobody sees.

use std::collections::{BTreeMap, BTreeSet};

use travel_framework::ownership::{Claim, Mark};
use travel_framework::{Model, Plan};
use travel_value::{Path, Value};

use crate::settings::{IgnoredTags, Setting};

/// The tag that says which part of a resource something is.
pub const PART_TAG: &str = "travel:part";
/// How many tags a resource can have, in most services.
pub const MOST_TAGS: usize = 50;
/// How many of them the mark of ownership takes.
const MARK_TAGS: usize = 3;
const LONGEST_KEY: usize = 128;
const LONGEST_VALUE: usize = 256;

/// Tags by key.
pub type Tags = BTreeMap<String, String>;

/// The mark of ownership among tags.
pub fn mark(tags: &Tags) -> Option<Mark> {
    Mark::from_tags(tags.iter().map(|(key, value)| (key.as_str(), value.as_str())))
}

/// The tags of a resource, flattened into its model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Tagging {
    /// Tags of the resource, beside the provider's `default_tags`, which they override.
    #[model(optional, rule = are_allowed)]
    pub tags: Option<Tags>,
    /// All tags of the resource, those from `default_tags` included.
    #[model(computed)]
    pub tags_all: Option<Tags>,
}

/// What turns one set of tags into another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TagChanges {
    /// Tags to set, new or with another value.
    pub set: Tags,
    /// Keys to remove.
    pub remove: Vec<String>,
}

impl TagChanges {
    /// What leads from `before` to `after`. Tags that neither knows are left alone. `marked_with`
    /// is the generation that stands on the object, if it is known.
    pub fn between(before: &Tags, after: &Tags, marked_with: Option<&str>, claim: &Claim) -> Self {
        let mut set: Tags = after
            .iter()
            .filter(|(key, value)| before.get(*key) != Some(value))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        let remove: Vec<String> =
            before.keys().filter(|key| !after.contains_key(*key)).cloned().collect();
        // The mark goes with every change, so that a deployment's new name arrives in time.
        if !set.is_empty() || !remove.is_empty() || marked_with != Some(&claim.generation) {
            set.extend(claim.tags());
        }
        Self { set, remove }
    }

    /// What makes of the tags that are `there` those that are `wanted`, marks included. Of the
    /// others only those go that were the object's own `before`.
    pub fn toward<'a>(
        wanted: Tags,
        there: &Tags,
        before: impl IntoIterator<Item = &'a String>,
    ) -> Self {
        let gone = |key: &&String| {
            !wanted.contains_key(*key) && there.contains_key(*key) && !Mark::is_tag(key)
        };
        let remove: BTreeSet<String> = before.into_iter().filter(gone).cloned().collect();
        let set = wanted.into_iter().filter(|(key, value)| there.get(key) != Some(value));
        Self { set: set.collect(), remove: remove.into_iter().collect() }
    }

    /// The tags after this change of theirs.
    pub fn applied(&self, tags: &Tags) -> Tags {
        let mut tags = tags.clone();
        tags.extend(self.set.clone());
        tags.retain(|key, _| !self.remove.contains(key));
        tags
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.set.is_empty() && self.remove.is_empty()
    }
}

impl Tagging {
    /// The tags for the call that makes the object, with the mark of ownership.
    pub fn for_create(&self, claim: &Claim) -> Tags {
        let mut tags = self.tags_all.clone().unwrap_or_default();
        tags.extend(claim.tags());
        tags
    }

    /// What an update from `prior` to these tags has to do: see [`TagChanges::between`].
    pub fn changes(&self, prior: &Self, marked_with: Option<&str>, claim: &Claim) -> TagChanges {
        let none = Tags::new();
        let before = prior.tags_all.as_ref().unwrap_or(&none);
        let after = self.tags_all.as_ref().unwrap_or(&none);
        TagChanges::between(before, after, marked_with, claim)
    }

    /// What the tags in the cloud mean: those to show, and the mark. `state` is the last known
    /// state, which tells a tag of the person's own from a default of the same value.
    pub fn read<K, V>(
        cloud: impl IntoIterator<Item = (K, V)>,
        state: &Self,
        settings: &TagSettings,
    ) -> (Self, Option<Mark>)
    where
        K: Into<String>,
        V: Into<String>,
    {
        let mut all: Tags =
            cloud.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
        let mark = mark(&all);
        all.retain(|key, _| !is_reserved(key) && !settings.ignores(key));
        let own = |key: &String| state.tags.as_ref().is_some_and(|tags| tags.contains_key(key));
        let defaults = settings.defaults.known();
        let default = |key: &String| defaults.and_then(|defaults| defaults.get(key));
        let tags: Tags = all
            .iter()
            .filter(|(key, value)| own(key) || default(key) != Some(value))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        let tags = (state.tags.is_some() || !tags.is_empty()).then_some(tags);
        (Self { tags, tags_all: Some(all) }, mark)
    }
}

/// What the provider's configuration says of tags.
#[derive(Clone, Debug, Default)]
pub struct TagSettings {
    defaults: Setting<Tags>,
    ignored_keys: BTreeSet<String>,
    ignored_prefixes: BTreeSet<String>,
}

impl TagSettings {
    /// From `default_tags` and `ignore_tags`.
    pub fn new(defaults: Setting<Tags>, ignored: IgnoredTags) -> Self {
        Self {
            defaults,
            ignored_keys: ignored.keys.unwrap_or_default(),
            ignored_prefixes: ignored.key_prefixes.unwrap_or_default(),
        }
    }

    /// Whether others keep this tag, so that it is never shown and never removed.
    pub fn ignores(&self, key: &str) -> bool {
        self.ignored_keys.contains(key)
            || self.ignored_prefixes.iter().any(|prefix| key.starts_with(prefix.as_str()))
    }

    /// All tags of an object with these tags of its own, for parts that have tags apart from
    /// their resource's.
    pub fn with_defaults(&self, own: &Tags) -> Tags {
        let mut all = self.defaults.known().cloned().unwrap_or_default();
        all.extend(own.iter().map(|(key, value)| (key.clone(), value.clone())));
        all.retain(|key, _| !self.ignores(key));
        all
    }
}

/// Plans `tags_all`, and refuses tags that cannot be set, for a model with [`Tagging`] in it.
pub fn plan(plan: &mut Plan<'_>, settings: &TagSettings) {
    let has_tags = plan.planned.entries().is_some_and(|object| object.contains_key("tags_all"));
    if plan.is_destroy() || !has_tags {
        return;
    }
    let own = plan.planned.get("tags").clone();
    if let Some(own) = own.entries() {
        for (key, value) in own {
            let path = Path::attribute("tags").key(key);
            if value.is_null() {
                plan.refuse_at(path, format!("no value for tag {key:?}"), "A tag's value may be empty, but not null. Leave the tag out, or give it a value.");
            } else if settings.ignores(key) {
                plan.refuse_at(
                    path,
                    format!("tag {key:?} is ignored"),
                    "The provider's ignore_tags leaves this tag to others. Remove it here or there.",
                );
            }
        }
    }
    let all = all_tags(&own, settings);
    if let Some(all) = all.entries()
        && all.len() + MARK_TAGS > MOST_TAGS
    {
        let most = MOST_TAGS - MARK_TAGS;
        plan.refuse("tags", "too many tags", format!(
            "There are {} tags, default_tags included. A resource can have {MOST_TAGS}, of which \
             {MARK_TAGS} mark who owns it: {most} are left.",
            all.len(),
        ));
    }
    plan.set("tags_all", all);
}

/// Defaults and own tags together, as a planned value: unknown as far as they are.
fn all_tags(own: &Value, settings: &TagSettings) -> Value {
    if own.is_unknown() || settings.defaults.is_unknown() {
        return Value::unknown();
    }
    let defaults = settings.defaults.known().into_iter().flatten();
    let mut all: BTreeMap<String, Value> =
        defaults.map(|(key, value)| (key.clone(), value.as_str().into())).collect();
    all.extend(
        own.entries().into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())),
    );
    all.retain(|key, value| !settings.ignores(key) && !value.is_null());
    Value::Map(all)
}

/// The rule of every map of tags in a configuration.
pub fn are_allowed(tags: &Value) -> Result<(), String> {
    let too_long = |text: &str, most: usize| text.chars().count() > most;
    for (key, value) in tags.entries().into_iter().flatten() {
        if is_reserved(key) {
            return Err(format!("without {key:?}: keys that begin with aws: or travel: are taken"));
        }
        if key.is_empty() || too_long(key, LONGEST_KEY) {
            return Err(format!("a map whose keys have 1 to {LONGEST_KEY} characters"));
        }
        if value.as_str().is_some_and(|value| too_long(value, LONGEST_VALUE)) {
            return Err(format!("a map whose values have at most {LONGEST_VALUE} characters"));
        }
    }
    Ok(())
}

/// Whether a key belongs to AWS or to the mark of ownership.
fn is_reserved(key: &str) -> bool {
    Mark::is_tag(key) || key.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("aws:"))
}

#[cfg(test)]
mod tests;
