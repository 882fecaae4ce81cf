//! What has to change about a cluster: EKS takes one kind of change at a time, so each is found by
//! itself, in an order that never needs a later one.

use std::collections::BTreeSet;

use aws_sdk_eks::types::{AuthenticationMode, Cluster, LogType};
use travel_framework::Diagnostic;

use super::EksPlatform;
use super::elements::LOG_TYPES;

/// One change of a cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Whether it is protected.
    DeletionProtection(bool),
    /// How callers are known.
    AuthenticationMode(AuthenticationMode),
    /// What happens at the end of a version's support.
    SupportType(String),
    /// Whether traffic can be moved out of a zone.
    ZonalShift(bool),
    /// Which kinds of logs there are.
    Logs {
        /// The kinds to turn on.
        on: BTreeSet<String>,
        /// The kinds to turn off.
        off: BTreeSet<String>,
    },
    /// From where the API can be reached.
    Endpoint {
        /// Over the internet.
        public: bool,
        /// From within the network.
        private: bool,
        /// From which blocks over the internet; none where it cannot be reached so.
        blocks: Option<BTreeSet<String>>,
    },
    /// Where the control plane's network interfaces are.
    Network {
        /// Their subnets.
        subnets: BTreeSet<String>,
        /// Their security groups.
        groups: BTreeSet<String>,
    },
    /// The key that encrypts what the cluster stores.
    Encryption(String),
    /// The version of Kubernetes.
    Version(String),
}

impl Change {
    /// The change in words, as in "the change of cluster main's logs".
    pub fn words(&self) -> &'static str {
        match self {
            Self::DeletionProtection(_) => "deletion protection",
            Self::AuthenticationMode(_) => "authentication mode",
            Self::SupportType(_) => "support type",
            Self::ZonalShift(_) => "zonal shift",
            Self::Logs { .. } => "logs",
            Self::Endpoint { .. } => "endpoint access",
            Self::Network { .. } => "subnets and security groups",
            Self::Encryption(_) => "encryption",
            Self::Version(_) => "version",
        }
    }

    /// The attribute that asks for it.
    pub fn attribute(&self) -> &'static str {
        match self {
            Self::DeletionProtection(_) => "deletion_protection",
            Self::AuthenticationMode(_) => "authentication_mode",
            Self::SupportType(_) => "support_type",
            Self::ZonalShift(_) => "zonal_shift",
            Self::Logs { .. } => "logs",
            Self::Endpoint { .. } => "endpoint_public_access",
            Self::Network { .. } => "subnet_ids",
            Self::Encryption(_) => "encryption_key_arn",
            Self::Version(_) => "version",
        }
    }
}

/// The first change that leads from a cluster to what is wanted; none where it is that already.
pub fn next(there: &Cluster, wanted: &EksPlatform) -> Option<Change> {
    let settings = [
        protection(there, wanted),
        mode(there, wanted),
        support(there, wanted),
        shift(there, wanted),
        logs(there, wanted),
        endpoint(there, wanted),
        network(there, wanted),
        encryption(there, wanted),
    ];
    let version = || {
        (there.version() != Some(wanted.version.as_str()))
            .then(|| Change::Version(wanted.version.clone()))
    };
    settings.into_iter().flatten().next().or_else(version)
}

fn protection(there: &Cluster, wanted: &EksPlatform) -> Option<Change> {
    (there.deletion_protection().unwrap_or(false) != wanted.deletion_protection)
        .then_some(Change::DeletionProtection(wanted.deletion_protection))
}

/// A mode can only be left for the next one.
fn mode(there: &Cluster, wanted: &EksPlatform) -> Option<Change> {
    let current = there.access_config().and_then(|config| config.authentication_mode())?;
    if current.as_str() == wanted.authentication_mode {
        return None;
    }
    let next = match current {
        AuthenticationMode::ConfigMap => AuthenticationMode::ApiAndConfigMap,
        _ => AuthenticationMode::Api,
    };
    (current != &AuthenticationMode::Api).then_some(Change::AuthenticationMode(next))
}

fn support(there: &Cluster, wanted: &EksPlatform) -> Option<Change> {
    let current = there.upgrade_policy().and_then(|policy| policy.support_type())?;
    (current.as_str() != wanted.support_type)
        .then(|| Change::SupportType(wanted.support_type.clone()))
}

