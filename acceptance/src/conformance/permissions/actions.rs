//! What AWS demands beside the action that a call is named after, and which services an action's
//! prefix stands for: from the Service Authorization Reference, and where that is silent from the
//! service's own guide.

use anyhow::{Result, bail};

/// What goes with an action. What the reference calls dependent actions is for a request that uses all
/// that they are for; ours carry tags in every create. Beside these stands what undoes or mends alone
/// what is made, also where a case only ever removes it with its parent.
const DEMANDS: &[(&str, &[&str])] = &[
    // The role is for trails of the organization, whose trusted services CloudTrail looks at as the caller
    // (CloudTrail guide, "Creating a trail for an organization with the AWS CLI").
    (
        "cloudtrail:CreateTrail",
        &[
            "cloudtrail:AddTags",
            "iam:CreateServiceLinkedRole",
            "iam:GetRole",
            "iam:PassRole",
            "organizations:DescribeOrganization",
            "organizations:ListAWSServiceAccessForOrganization",
        ],
    ),
    (
        "cloudtrail:UpdateTrail",
        &[
            "iam:CreateServiceLinkedRole",
            "iam:GetRole",
            "iam:PassRole",
            "organizations:DescribeOrganization",
            "organizations:ListAWSServiceAccessForOrganization",
        ],
    ),
    ("config:PutConfigRule", &["config:TagResource", "config:UntagResource"]),
    // In the management account it has the organization trust the service.
    (
        "config:PutConfigurationAggregator",
        &[
            "config:TagResource",
            "config:UntagResource",
            "iam:PassRole",
            "organizations:EnableAWSServiceAccess",
            "organizations:ListDelegatedAdministrators",
        ],
    ),
    // Tags are those of a new recorder.
    (
        "config:PutConfigurationRecorder",
        &["config:TagResource", "config:UntagResource", "iam:PassRole"],
    ),
    ("dlm:CreateLifecyclePolicy", &["dlm:TagResource", "dlm:UntagResource", "iam:PassRole"]),
    ("dlm:UpdateLifecyclePolicy", &["iam:PassRole"]),
    ("ec2:AllocateAddress", &["ec2:CreateTags"]),
    // A flow log to a bucket is a log delivery (VPC guide, "Publish flow logs to Amazon S3").
    (
        "ec2:CreateFlowLogs",
        &["ec2:CreateTags", "iam:PassRole", "logs:CreateLogDelivery", "logs:DeleteLogDelivery"],
    ),
    ("ec2:DeleteFlowLogs", &["logs:DeleteLogDelivery"]),
    ("ec2:CreateEgressOnlyInternetGateway", &["ec2:CreateTags"]),
    ("ec2:CreateInternetGateway", &["ec2:CreateTags"]),
    ("ec2:CreateNatGateway", &["ec2:CreateTags"]),
    ("ec2:CreateRoute", &[]),
    ("ec2:CreateRouteTable", &["ec2:CreateTags"]),
    ("ec2:CreateSecurityGroup", &["ec2:CreateTags"]),
    ("ec2:CreateSubnet", &["ec2:AssociateSubnetCidrBlock", "ec2:CreateTags"]),
    ("ec2:AssociateRouteTable", &["ec2:ReplaceRouteTableAssociation"]),
    ("ec2:AuthorizeSecurityGroupIngress", &["ec2:RevokeSecurityGroupIngress"]),
    ("ec2:CreateTags", &[]),
    ("ec2:CreateVpc", &["ec2:CreateTags"]),
    // A private name is a zone that EC2 associates with the network.
    (
        "ec2:CreateVpcEndpoint",
        &[
            "ec2:CreateTags",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcs",
            "route53:AssociateVPCWithHostedZone",
        ],
    ),
    (
        "eks:CreateAccessEntry",
        &["eks:DeleteAccessEntry", "eks:TagResource", "eks:UpdateAccessEntry"],
    ),
    ("eks:CreateAddon", &["eks:DeleteAddon", "eks:TagResource", "iam:PassRole"]),
    ("eks:UpdateAddon", &["iam:PassRole"]),
    // EKS takes a grant on the key of its secrets (EKS guide, "Encrypt Kubernetes secrets with KMS").
    (
        "eks:CreateCluster",
        &[
            "eks:TagResource",
            "iam:CreateServiceLinkedRole",
            "iam:PassRole",
            "kms:CreateGrant",
            "kms:DescribeKey",
        ],
    ),
    ("eks:ListFargateProfiles", &["eks:DeleteFargateProfile"]),
    ("eks:ListInsights", &["eks:DescribeInsight"]),
    ("eks:AssociateEncryptionConfig", &["kms:CreateGrant", "kms:DescribeKey"]),
    // EKS looks at the policies of the nodes' role as the caller (EKS guide, "Using service-linked
    // roles", and "IAM troubleshooting").
    (
        "eks:CreateNodegroup",
        &[
            "eks:TagResource",
            "iam:CreateServiceLinkedRole",
            "iam:GetRole",
            "iam:ListAttachedRolePolicies",
            "iam:PassRole",
        ],
    ),
    (
        "eks:CreatePodIdentityAssociation",
        &["eks:DeletePodIdentityAssociation", "eks:TagResource", "iam:GetRole", "iam:PassRole"],
    ),
    ("eks:UpdatePodIdentityAssociation", &["iam:GetRole", "iam:PassRole"]),
    // The service's own role is made with the first analyzer; one of the organization looks at that.
    (
        "access-analyzer:CreateAnalyzer",
        &[
            "access-analyzer:TagResource",
            "access-analyzer:UntagResource",
            "iam:CreateServiceLinkedRole",
            "organizations:ListAWSServiceAccessForOrganization",
            "organizations:ListDelegatedAdministrators",
        ],
    ),
    ("access-analyzer:CreateArchiveRule", &["access-analyzer:DeleteArchiveRule"]),
    // The service's own role is made with the first detector.
    (
        "guardduty:CreateDetector",
        &["guardduty:TagResource", "guardduty:UntagResource", "iam:CreateServiceLinkedRole"],
    ),
    ("guardduty:CreatePublishingDestination", &["guardduty:DeletePublishingDestination"]),
    // GuardDuty enters the organization as a trusted service, and its administrator as a delegated one.
    (
        "guardduty:EnableOrganizationAdminAccount",
        &[
            "guardduty:DisableOrganizationAdminAccount",
            "organizations:DescribeAccount",
            "organizations:DescribeOrganization",
            "organizations:EnableAWSServiceAccess",
            "organizations:ListAWSServiceAccessForOrganization",
            "organizations:ListDelegatedAdministrators",
            "organizations:RegisterDelegatedAdministrator",
        ],
    ),
    (
        "guardduty:DisableOrganizationAdminAccount",
        &["organizations:DeregisterDelegatedAdministrator"],
    ),
    ("iam:CreateServiceLinkedRole", &[]),
    ("iam:CreateOpenIDConnectProvider", &["iam:TagOpenIDConnectProvider"]),
    (
        "iam:CreatePolicy",
        &[
            "iam:DeletePolicyVersion",
            "iam:ListEntitiesForPolicy",
            "iam:ListPolicyVersions",
            "iam:TagPolicy",
            "iam:UntagPolicy",
        ],
    ),
    ("iam:CreatePolicyVersion", &[]),
    ("iam:AttachRolePolicy", &["iam:DetachRolePolicy"]),
    ("iam:CreateRole", &["iam:TagRole", "iam:UntagRole", "iam:UpdateAssumeRolePolicy"]),
    ("iam:DeleteRolePermissionsBoundary", &["iam:PutRolePermissionsBoundary"]),
    // A role that goes leaves the profiles that it is in.
    ("iam:ListInstanceProfilesForRole", &["iam:RemoveRoleFromInstanceProfile"]),
    ("iam:PutRolePolicy", &["iam:DeleteRolePolicy"]),
    ("identitystore:CreateGroup", &["identitystore:DeleteGroup"]),
    ("identitystore:CreateGroupMembership", &["identitystore:DeleteGroupMembership"]),
    ("identitystore:CreateUser", &["identitystore:DeleteUser"]),
    ("kms:CreateAlias", &[]),
    ("kms:CreateGrant", &[]),
    ("kms:EnableKey", &["kms:DisableKey"]),
    // The role is for keys of several regions.
    ("kms:CreateKey", &["iam:CreateServiceLinkedRole", "kms:PutKeyPolicy", "kms:TagResource"]),
    // In the replica's region.
    (
        "kms:ReplicateKey",
        &["iam:CreateServiceLinkedRole", "kms:CreateKey", "kms:PutKeyPolicy", "kms:TagResource"],
    ),
    ("logs:CreateLogGroup", &["logs:TagResource"]),
    // The service's own role, grants on the customer's key, and what it looks up of the network (Network
    // Firewall guide, "Identity-based policy examples" and "Encryption at rest").
    (
        "network-firewall:CreateFirewall",
        &[
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcs",
            "iam:CreateServiceLinkedRole",
            "kms:CreateGrant",
            "kms:DescribeKey",
            "network-firewall:AssociateFirewallPolicy",
            "network-firewall:AssociateSubnets",
            "network-firewall:DisassociateSubnets",
            "network-firewall:TagResource",
            "network-firewall:UntagResource",
        ],
    ),
    ("network-firewall:CreateFirewallPolicy", &["network-firewall:TagResource"]),
    ("network-firewall:CreateRuleGroup", &["network-firewall:TagResource"]),
    // Logs are delivered by the service for log deliveries (Network Firewall guide, "Permissions to
    // configure logging").
    (
        "network-firewall:UpdateLoggingConfiguration",
        &[
            "firehose:TagDeliveryStream",
            "iam:CreateServiceLinkedRole",
            "logs:CreateLogDelivery",
            "logs:DeleteLogDelivery",
            "logs:DescribeLogGroups",
            "logs:DescribeResourcePolicies",
            "logs:GetLogDelivery",
            "logs:ListLogDeliveries",
            "logs:PutResourcePolicy",
            "logs:UpdateLogDelivery",
            "s3:GetBucketPolicy",
            "s3:PutBucketPolicy",
        ],
    ),
    (
        "organizations:CreateAccount",
        &["organizations:CloseAccount", "organizations:TagResource", "organizations:UntagResource"],
    ),
    ("organizations:CreateOrganization", &["iam:CreateServiceLinkedRole"]),
    ("organizations:CreatePolicy", &["organizations:TagResource", "organizations:UntagResource"]),
    (
        "organizations:CreateOrganizationalUnit",
        &["organizations:TagResource", "organizations:UntagResource"],
    ),
    // The service's own role is made with the first access.
    ("organizations:EnableAWSServiceAccess", &["iam:CreateServiceLinkedRole"]),
    (
        "rbin:CreateRule",
        &["rbin:DeleteRule", "rbin:TagResource", "rbin:UntagResource", "rbin:UpdateRule"],
    ),
    ("sso:CreateAccountAssignment", &["sso:DeleteAccountAssignment"]),
    ("sso:CreatePermissionSet", &["sso:TagResource", "sso:UntagResource"]),
    // Outside the management account.
    ("sso:ListAccountAssignmentsForPrincipal", &["sso:ListAccountAssignments"]),
    // Under a key of one's own the service encrypts and decrypts with the rights of whoever calls it
    // (Secrets Manager guide, "Secret encryption and decryption").
    (
        "secretsmanager:CreateSecret",
        &[
            "kms:Decrypt",
            "kms:GenerateDataKey",
            "secretsmanager:TagResource",
            "secretsmanager:UntagResource",
        ],
    ),
    ("secretsmanager:PutResourcePolicy", &["secretsmanager:DeleteResourcePolicy"]),
    ("secretsmanager:PutSecretValue", &["kms:Decrypt", "kms:GenerateDataKey"]),
    (
        "secretsmanager:ReplicateSecretToRegions",
        &["kms:Decrypt", "kms:GenerateDataKey", "secretsmanager:RemoveRegionsFromReplication"],
    ),
    ("secretsmanager:UpdateSecret", &["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"]),
    // Tags in the call take an action of their own, and so does a lock. What governs versions is
    // bypassed only where that is asked for.
    (
        "s3:CreateBucket",
        &[
            "s3:PutBucketObjectLockConfiguration",
            "s3:PutBucketOwnershipControls",
            "s3:PutBucketVersioning",
            "s3:TagResource",
        ],
    ),
    ("s3:DeleteObjects", &["s3:BypassGovernanceRetention"]),
    // Under a key of one's own.
    ("s3:GetObject", &["kms:Decrypt"]),
    ("s3:PutBucketReplication", &["iam:PassRole"]),
    ("s3:PutObject", &["kms:Decrypt", "kms:GenerateDataKey", "s3:PutObjectTagging"]),
    // Values that are encrypted under a key of one's own are read and written with that key (Systems
    // Manager guide, "Restricting access to parameters").
    ("ssm:GetParameters", &["kms:Decrypt"]),
    (
        "ssm:PutParameter",
        &[
            "kms:Encrypt",
            "kms:GenerateDataKey",
            "ssm:AddTagsToResource",
            "ssm:RemoveTagsFromResource",
        ],
    ),
];

