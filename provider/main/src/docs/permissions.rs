//! What a page says of the permissions that a resource needs: as found by going through its case.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde_json::json;

use crate::permissions::{self, Needs};

/// The section of a resource's page; empty while nothing was found for it, since what finds it reads
/// the page.
pub fn section(type_name: &str) -> String {
    permissions::of(type_name).map(text).unwrap_or_default()
}

fn text(needs: &Needs) -> String {
    let mut text = "\n## Permissions\n".to_owned();
    let Needs { plan, apply, .. } = needs;
    if !plan.aws.is_empty() {
        text.push_str(
            "\nA plan only reads: for every plan, with its refresh and its imports, this is enough.\n",
        );
        policy(&mut text, &plan.aws);
    }
    if !apply.aws.is_empty() {
        text.push_str("\nAn apply, a destroy included, needs this as well. What belongs to attributes that are not set can be left out.\n");
        policy(&mut text, &apply.aws);
    }
    text.push_str(&foreseen(needs));
    if !plan.kubernetes.is_empty() {
        text.push_str(
            "\nIn the cluster a plan needs these rules. Kinds that stand here for what a chart or document \
             holds are examples: put yours in their place.\n",
        );
        rules(&mut text, &plan.kubernetes);
    }
    if !apply.kubernetes.is_empty() {
        text.push_str(
            "\nAn apply needs these as well; roles that are made there may grant no more than its own \
             caller has, unless that may `escalate` and `bind`.\n",
        );
        rules(&mut text, &apply.kubernetes);
    }
    text.push_str(
        "\nWhere `account` is another one than the caller's, the caller needs `sts:AssumeRole` for the \
         role there, and `organizations:ListAccounts` where it is a name that `accounts` does not hold.\n",
    );
    text
}

/// What a plan looks at where the policies of the organization are published.
fn foreseen(needs: &Needs) -> String {
    let listed = |change: &str, actions: &BTreeSet<String>| {
        let actions: Vec<String> = actions.iter().map(|it| format!("`{it}`")).collect();
        (!actions.is_empty()).then(|| format!("every {change} calls {}", actions.join(", ")))
    };
    let changes = [listed("create", &needs.create), listed("delete", &needs.delete)];
    let changes: Vec<String> = changes.into_iter().flatten().collect();
    if changes.is_empty() {
        return String::new();
    }
    let changes = changes.join("; ");
    let capital = changes[..1].to_uppercase();
    format!(
        "\n{capital}{}. With `effective_policies` in the provider's configuration a plan refuses what \
         policies of the organization deny of these.\n",
        &changes[1..],
    )
}

fn policy(text: &mut String, actions: &BTreeSet<String>) {
    let statement = json!({"Effect": "Allow", "Action": actions, "Resource": "*"});
    let policy = json!({"Version": "2012-10-17", "Statement": [statement]});
    // Writing to a string does not fail, and so neither does it here.
    let _ = write!(text, "\n```json\n{policy:#}\n```\n");
}

/// The rules of a role, with resources of the same group and verbs in one.
fn rules(text: &mut String, allowed: &BTreeMap<String, BTreeSet<String>>) {
    let mut rules = BTreeMap::<(String, &BTreeSet<String>), Vec<String>>::new();
    for (name, verbs) in allowed {
        // As in `rollouts.argoproj.io/scale`.
        let (resource, subresource) = match name.split_once('/') {
            Some((resource, subresource)) => (resource, format!("/{subresource}")),
            None => (name.as_str(), String::new()),
        };
        let (resource, group) = resource.split_once('.').unwrap_or((resource, ""));
        let key = (group.to_owned(), verbs);
        rules.entry(key).or_default().push(format!("{resource}{subresource}"));
    }
    text.push_str("\n```yaml\nrules:\n");
    for ((group, verbs), resources) in rules {
        let verbs: Vec<&str> = verbs.iter().map(String::as_str).collect();
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "  - apiGroups: [\"{group}\"]\n    resources: [{}]\n    verbs: [{}]",
            resources.join(", "),
            verbs.join(", "),
        );
    }
    text.push_str("```\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_with_the_same_verbs_share_a_rule() {
        let get = || BTreeSet::from(["get".to_owned()]);
        let allowed = BTreeMap::from([
            ("pods".to_owned(), get()),
            ("pods/log".to_owned(), get()),
            ("rollouts.argoproj.io/scale".to_owned(), get()),
        ]);
        let mut text = String::new();
        rules(&mut text, &allowed);
        let expected = "\n```yaml\nrules:\n  - apiGroups: [\"\"]\n    resources: [pods, pods/log]\n    \
                        verbs: [get]\n  - apiGroups: [\"argoproj.io\"]\n    resources: \
                        [rollouts/scale]\n    verbs: [get]\n```\n";
        assert_eq!(text, expected);
    }
}
