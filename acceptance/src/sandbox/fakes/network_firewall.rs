//! Network Firewall: rule groups, policies and firewalls whose endpoints take time to come and go.
//!
//! Follows the AWS Network Firewall API Reference, version 2020-11-12; requests and answers are checked by the
//! service's model. Traffic is not filtered, and rules are not parsed beyond counting them.

mod endpoints;
mod firewalls;
mod policies;
mod rule_groups;
mod zones;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio::sync::{Mutex, OnceCell};
use uuid::Uuid;

use self::firewalls::Firewall;
use self::policies::Policy;
use self::rule_groups::RuleGroup;
use super::input::{Input, page};
use super::shapes::Shapes;
use crate::sandbox::backend::{Backend, Tagged};
use crate::sandbox::call::{Call, Reply};
use crate::sandbox::wire::ServiceError;
use crate::sandbox::world::World;

const PAGE: usize = 100;
const MOST_TAGS: usize = 50;

/// The backend of Network Firewall.
pub fn backend() -> Box<dyn Backend> {
    Box::<NetworkFirewall>::default()
}

#[derive(Default)]
struct NetworkFirewall {
    shapes: OnceCell<Shapes>,
    places: Mutex<BTreeMap<(String, String), State>>,
}

/// All that the service knows in an account and region, by ARN.
#[derive(Debug, Default)]
struct State {
    place: (String, String),
    pending_describes: u32,
    groups: BTreeMap<String, RuleGroup>,
    policies: BTreeMap<String, Policy>,
    firewalls: BTreeMap<String, Firewall>,
    /// The ids of endpoints that stand in EC2.
    known_endpoints: BTreeSet<String>,
}

type Tags = BTreeMap<String, String>;

#[async_trait]
impl Backend for NetworkFirewall {
    async fn answer(&self, call: Call, world: &Arc<World>) -> Result<Reply, ServiceError> {
        let load = || async {
            Shapes::load(&world.models, "network-firewall").map_err(ServiceError::internal)
        };
        let shapes = self.shapes.get_or_try_init(load).await?;
        let input = shapes
            .input(&call)
            .map_err(|misfit| invalid(format!("{} {}", misfit.path, misfit.problem)))?;
        let zones = match call.operation.as_str() {
            "CreateFirewall" | "AssociateSubnets" => zones::of(&call, &input, world).await?,
            _ => BTreeMap::new(),
        };
        let place = (call.account().to_owned(), call.region.clone());
        let mut places = self.places.lock().await;
        let state = places.entry(place.clone()).or_default();
        state.place = place;
        state.pending_describes = world.settings.get().pending_describes;
        let performed = state.perform(&call.operation, &input, &zones);
        // A look at what is under way may be what ends it.
        state.follow_in_ec2(&call, world).await?;
        let output = performed?;
        drop(places);
        shapes.reply(&call, &output)
    }

    async fn reset(&self, _world: &Arc<World>) -> Result<(), String> {
        self.places.lock().await.clear();
        Ok(())
    }

    async fn tagged(&self, account: &str, region: &str) -> Tagged {
        let places = self.places.lock().await;
        let Some(state) = places.get(&(account.to_owned(), region.to_owned())) else {
            return Tagged::new();
        };
        state.all_tags().map(|(arn, tags)| (arn.clone(), tags.clone())).collect()
    }
}

impl State {
    fn perform(
        &mut self,
        operation: &str,
        input: &Input,
        zones: &BTreeMap<String, String>,
    ) -> Result<Value, ServiceError> {
        match operation {
            "TagResource" | "UntagResource" | "ListTagsForResource" => {
                self.perform_on_tags(operation, input)
            }
            _ if operation.contains("RuleGroup") => self.perform_on_group(operation, input),
            "CreateFirewallPolicy"
            | "DescribeFirewallPolicy"
            | "UpdateFirewallPolicy"
            | "DeleteFirewallPolicy"
            | "ListFirewallPolicies" => self.perform_on_policy(operation, input),
            _ => self.perform_on_firewall(operation, input, zones),
        }
    }

