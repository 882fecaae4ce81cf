//! What the parts of a firewall are called. A name tells what AWS cannot change of a part, so that
//! another value means another part, and what a cut-off apply has left is found again.

use travel_framework::ownership::Mark;

use super::NetworkFirewall;
use crate::consistency::Call;
use crate::partition::Arn;

/// What the service answers for what is not there.
pub const GONE: &str = "ResourceNotFoundException";
/// What it answers to what somebody else has changed meanwhile.
pub const STALE: &str = "InvalidTokenException";
/// What it answers to a request that it does not take, a name that is taken included.
pub const INVALID: &str = "InvalidRequestException";
/// What it answers where something is in use, protected or in the midst of a change.
pub const HELD: &str = "InvalidOperationException";

/// The kinds of rule groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Rules that know the connection.
    Stateful,
    /// Rules that know the packet.
    Stateless,
}

impl Kind {
    /// As the first part of a key in `rule_group_arns`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Stateful => "stateful",
            Self::Stateless => "stateless",
        }
    }

    /// What an ARN's resource begins with.
    pub const fn resource(self) -> &'static str {
        match self {
            Self::Stateful => "stateful-rulegroup",
            Self::Stateless => "stateless-rulegroup",
        }
    }

    /// The kind of a rule group by its ARN.
    pub fn of(arn: &str) -> Self {
        let resource = Arn::parse(arn).map(|arn| arn.resource).unwrap_or_default();
        match resource.starts_with(Self::Stateless.resource()) {
            true => Self::Stateless,
            false => Self::Stateful,
        }
    }
}

/// The name of an own rule group.
pub fn group_name(firewall: &str, kind: Kind, key: &str, capacity: i32, order: &str) -> String {
    let order = if kind == Kind::Stateful { order } else { "" };
    format!("{firewall}-{key}-{}", digest(&format!("{} {capacity} {order}", kind.word())))
}

/// The name of the policy.
pub fn policy_name(firewall: &str, order: &str, inspects_tls: bool) -> String {
    format!("{firewall}-{}", digest(&format!("policy {order} {inspects_tls}")))
}

/// The key of an own rule group by its name; none for another's.
pub fn key_of<'a>(firewall: &str, name: &'a str) -> Option<&'a str> {
    let rest = name.strip_prefix(firewall)?.strip_prefix('-')?;
    let (key, digest) = rest.rsplit_once('-')?;
    (is_digest(digest) && !key.is_empty()).then_some(key)
}

/// Whether a policy may be one of the firewall's own, by its name.
pub fn is_policy_name(firewall: &str, name: &str) -> bool {
    name.strip_prefix(firewall).and_then(|rest| rest.strip_prefix('-')).is_some_and(is_digest)
}

/// What stands behind the last slash of an ARN.
pub fn name_in(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// The own rule groups that a firewall is to have: kind, key, name.
pub fn groups_of(wanted: &NetworkFirewall) -> Vec<(Kind, String, String)> {
    let order = &wanted.stateful_rule_order;
    let name = |kind, key: &str, capacity| group_name(&wanted.name, kind, key, capacity, order);
    let stateful = wanted.stateful_rule_groups.iter().map(|(key, group)| {
        (Kind::Stateful, key.clone(), name(Kind::Stateful, key, group.capacity))
    });
    let stateless = wanted.stateless_rule_groups.iter().map(|(key, group)| {
        (Kind::Stateless, key.clone(), name(Kind::Stateless, key, group.capacity))
    });
    stateful.chain(stateless).collect()
}

/// The ARN of a rule group of this account and region.
pub fn group_arn(call: &Call, kind: Kind, name: &str) -> String {
    call.scope.arn("network-firewall", &format!("{}/{name}", kind.resource()))
}

/// Whether a mark says that a part belongs to this very firewall.
pub fn is_own(call: &Call, mark: Option<&Mark>) -> bool {
    mark.is_some_and(|mark| call.claim.owns(mark))
}

fn is_digest(text: &str) -> bool {
    text.len() == 8 && text.bytes().all(|it| matches!(it, b'0'..=b'9' | b'a'..=b'f'))
}

/// Eight digits that differ where the texts do: FNV-1a.
fn digest(text: &str) -> String {
    let step = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    format!("{:08x}", text.bytes().fold(0x811c_9dc5, step))
}
