//! What rule groups say.

use std::collections::{BTreeMap, BTreeSet};

use travel_framework::Model;

use super::planning;

/// A group of stateful rules: written for Suricata, as a list of domains, or one by one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct StatefulGroup {
    /// How many rules it can have. AWS reserves them, and makes another group for another number.
    #[model(required, range(1, 30000))]
    pub capacity: i32,
    /// Its place among the rule groups, the lowest first: for `STRICT_ORDER`, which needs it.
    #[model(optional, range(1, 65535))]
    pub priority: Option<i32>,
    /// What it is for.
    #[model(optional, default = "", length(0, 512))]
    pub description: String,
    /// Rules as Suricata reads them, one in each line.
    #[model(optional, length(1, 2000000))]
    pub suricata_rules: Option<String>,
    /// Domains to allow or deny.
    #[model(optional)]
    pub domain_list: Option<DomainList>,
    /// Rules by protocol, addresses and ports.
    #[model(optional)]
    pub five_tuple_rules: Option<Vec<FiveTupleRule>>,
    /// Sets of address ranges by the names that rules have for them.
    #[model(optional, default, rule = planning::are_sets)]
    pub ip_sets: BTreeMap<String, BTreeSet<String>>,
    /// Sets of ports by the names that rules have for them.
    #[model(optional, default, rule = planning::are_sets)]
    pub port_sets: BTreeMap<String, BTreeSet<String>>,
    /// The ARNs of prefix lists or resource groups by the names that rules have for them.
    #[model(optional, default, rule = planning::are_sets)]
    pub ip_set_references: BTreeMap<String, String>,
}

/// Domains to allow or deny.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct DomainList {
    /// What becomes of connections to them; `ALLOWLIST` drops those to all others.
    #[model(required, one_of("ALLOWLIST", "DENYLIST", "REJECTLIST", "ALERTLIST"))]
    pub action: String,
    /// The domains; a leading dot stands for all names below.
    #[model(required, length(1, 30000), rule = planning::are_domains)]
    pub domains: BTreeSet<String>,
    /// What connections are told by: `TLS_SNI`, `HTTP_HOST`, or both.
    #[model(optional, default = both_kinds(), rule = planning::are_kinds, length(1, 2))]
    pub kinds: BTreeSet<String>,
}

fn both_kinds() -> BTreeSet<String> {
    ["HTTP_HOST", "TLS_SNI"].map(str::to_owned).into()
}

/// A stateful rule by protocol, addresses and ports.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct FiveTupleRule {
    /// What becomes of what it matches.
    #[model(required, one_of("PASS", "DROP", "ALERT", "REJECT"))]
    pub action: String,
    /// The protocol; `IP` for all.
    #[model(
        required,
        one_of(
            "IP", "TCP", "UDP", "ICMP", "HTTP", "FTP", "TLS", "SMB", "DNS", "DCERPC", "SSH",
            "SMTP", "IMAP", "MSN", "KRB5", "IKEV2", "TFTP", "NTP", "DHCP", "HTTP2", "QUIC"
        )
    )]
    pub protocol: String,
    /// The number of the rule, of which there must not be another in the group.
    #[model(required, range(1, 2147483647))]
    pub sid: i64,
    /// The address range that connections come from, or a variable.
    #[model(optional, default = "ANY", length(1, 1024))]
    pub source: String,
    /// The ports that they come from.
    #[model(optional, default = "ANY", length(1, 1024))]
    pub source_port: String,
    /// The address range that they go to, or a variable.
    #[model(optional, default = "ANY", length(1, 1024))]
    pub destination: String,
    /// The ports that they go to.
    #[model(optional, default = "ANY", length(1, 1024))]
    pub destination_port: String,
    /// Whether it is only for one direction.
    #[model(optional, default = "FORWARD", one_of("FORWARD", "ANY"))]
    pub direction: String,
    /// Other options of Suricata, as in `msg`.
    #[model(optional, default)]
    pub options: Vec<RuleOption>,
}

/// An option of a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct RuleOption {
    /// The keyword.
    #[model(required, length(1, 128))]
    pub keyword: String,
    /// Its settings.
    #[model(optional, default)]
    pub settings: Vec<String>,
}

/// A group of stateless rules.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct StatelessGroup {
    /// How much its rules may take: each the product of how many protocols, sources, destinations,
    /// ports and flags it has. AWS reserves it, and makes another group for another number.
    #[model(required, range(1, 30000))]
    pub capacity: i32,
    /// Its place among the rule groups, the lowest first.
    #[model(required, range(1, 65535))]
    pub priority: i32,
    /// What it is for.
    #[model(optional, default = "", length(0, 512))]
    pub description: String,
    /// Its rules.
    #[model(required)]
    pub rules: Vec<StatelessRule>,
    /// Actions that publish a metric: the value of its dimension `CustomAction` by the action's name.
    #[model(optional, default)]
    pub custom_actions: BTreeMap<String, String>,
}

/// A stateless rule. What it does not say, it matches any of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct StatelessRule {
    /// Its place in the group, the lowest first.
    #[model(required, range(1, 65535))]
    pub priority: i32,
    /// One of `aws:pass`, `aws:drop` and `aws:forward_to_sfe`, and names of `custom_actions`.
    #[model(required, length(1, 10))]
    pub actions: BTreeSet<String>,
    /// Address ranges that packets come from.
    #[model(optional, default)]
    pub sources: BTreeSet<String>,
    /// Address ranges that they go to.
    #[model(optional, default)]
    pub destinations: BTreeSet<String>,
    /// Ports that they come from, as in `443` or `1024-65535`.
    #[model(optional, default, rule = planning::are_ports)]
    pub source_ports: BTreeSet<String>,
    /// Ports that they go to.
    #[model(optional, default, rule = planning::are_ports)]
    pub destination_ports: BTreeSet<String>,
    /// The numbers of protocols, as in 6 for TCP.
    #[model(optional, default)]
    pub protocols: BTreeSet<i32>,
    /// Flags of TCP.
    #[model(optional, default)]
    pub tcp_flags: Vec<TcpFlags>,
}

/// Flags of TCP that a packet must have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Model)]
pub struct TcpFlags {
    /// Those that must be set.
    #[model(required, rule = planning::are_flags)]
    pub flags: BTreeSet<String>,
    /// Those that are looked at; all where there is none.
    #[model(optional, default, rule = planning::are_flags)]
    pub masks: BTreeSet<String>,
}

impl StatelessRule {
    /// How much of a group's capacity it takes.
    pub(super) fn takes(&self) -> usize {
        [
            self.sources.len(),
            self.destinations.len(),
            self.source_ports.len(),
            self.destination_ports.len(),
            self.protocols.len(),
            self.tcp_flags.len(),
        ]
        .into_iter()
        .fold(1, |product, count| product.saturating_mul(count.max(1)))
    }
}

impl StatefulGroup {
    /// How much of its capacity it takes at least.
    pub(super) fn takes(&self) -> usize {
        let is_rule = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
        let continued = |text: &str| text.replace("\\\n", " ");
        let written = self.suricata_rules.as_deref().map(continued);
        written.map_or(0, |text| text.lines().filter(is_rule).count())
            + self.domain_list.as_ref().map_or(0, |list| list.domains.len())
            + self.five_tuple_rules.as_ref().map_or(0, Vec::len)
    }
}
