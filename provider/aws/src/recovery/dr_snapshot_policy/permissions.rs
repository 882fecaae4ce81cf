//! Who may assume the roles that DLM works as, and what these may do.
//!
//! Follows "IAM service roles for Amazon Data Lifecycle Manager" and, for keys, steps 2 and 4 of
//! "Automate cross-account snapshot copies" of the Amazon EBS User Guide; both narrowed to the
//! regions and keys of the policy.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::DrSnapshotPolicy;
use super::wanted::{Accounts, Side};
use crate::iam_role::Documents;

/// The documents of the role that is made for a side.
pub fn documents(policy: &DrSnapshotPolicy, side: Side, accounts: &Accounts) -> Documents {
    let statements = match side {
        Side::Source => source(policy, accounts),
        Side::Backup => backup(policy, accounts),
    };
    let permissions = json!({"Version": "2012-10-17", "Statement": statements});
    Documents { trust: trust(side, accounts), permissions: permissions.to_string() }
}

/// Only policies of this account and region may have DLM assume the role.
fn trust(side: Side, accounts: &Accounts) -> String {
    let partition = accounts.partition();
    let account = accounts.of(side);
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": {"Service": partition.service_principal("dlm")},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"aws:SourceAccount": account},
                "ArnLike": {
                    "aws:SourceArn": partition.arn("dlm", &accounts.region, account, "policy/*")
                }
            }
        }]
    })
    .to_string()
}

/// Takes snapshots, copies them to other regions, shares them, and deletes what it has made.
fn source(policy: &DrSnapshotPolicy, accounts: &Accounts) -> Vec<Json> {
    let copies = policy.schedules.values().flat_map(|schedule| &schedule.copies);
    let regions = copies.clone().map(|(region, _)| region.clone());
    let regions: BTreeSet<String> = regions.chain([accounts.region.clone()]).collect();
    let keys = copies.filter_map(|(_, copy)| copy.kms_key_arn.clone());
    let keys: BTreeSet<String> = keys.chain(policy.volume_kms_key_arns.iter().cloned()).collect();
    let here = accounts.partition().arn("ec2", &accounts.region, &accounts.source, "volume/*");
    let mut snapshots = snapshots(accounts, &regions);
    let changes = json!({
        "Effect": "Allow",
        "Action": ["ec2:CopySnapshot", "ec2:CreateTags", "ec2:DeleteSnapshot"],
        "Resource": snapshots.clone(),
    });
    snapshots.push(here);
    let mut statements = vec![
        look(&["ec2:DescribeInstances", "ec2:DescribeSnapshots", "ec2:DescribeVolumes"]),
        json!({"Effect": "Allow", "Action": ["ec2:CreateSnapshot"], "Resource": snapshots}),
        changes,
    ];
    if policy.backup.is_some() {
        let own: BTreeSet<String> = [accounts.region.clone()].into();
        statements.push(json!({
            "Effect": "Allow",
            "Action": ["ec2:DescribeSnapshotAttribute", "ec2:ModifySnapshotAttribute"],
            "Resource": self::snapshots(accounts, &own),
        }));
    }
    statements.extend(use_of(&keys));
    statements
}

/// Hears of what is shared with the account, copies it, and deletes what it has copied.
fn backup(policy: &DrSnapshotPolicy, accounts: &Accounts) -> Vec<Json> {
    let copies = policy.backup.iter().flat_map(|backup| &backup.copies);
    let regions = copies.clone().map(|(region, _)| region.clone());
    let regions: BTreeSet<String> = regions.chain([accounts.region.clone()]).collect();
    let keys = copies.filter_map(|(_, copy)| copy.kms_key_arn.clone());
    let keys: BTreeSet<String> = keys.chain(policy.volume_kms_key_arns.iter().cloned()).collect();
    let mut statements = vec![
        look(&["ec2:DescribeSnapshots"]),
        json!({
            "Effect": "Allow",
            "Action": ["ec2:CopySnapshot", "ec2:CreateTags", "ec2:DeleteSnapshot"],
            "Resource": snapshots(accounts, &regions),
        }),
        rules(accounts),
    ];
    statements.extend(use_of(&keys));
    statements
}