/// Operations that IAM knows by other names (Amazon S3 guide, "Required permissions for Amazon S3 API
/// operations").
const RENAMED: &[(&str, &[&str])] = &[
    ("s3:DeleteBucketLifecycle", &["s3:PutLifecycleConfiguration"]),
    ("s3:DeleteBucketReplication", &["s3:PutReplicationConfiguration"]),
    ("s3:DeleteObjects", &["s3:DeleteObject", "s3:DeleteObjectVersion"]),
    ("s3:GetBucketEncryption", &["s3:GetEncryptionConfiguration"]),
    ("s3:GetBucketLifecycleConfiguration", &["s3:GetLifecycleConfiguration"]),
    ("s3:GetBucketNotificationConfiguration", &["s3:GetBucketNotification"]),
    ("s3:GetBucketReplication", &["s3:GetReplicationConfiguration"]),
    ("s3:GetObjectLockConfiguration", &["s3:GetBucketObjectLockConfiguration"]),
    ("s3:GetPublicAccessBlock", &["s3:GetBucketPublicAccessBlock"]),
    ("s3:ListMultipartUploads", &["s3:ListBucketMultipartUploads"]),
    ("s3:ListObjectVersions", &["s3:ListBucketVersions"]),
    ("s3:PutBucketEncryption", &["s3:PutEncryptionConfiguration"]),
    ("s3:PutBucketLifecycleConfiguration", &["s3:PutLifecycleConfiguration"]),
    ("s3:PutBucketNotificationConfiguration", &["s3:PutBucketNotification"]),
    ("s3:PutBucketReplication", &["s3:PutReplicationConfiguration"]),
    ("s3:PutObjectLockConfiguration", &["s3:PutBucketObjectLockConfiguration"]),
    ("s3:PutPublicAccessBlock", &["s3:PutBucketPublicAccessBlock"]),
];

