//! travel_network_firewall: a firewall of AWS Network Firewall with its policy, its rule groups and its
//! logs.
//!
//! Source: AWS Network Firewall API reference and developer guide.

mod firewall;
mod groups;
mod logging;
mod observed;
mod parts;
mod planning;
mod policy;
mod removal;
mod rules;
mod tags;
mod wire;

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use travel_framework::ownership::Mark;
use travel_framework::resource::{Found, Resource, Timeouts};
use travel_framework::timeouts::Lifecycle;
use travel_framework::{Diagnostic, Failure, Model, Plan};

use self::rules::{StatefulGroup, StatelessGroup};
use crate::consistency::Call;
use crate::{Aws, Placement, Tagging};

/// A network firewall: an endpoint in each of its subnets, the policy it follows, the rule groups of
/// that policy, and where its logs go.
///
/// Rule groups and policy are named after the firewall. What AWS cannot change of them, such as the
/// capacity of a rule group or the order of rules, is made anew under another name, to which the
/// firewall moves; the firewall itself stays. Rule groups that others have made stay theirs: they are
/// referred to by ARN. Traffic comes to it by routes: those of `travel_inspection_routes`.
#[derive(Clone, Debug, Default, Model)]
#[resource(
    type = "travel_network_firewall",
    id = "arn",
    proof = tags,
    refresh = "5 + stateful_rule_groups + stateless_rule_groups",
    identity("region", "name"),
    consistency_seconds = 5
)]
pub struct NetworkFirewall {
    /// The name. Another name means another firewall.
    #[model(
        required,
        replace,
        pattern("^[a-zA-Z0-9-]{1,64}$", "1 to 64 letters, digits or hyphens")
    )]
    pub name: String,
    /// The network that it stands in. Another network means another firewall.
    #[model(required, replace, pattern("^vpc-[0-9a-f]+$", "the id of a network, as in vpc-0123"))]
    pub vpc_id: String,
    /// The subnets that its endpoints are in: one for each zone, best with nothing else in them.
    #[model(required, length(1, 20))]
    pub subnet_ids: BTreeSet<String>,
    /// What addresses its endpoints take.
    #[model(optional, default = "IPV4", one_of("IPV4", "DUALSTACK", "IPV6"))]
    pub ip_address_type: String,
    /// What it is for.
    #[model(optional, default = "", length(0, 512))]
    pub description: String,
    /// Whether it is kept from being deleted, by anybody.
    #[model(optional, default = false)]
    pub delete_protection: bool,
    /// Whether its subnets are kept from being changed.
    #[model(optional, default = false)]
    pub subnet_change_protection: bool,
    /// Whether it is kept from moving to another policy. What the policy says can still change.
    #[model(optional, default = false)]
    pub policy_change_protection: bool,
    /// Whether a destroy lifts the delete protection.
    #[model(optional, default = false, config_only)]
    pub force_destroy: bool,
    /// The ARN of the KMS key that encrypts firewall, policy and rule groups; by default one of AWS.
    #[model(optional, rule = planning::is_key)]
    pub kms_key_arn: Option<String>,
    /// The order of stateful rules: `STRICT_ORDER` by priority, or `DEFAULT_ACTION_ORDER`, in which
    /// what passes comes first.
    #[model(optional, default = "STRICT_ORDER", one_of("STRICT_ORDER", "DEFAULT_ACTION_ORDER"))]
    pub stateful_rule_order: String,
    /// What becomes of packets that no stateful rule matches, for `STRICT_ORDER`: such as
    /// `aws:drop_established` and `aws:alert_established`. They pass where there is none.
    #[model(optional, default, rule = planning::are_stateful_actions)]
    pub stateful_default_actions: BTreeSet<String>,
    /// What becomes of connections that it has not seen the beginning of.
    #[model(optional, default = "DROP", one_of("DROP", "CONTINUE", "REJECT"))]
    pub stream_exception_policy: String,
    /// After how many seconds without a packet a TCP connection is forgotten.
    #[model(optional, default = 350, range(60, 6000))]
    pub tcp_idle_timeout_seconds: i32,
    /// What becomes of packets that no stateless rule matches: one of `aws:pass`, `aws:drop` and
    /// `aws:forward_to_sfe`, and names of `custom_actions`.
    #[model(optional, default = forwarded(), length(1, 10))]
    pub stateless_default_actions: BTreeSet<String>,
    /// The same for fragments of UDP packets.
    #[model(optional, default = forwarded(), length(1, 10))]
    pub stateless_fragment_default_actions: BTreeSet<String>,
    /// Actions that publish a metric, for `stateless_default_actions`: the value of its dimension
    /// `CustomAction` by the action's name.
    #[model(optional, default)]
    pub custom_actions: BTreeMap<String, String>,
    /// The policy's variables, such as `HOME_NET`: address ranges by name.
    #[model(optional, default, rule = planning::are_sets)]
    pub variables: BTreeMap<String, BTreeSet<String>>,
    /// The ARN of a TLS inspection configuration. AWS can add and remove it only with another policy,
    /// to which the firewall then moves.
    #[model(optional)]
    pub tls_inspection_configuration_arn: Option<String>,
    /// Groups of stateful rules by a name of their own.
    #[model(optional, default, rule = planning::are_keys)]
    pub stateful_rule_groups: BTreeMap<String, StatefulGroup>,
    /// Groups of stateless rules by a name of their own.
    #[model(optional, default, rule = planning::are_keys)]
    pub stateless_rule_groups: BTreeMap<String, StatelessGroup>,
    /// Rule groups that are not this firewall's own: those that AWS manages, partners' and shared ones.
    #[model(optional, default)]
    pub other_rule_groups: BTreeSet<OtherGroup>,
    /// Where its logs go.
    #[model(optional)]
    pub logging: Option<Logging>,
    /// The ARN.
    #[model(computed)]
    pub arn: Option<String>,
    /// The ARN of its policy.
    #[model(computed)]
    pub policy_arn: Option<String>,
    /// The ARNs of its own rule groups, as in `stateful/allowed`.
    #[model(computed)]
    pub rule_group_arns: Option<BTreeMap<String, String>>,
    /// The ids of its endpoints by zone, for `travel_inspection_routes`.
    #[model(computed)]
    pub endpoints: Option<BTreeMap<String, String>>,
    /// The ARNs of policies and rule groups of its own that it does not use any more, because a change
    /// was cut off. The next apply removes them.
    #[model(computed)]
    pub leftover_arns: Option<BTreeSet<String>>,
    /// Its state: `READY`, or `ABSENT` where only policy or rule groups are left, which the next apply
    /// completes.
    #[model(computed)]
    pub firewall_status: Option<String>,
    /// Account and region.
    #[model(flatten)]
    pub placement: Placement,
    /// Tags, which policy and rule groups have, too.
    #[model(flatten)]
    pub tagging: Tagging,
    /// What the framework keeps.
    #[model(flatten)]
    pub lifecycle: Lifecycle,
}