/// How DLM hears of events: by rules of its own in EventBridge, as the managed policy
/// AWSDataLifecycleManagerServiceRole allows them; here in the account of the policy alone.
fn rules(accounts: &Accounts) -> Json {
    let rule = "rule/AwsDataLifecycleRule.managed-cwe.*";
    json!({
        "Effect": "Allow",
        "Action": [
            "events:DeleteRule", "events:DescribeRule", "events:DisableRule", "events:EnableRule",
            "events:ListTargetsByRule", "events:PutRule", "events:PutTargets",
            "events:RemoveTargets",
        ],
        "Resource": accounts.partition().arn("events", "*", accounts.of(Side::Backup), rule),
    })
}

/// EC2 lists know no resources.
fn look(actions: &[&str]) -> Json {
    json!({"Effect": "Allow", "Action": actions, "Resource": "*"})
}

/// All snapshots of some regions: their ARNs name no account.
fn snapshots(accounts: &Accounts, regions: &BTreeSet<String>) -> Vec<String> {
    let partition = accounts.partition();
    regions.iter().map(|region| partition.arn("ec2", region, "", "snapshot/*")).collect()
}

/// The use of keys, and that EC2 may go on using them when the role does not.
fn use_of(keys: &BTreeSet<String>) -> Vec<Json> {
    if keys.is_empty() {
        return Vec::new();
    }
    vec![
        json!({
            "Effect": "Allow",
            "Action": [
                "kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*",
                "kms:ReEncrypt*",
            ],
            "Resource": keys,
        }),
        json!({
            "Effect": "Allow",
            "Action": ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"],
            "Resource": keys,
            "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}},
        }),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recovery::dr_snapshot_policy::tests::{accounts, policy, with_backup};

    fn check(document: &str, has: &[&str], has_not: &[&str]) {
        for part in has {
            assert!(document.contains(part), "{part} is not in {document}");
        }
        for part in has_not {
            assert!(!document.contains(part), "{part} is in {document}");
        }
    }

    #[test]
    fn roles_may_do_what_the_policy_needs_and_no_more() {
        let plain = documents(&policy(), Side::Source, &accounts());
        check(
            &plain.permissions,
            &["ec2:CreateSnapshot", "arn:aws:ec2:eu-central-1::snapshot/*"],
            &["kms:", "ec2:ModifySnapshotAttribute", "eu-west-1"],
        );
        let trust = ["dlm.amazonaws.com", "arn:aws:dlm:eu-central-1:111122223333:policy/*"];
        check(&plain.trust, &trust, &[]);
        let source = documents(&with_backup(), Side::Source, &accounts());
        check(
            &source.permissions,
            &[
                "ec2:ModifySnapshotAttribute",
                "arn:aws:ec2:eu-west-1::snapshot/*",
                "arn:aws:kms:eu-west-1:111122223333:key/recovery",
                "arn:aws:kms:eu-central-1:111122223333:key/volumes",
            ],
            &["444455556666", "events:"],
        );
        let backup = documents(&with_backup(), Side::Backup, &accounts());
        check(
            &backup.permissions,
            &[
                "arn:aws:kms:eu-central-1:444455556666:key/backups",
                "arn:aws:kms:eu-central-1:111122223333:key/volumes",
                "kms:GrantIsForAWSResource",
                "events:PutRule",
                "events:PutTargets",
                "arn:aws:events:*:444455556666:rule/AwsDataLifecycleRule.managed-cwe.*",
            ],
            &["ec2:CreateSnapshot", "key/recovery"],
        );
        check(&backup.trust, &["arn:aws:dlm:eu-central-1:444455556666:policy/*"], &["1111"]);
    }

    #[test]
    fn names_follow_the_partition() {
        let accounts = Accounts { region: "cn-north-1".to_owned(), ..accounts() };
        let china = documents(&policy(), Side::Source, &accounts);
        check(&china.permissions, &["arn:aws-cn:ec2:cn-north-1::snapshot/*"], &["arn:aws:"]);
    }
}