fn shift(there: &Cluster, wanted: &EksPlatform) -> Option<Change> {
    let current = there.zonal_shift_config().and_then(|config| config.enabled()).unwrap_or(false);
    (current != wanted.zonal_shift).then_some(Change::ZonalShift(wanted.zonal_shift))
}

/// The kinds of logs that a cluster writes.
pub fn log_types(there: &Cluster) -> BTreeSet<String> {
    let setups = there.logging().map(|logging| logging.cluster_logging()).unwrap_or_default();
    let on = setups.iter().filter(|setup| setup.enabled() == Some(true));
    on.flat_map(|setup| setup.types()).map(LogType::as_str).map(str::to_owned).collect()
}

fn logs(there: &Cluster, wanted: &EksPlatform) -> Option<Change> {
    let (current, wanted) = (log_types(there), &wanted.logs.types);
    let on: BTreeSet<String> = wanted.difference(&current).cloned().collect();
    let off: BTreeSet<String> = current.difference(wanted).cloned().collect();
    (!on.is_empty() || !off.is_empty()).then_some(Change::Logs { on, off })
}

/// All kinds of logs but these.
pub fn other_logs(on: &BTreeSet<String>) -> BTreeSet<String> {
    LOG_TYPES.iter().filter(|kind| !on.contains(**kind)).map(|kind| (*kind).to_owned()).collect()
}

fn endpoint(there: &Cluster, wanted: &EksPlatform) -> Option<Change> {
    let current = there.resources_vpc_config()?;
    let (public, private) = (wanted.endpoint_public_access, wanted.endpoint_private_access);
    let blocks = set(current.public_access_cidrs());
    let same = current.endpoint_public_access() == public
        && current.endpoint_private_access() == private
        && (!public || blocks == wanted.public_access_cidrs);
    let blocks = public.then(|| wanted.public_access_cidrs.clone());
    (!same).then_some(Change::Endpoint { public, private, blocks })
}

fn network(there: &Cluster, wanted: &EksPlatform) -> Option<Change> {
    let current = there.resources_vpc_config()?;
    let same = set(current.subnet_ids()) == wanted.subnet_ids
        && set(current.security_group_ids()) == wanted.security_group_ids;
    (!same).then(|| Change::Network {
        subnets: wanted.subnet_ids.clone(),
        groups: wanted.security_group_ids.clone(),
    })
}

/// The key that encrypts what a cluster stores, where it is not one of AWS's own.
pub fn encryption_key(there: &Cluster) -> Option<&str> {
    there.encryption_config().first()?.provider()?.key_arn()
}

fn encryption(there: &Cluster, wanted: &EksPlatform) -> Option<Change> {
    let key = wanted.encryption_key_arn.clone()?;
    encryption_key(there).is_none().then_some(Change::Encryption(key))
}

/// The texts as a set.
pub fn set(texts: &[String]) -> BTreeSet<String> {
    texts.iter().cloned().collect()
}

/// What a cluster is that was to be something else, and never can: it was made by an earlier
/// attempt from another configuration.
pub fn conflict(there: &Cluster, wanted: &EksPlatform) -> Option<Diagnostic> {
    let network = there.kubernetes_network_config();
    let block = network.and_then(|network| network.service_ipv4_cidr());
    let family = network.and_then(|network| network.ip_family()).map(|family| family.as_str());
    let key = encryption_key(there);
    let differs = |there: Option<&str>, wanted: Option<&str>| {
        wanted.is_some() && there.is_some() && there != wanted
    };
    let fixed = [
        ("cluster_role_arn", there.role_arn(), wanted.cluster_role_arn.as_deref()),
        ("service_ipv4_cidr", block, wanted.service_ipv4_cidr.as_deref()),
        ("ip_family", family, Some(wanted.ip_family.as_str())),
        ("encryption_key_arn", key, wanted.encryption_key_arn.as_deref()),
    ];
    let (name, there_is, _) =
        fixed.into_iter().find(|(_, there, wanted)| differs(*there, *wanted))?;
    let there_is = there_is.unwrap_or_default();
    let detail = format!(
        "Cluster {} is there already, made by an earlier apply, with {name} = {there_is:?}, which \
         cannot change. Write that, or delete the cluster first.",
        wanted.name,
    );
    Some(Diagnostic::error("the cluster is another one", detail).at_attribute(name))
}

#[cfg(test)]
mod tests;