/// A rule group that others keep.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Model)]
pub struct OtherGroup {
    /// The ARN.
    #[model(required, rule = planning::is_rule_group)]
    pub arn: String,
    /// Its place among the rule groups, the lowest first: for `STRICT_ORDER`, and where it is stateless.
    #[model(optional, range(1, 65535))]
    pub priority: Option<i32>,
    /// Whether what it would drop only alerts.
    #[model(optional, default = false)]
    pub alert_only: bool,
}

/// Where each kind of log goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct Logging {
    /// What rules alert to or drop.
    #[model(optional)]
    pub alert: Option<LogDestination>,
    /// All connections.
    #[model(optional)]
    pub flow: Option<LogDestination>,
    /// What TLS inspection finds; for firewalls that have one.
    #[model(optional)]
    pub tls: Option<LogDestination>,
}

/// One place that logs go to: a bucket, a log group or a delivery stream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct LogDestination {
    /// The name of a bucket.
    #[model(optional, length(3, 63))]
    pub bucket: Option<String>,
    /// What the names of objects in the bucket begin with.
    #[model(optional, length(1, 512))]
    pub prefix: Option<String>,
    /// The name of a group of CloudWatch Logs.
    #[model(optional, length(1, 512))]
    pub log_group: Option<String>,
    /// The name of a delivery stream of Firehose.
    #[model(optional, length(1, 64))]
    pub delivery_stream: Option<String>,
}