    fn all_tags(&self) -> impl Iterator<Item = (&String, &Tags)> {
        let groups = self.groups.iter().map(|(arn, it)| (arn, &it.tags));
        let policies = self.policies.iter().map(|(arn, it)| (arn, &it.tags));
        let firewalls = self.firewalls.iter().map(|(arn, it)| (arn, &it.tags));
        groups.chain(policies).chain(firewalls)
    }

    fn perform_on_tags(&mut self, operation: &str, input: &Input) -> Result<Value, ServiceError> {
        let arn = input.text("ResourceArn");
        let tags = self.groups.get_mut(arn).map(|it| &mut it.tags);
        let tags = tags.or_else(|| self.policies.get_mut(arn).map(|it| &mut it.tags));
        let tags = tags.or_else(|| self.firewalls.get_mut(arn).map(|it| &mut it.tags));
        let tags = tags.ok_or_else(|| missing(arn))?;
        match operation {
            "TagResource" => add_tags(tags, input)?,
            "UntagResource" => {
                let removed = input.texts("TagKeys");
                tags.retain(|key, _| !removed.contains(key));
            }
            _ => return paged(input, "Tags", shown_tags(tags)),
        }
        Ok(json!({}))
    }

    /// The ARN that a request names, by itself or by a name.
    fn arn(&self, input: &Input, prefix: &str, kind: &str) -> String {
        let given = input.optional_text(&format!("{prefix}Arn"));
        let named = || self.arn_of(kind, input.text(&format!("{prefix}Name")));
        given.map_or_else(named, str::to_owned)
    }

    fn arn_of(&self, kind: &str, name: &str) -> String {
        let (account, region) = &self.place;
        format!("arn:aws:network-firewall:{region}:{account}:{kind}/{name}")
    }
}

fn new_token() -> String {
    Uuid::new_v4().to_string()
}

/// Refuses a change that was made from an older look.
fn check_token(input: &Input, token: &str) -> Result<(), ServiceError> {
    match input.optional_text("UpdateToken") {
        Some(given) if given != token => Err(ServiceError::new(
            "InvalidTokenException",
            "The token you provided is stale or isn't valid for the operation.",
        )),
        _ => Ok(()),
    }
}

fn add_tags(tags: &mut Tags, input: &Input) -> Result<(), ServiceError> {
    let mut all = tags.clone();
    for tag in input.value("Tags").as_array().into_iter().flatten() {
        let text = |name: &str| tag[name].as_str().unwrap_or_default().to_owned();
        all.insert(text("Key"), text("Value"));
    }
    if all.len() > MOST_TAGS {
        return Err(invalid(format!("a resource can have {MOST_TAGS} tags at most")));
    }
    *tags = all;
    Ok(())
}

fn shown_tags(tags: &Tags) -> Vec<Value> {
    tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect()
}

fn encryption(input: &Input) -> Value {
    match input.has("EncryptionConfiguration") {
        true => input.value("EncryptionConfiguration").clone(),
        false => json!({"KeyId": "AWS_OWNED_KMS_KEY", "Type": "AWS_OWNED_KMS_KEY"}),
    }
}

fn paged(input: &Input, name: &str, items: Vec<Value>) -> Result<Value, ServiceError> {
    let limit = input.number("MaxResults").and_then(|it| usize::try_from(it).ok()).unwrap_or(PAGE);
    // The service's tokens have no hyphens.
    let token = input.optional_text("NextToken").map(|token| token.replace(':', "-"));
    let (items, next) = page(items, token.as_deref(), limit).map_err(invalid)?;
    Ok(json!({name: items, "NextToken": next.map(|token| token.replace('-', ":"))}))
}

fn name_in(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

fn invalid(message: impl Into<String>) -> ServiceError {
    ServiceError::new("InvalidRequestException", message)
}

fn held(message: impl Into<String>) -> ServiceError {
    ServiceError::new("InvalidOperationException", message)
}

fn missing(arn: &str) -> ServiceError {
    ServiceError::new("ResourceNotFoundException", format!("{arn} does not exist"))
}

fn unknown(operation: &str) -> ServiceError {
    ServiceError::internal(format!("the sandbox has no operation {operation}"))
}
