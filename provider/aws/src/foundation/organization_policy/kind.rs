//! The types of policies: how each is written, and how long it can be.
//!
//! Source: AWS Organizations User Guide, "Quotas and service limits" and the syntax of each type.

/// A type of policies.
#[derive(Debug)]
pub struct Kind {
    /// What the service calls it.
    pub name: &'static str,
    /// What people and the quotas call it.
    pub words: &'static str,
    /// The member that every policy of the type has.
    pub member: &'static str,
    /// How many characters the guide says that one can have.
    pub longest: usize,
}

/// The one whose statements hold for what the accounts' own users and roles do.
pub const SERVICE_CONTROL: &str = "SERVICE_CONTROL_POLICY";
/// The one whose statements hold for whoever uses the accounts' resources.
pub const RESOURCE_CONTROL: &str = "RESOURCE_CONTROL_POLICY";

const KINDS: [Kind; 7] = [
    kind(SERVICE_CONTROL, "service control policy", "Statement", 10_240),
    kind(RESOURCE_CONTROL, "resource control policy", "Statement", 5_120),
    kind("TAG_POLICY", "tag policy", "tags", 10_000),
    kind("BACKUP_POLICY", "backup policy", "plans", 10_000),
    kind("AISERVICES_OPT_OUT_POLICY", "AI services opt-out policy", "services", 2_500),
    kind("CHATBOT_POLICY", "chat applications policy", "chatbots", 10_000),
    kind("DECLARATIVE_POLICY_EC2", "declarative policy", "ec2_attributes", 10_000),
];

const fn kind(
    name: &'static str,
    words: &'static str,
    member: &'static str,
    longest: usize,
) -> Kind {
    Kind { name, words, member, longest }
}

impl Kind {
    /// The type of a name.
    pub fn of(name: &str) -> Option<&'static Self> {
        KINDS.iter().find(|kind| kind.name == name)
    }

    /// All names.
    pub fn names() -> impl Iterator<Item = &'static str> {
        KINDS.iter().map(|kind| kind.name)
    }

    /// Whether its policies are written in the grammar of IAM.
    pub fn has_statements(&self) -> bool {
        self.member == "Statement"
    }

    /// Whether a quota of this name is the size of its policies.
    pub fn is_size(&self, quota: &str) -> bool {
        let quota = quota.to_lowercase();
        quota.contains(&self.words.to_lowercase()) && quota.contains("size")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_quota_of_its_size() {
        let control = Kind::of(SERVICE_CONTROL).unwrap();
        for (quota, is) in [
            ("Service control policy document size", true),
            ("Maximum size of a Service Control Policy", true),
            ("Resource control policy document size", false),
            ("Service control policies per account", false),
        ] {
            assert_eq!(control.is_size(quota), is, "{quota}");
        }
    }
}