/// The state of a firewall of which only parts are left.
const ABSENT: &str = "ABSENT";
/// The state of a firewall that works.
const READY: &str = "READY";

fn forwarded() -> BTreeSet<String> {
    BTreeSet::from(["aws:forward_to_sfe".to_owned()])
}

impl NetworkFirewall {
    /// Makes everything as `wanted`; `self` follows. `before` are the keys of tags that were its own.
    async fn bring(&mut self, call: &Call, prior: &Self, wanted: &Self) -> Result<(), Failure> {
        let none = BTreeMap::new();
        let before: Vec<String> =
            prior.tagging.tags_all.as_ref().unwrap_or(&none).keys().cloned().collect();
        // From here on there may be something of it.
        self.arn = Some(call.scope.arn("network-firewall", &format!("firewall/{}", wanted.name)));
        self.firewall_status = self.firewall_status.take().or_else(|| Some(ABSENT.to_owned()));
        groups::bring(call, wanted, &before).await?;
        call.proceed()?;
        let policy_arn = policy::bring(call, wanted, &before).await?;
        call.proceed()?;
        firewall::bring(call, wanted, &policy_arn, &before).await?;
        call.proceed()?;
        logging::bring(call, &wanted.name, wanted.logging.as_ref()).await?;
        removal::remove_leftovers(call, wanted).await?;
        let seen = observed::look(call, wanted).await?;
        let (seen, _) = seen.ok_or_else(|| {
            Diagnostic::error(
                format!("firewall {} is gone", wanted.name),
                "It was deleted while it was changed. Apply again to make it anew.",
            )
        })?;
        *self = Self {
            arn: seen.arn,
            policy_arn: seen.policy_arn,
            rule_group_arns: seen.rule_group_arns,
            endpoints: seen.endpoints,
            firewall_status: seen.firewall_status,
            leftover_arns: seen.leftover_arns,
            placement: self.placement.clone(),
            lifecycle: self.lifecycle.clone(),
            ..wanted.clone()
        };
        Ok(())
    }
}

#[async_trait]
impl Resource for NetworkFirewall {
    type Platform = Aws;

    const TIMEOUTS: Timeouts = Timeouts::minutes(60);

    fn validate(plan: &mut Plan<'_>) {
        planning::check(plan);
    }

    fn plan(plan: &mut Plan<'_>) {
        planning::plan(plan);
    }

    async fn read(call: &Call, state: &Self) -> Result<Option<Self>, Failure> {
        Ok(observed::look(call, state).await?.map(|(object, _)| object))
    }

    async fn find(call: &Call, plan: &Self) -> Result<Vec<Found<Self>>, Failure> {
        let found = observed::look(call, plan).await?.map(|(object, mark)| Found {
            complete: object.firewall_status.as_deref() == Some(READY),
            label: object.arn.clone().unwrap_or_default(),
            object,
            mark,
        });
        Ok(found.into_iter().collect())
    }

    async fn create(call: &Call, plan: &Self, state: &mut Self) -> Result<(), Failure> {
        state.bring(call, &Self::default(), plan).await
    }

    async fn update(
        call: &Call,
        prior: &Self,
        plan: &Self,
        state: &mut Self,
    ) -> Result<(), Failure> {
        state.bring(call, prior, plan).await
    }

    async fn delete(call: &Call, prior: &Self) -> Result<(), Failure> {
        removal::remove(call, prior).await
    }

    async fn mark(call: &Call, state: &Self) -> Result<Option<Mark>, Failure> {
        Ok(observed::look(call, state).await?.and_then(|(_, mark)| mark))
    }

    fn import(id: &str) -> Result<Self, Diagnostic> {
        planning::import(id)
    }
}

#[cfg(test)]
mod tests;
