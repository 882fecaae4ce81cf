//! How something of EKS fares: its status, and what EKS finds wrong with it.

use aws_sdk_eks::types::{Addon, Cluster, Nodegroup};

/// Something that EKS makes, changes and removes in the background.
pub trait Health {
    /// Its status as EKS writes it.
    fn status(&self) -> &str;

    /// What EKS finds wrong with it.
    fn issues(&self) -> Vec<String>;

    /// Its status, with what EKS finds wrong with it.
    fn words(&self) -> String {
        match self.issues() {
            issues if issues.is_empty() => self.status().to_owned(),
            issues => format!("{}: {}", self.status(), issues.join("; ")),
        }
    }
}

/// Their types for status and issues differ by name alone.
macro_rules! has_health {
    ($($kind:ty),*) => {$(
        impl Health for $kind {
            fn status(&self) -> &str {
                self.status().map_or("UNKNOWN", |status| status.as_str())
            }

            fn issues(&self) -> Vec<String> {
                let issues = self.health().map(|health| health.issues()).unwrap_or_default();
                let words = issues.iter().map(|it| {
                    issue(it.code().map(|code| code.as_str()), it.message(), it.resource_ids())
                });
                words.collect()
            }
        }
    )*};
}

has_health!(Addon, Cluster, Nodegroup);

/// One thing that is wrong: in EKS's words, with its code and what it is about.
pub fn issue(code: Option<&str>, message: Option<&str>, about: &[String]) -> String {
    let about = if about.is_empty() { String::new() } else { format!(": {}", about.join(", ")) };
    format!("{} ({}{about})", message.unwrap_or_default(), code.unwrap_or("no code"))
}

/// Everything that is wrong, in one sentence.
pub fn reasons(issues: &[String]) -> String {
    if issues.is_empty() { "EKS gives no reason".to_owned() } else { issues.join("; ") }
}

#[cfg(test)]
mod tests {
    use aws_sdk_eks::types::{
        AddonHealth, AddonIssue, AddonIssueCode, AddonStatus, Issue, NodegroupHealth,
        NodegroupIssueCode, NodegroupStatus,
    };

    use super::*;

    fn check(found: &impl Health, words: &str, expected_reasons: &str) {
        assert_eq!(found.words(), words);
        assert_eq!(reasons(&found.issues()), expected_reasons);
    }

    #[test]
    fn says_what_is_wrong() {
        let addon = || Addon::builder().status(AddonStatus::Degraded);
        check(&addon().build(), "DEGRADED", "EKS gives no reason");
        check(&Cluster::builder().build(), "UNKNOWN", "EKS gives no reason");
        let issue = AddonIssue::builder()
            .code(AddonIssueCode::InsufficientNumberOfReplicas)
            .message("no nodes")
            .build();
        let said = "no nodes (InsufficientNumberOfReplicas)";
        let found = addon().health(AddonHealth::builder().issues(issue).build()).build();
        check(&found, &format!("DEGRADED: {said}"), said);
        let launch = Issue::builder()
            .code(NodegroupIssueCode::NodeCreationFailure)
            .message("they did not join")
            .resource_ids("i-1")
            .resource_ids("i-2")
            .build();
        let health = NodegroupHealth::builder().issues(launch).issues(Issue::builder().build());
        let group = Nodegroup::builder().status(NodegroupStatus::CreateFailed);
        let said = "they did not join (NodeCreationFailure: i-1, i-2);  (no code)";
        check(&group.health(health.build()).build(), &format!("CREATE_FAILED: {said}"), said);
    }
}
