//! The roles that a platform makes: what they are called, who may assume them, and what they may
//! do.

use std::collections::BTreeSet;

use serde_json::json;
use sha2::{Digest, Sha256};
use travel_value::Value;

use super::EksPlatform;
use crate::partition::Partition;
use crate::scope::Scope;

/// The longest name of a role.
const LONGEST_NAME: usize = 64;
/// What the control plane needs (EKS User Guide, "Amazon EKS cluster IAM role").
const CLUSTER_POLICY: &str = "AmazonEKSClusterPolicy";

/// A role that a platform makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Of the control plane.
    Cluster,
    /// Of the nodes.
    Node,
}

/// All of them.
pub const KINDS: [Kind; 2] = [Kind::Cluster, Kind::Node];

impl Kind {
    /// The role's key in `roles`.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Cluster => "cluster",
            Self::Node => "node",
        }
    }

    /// The attribute that holds the role's ARN, the platform's own or a given one.
    pub const fn attribute(self) -> &'static str {
        match self {
            Self::Cluster => "cluster_role_arn",
            Self::Node => "node_role_arn",
        }
    }

    /// The name of the role: roles are global, so it also names the region.
    pub fn role_name(self, cluster: &str, region: &str) -> String {
        let whole = format!("travel-{cluster}-{region}-{}", self.key());
        if whole.len() <= LONGEST_NAME {
            return whole;
        }
        let end = format!("-{region}-{}-{}", self.key(), digest(&whole));
        // The rest of a name that has no room for the cluster's is for AWS to refuse.
        let room = LONGEST_NAME.saturating_sub("travel-".len() + end.len());
        let start: String = cluster.chars().take(room).collect();
        format!("travel-{start}{end}")
    }

    /// The ARN of the role.
    pub fn arn(self, cluster: &str, scope: &Scope) -> String {
        let role = format!("role/{}", self.role_name(cluster, scope.region()));
        scope.partition().iam_arn(scope.account_id(), &role)
    }

    /// Who may assume the role.
    pub fn trust_policy(self, partition: Partition) -> String {
        let service = match self {
            Self::Cluster => "eks",
            Self::Node => "ec2",
        };
        json!({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow",
                "Principal": {"Service": partition.service_principal(service)},
                "Action": "sts:AssumeRole",
            }],
        })
        .to_string()
    }

    /// The ARNs of the role's policies, where the nodes' are `of_nodes`; none while those are not
    /// known.
    pub fn policies(self, of_nodes: &Value, partition: Partition) -> Option<BTreeSet<String>> {
        match self {
            Self::Cluster => Some(BTreeSet::from([partition.managed_policy_arn(CLUSTER_POLICY)])),
            Self::Node if !of_nodes.is_wholly_known() => None,
            Self::Node => {
                let names =
                    of_nodes.elements().unwrap_or_default().iter().filter_map(Value::as_str);
                Some(names.map(|name| policy_arn(name, partition)).collect())
            }
        }
    }

    /// As [`Kind::policies`], of a platform all of which is known.
    pub fn policies_of(self, platform: &EksPlatform, partition: Partition) -> BTreeSet<String> {
        let names = platform.node_role_policies.iter().map(|name| Value::String(name.clone()));
        self.policies(&Value::set(names), partition).unwrap_or_default()
    }
}

/// The ARN of a policy that is named, or given as one.
fn policy_arn(name: &str, partition: Partition) -> String {
    if name.starts_with("arn:") { name.to_owned() } else { partition.managed_policy_arn(name) }
}

/// A short text that stands for a long one.
pub fn digest(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_and_distinct() {
        let name = |cluster: &str| Kind::Node.role_name(cluster, "eu-central-1");
        assert_eq!(name("main"), "travel-main-eu-central-1-node");
        let (one, other) = (name(&"a".repeat(99)), name(&format!("{}b", "a".repeat(98))));
        assert_eq!((one.len(), other.len()), (LONGEST_NAME, LONGEST_NAME));
        assert_ne!(one, other);
        assert_ne!(Kind::Cluster.role_name("main", "eu-central-1"), name("main"));
    }

    #[test]
    fn roles_follow_the_partition() {
        for (partition, principal, arn) in [
            (Partition::Aws, "ec2.amazonaws.com", "arn:aws:iam::aws:policy/P"),
            (Partition::China, "ec2.amazonaws.com.cn", "arn:aws-cn:iam::aws:policy/P"),
            (Partition::UsGov, "ec2.amazonaws.com", "arn:aws-us-gov:iam::aws:policy/P"),
        ] {
            assert!(Kind::Node.trust_policy(partition).contains(&format!("{principal:?}")));
            assert!(Kind::Cluster.trust_policy(partition).contains("\"eks.amazonaws.com\""));
            let own = "arn:aws:iam::111122223333:policy/own";
            let names = Value::set(["P".into(), own.into()]);
            let arns = Kind::Node.policies(&names, partition).unwrap();
            assert_eq!(arns, BTreeSet::from([arn.to_owned(), own.to_owned()]));
            let cluster = Kind::Cluster.policies(&Value::unknown(), partition).unwrap();
            assert!(cluster.first().unwrap().ends_with(":iam::aws:policy/AmazonEKSClusterPolicy"));
        }
        assert_eq!(Kind::Node.policies(&Value::unknown(), Partition::Aws), None);
    }
}