/// What IAM calls an operation, given as it calls its service.
pub(in crate::conformance) fn actions(operation: &str) -> Vec<&str> {
    let renamed = RENAMED.iter().find(|(known, _)| *known == operation);
    renamed.map_or_else(|| vec![operation], |(_, actions)| actions.to_vec())
}

/// The operations that an action is for.
pub(super) fn operations(action: &str) -> Vec<&str> {
    let renamed = RENAMED.iter().filter(|(_, actions)| actions.contains(&action));
    renamed.map(|(operation, _)| *operation).chain([action]).collect()
}

/// Actions that change nothing, though their verbs do not say so.
const READING: [&str; 1] = ["kms:Decrypt"];

/// What AWS demands beside an action.
///
/// # Errors
/// Where the action makes something, and nobody has looked that up yet.
pub(super) fn demanded(action: &str) -> Result<&'static [&'static str]> {
    if let Some((_, demanded)) = DEMANDS.iter().find(|(known, _)| *known == action) {
        return Ok(demanded);
    }
    let (_, operation) = action.split_once(':').unwrap_or(("", action));
    if operation.starts_with("Create") || operation.starts_with("Allocate") {
        bail!(
            "nobody has said what AWS demands beside {action}: look its dependent actions up in the \
             Service Authorization Reference, and write them into permissions/actions.rs"
        );
    }
    Ok(&[])
}

/// Whether an action changes nothing, though its verb does not say so.
pub(super) fn reads_only(action: &str) -> bool {
    READING.contains(&action)
}

/// The services, as the record names them, whose calls an action's prefix is for.
pub(super) fn services(prefix: &str) -> Vec<&str> {
    match prefix {
        "access-analyzer" => vec!["accessanalyzer"],
        "elasticloadbalancing" => vec!["elb", "elbv2"],
        "sso" => vec!["sso-admin"],
        "tag" => vec!["resourcegroupstaggingapi"],
        other => vec![other],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_something_is_looked_up() {
        assert_eq!(demanded("kms:DescribeKey").unwrap(), [""; 0]);
        assert_eq!(demanded("logs:CreateLogGroup").unwrap(), ["logs:TagResource"]);
        assert!(demanded("sqs:CreateQueue").is_err());
    }

    #[test]
    fn operations_go_by_the_names_of_actions() {
        assert_eq!(actions("s3:GetBucketEncryption"), ["s3:GetEncryptionConfiguration"]);
        assert_eq!(actions("kms:CreateKey"), ["kms:CreateKey"]);
        let put = operations("s3:PutLifecycleConfiguration");
        assert!(put.contains(&"s3:DeleteBucketLifecycle"), "{put:?}");
    }
}
