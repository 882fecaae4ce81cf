//! What CloudTrail refuses: for how long that may be because a call comes too early, and what to do about it
//! after that.
//!
//! Source: CloudTrail user guide, "Amazon S3 bucket policy for CloudTrail", "Configure AWS KMS key policies
//! for CloudTrail", "Amazon SNS topic policy for CloudTrail", "Role policy document for CloudTrail to use
//! CloudWatch Logs for monitoring".

use std::error::Error;
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use serde_json::{Value, json};
use tokio::time::Instant;
use travel_framework::Failure;

use super::{ABSENT, AuditTrail, TAKEN, observed, planning};
use crate::consistency::{Call, IAM, WITHIN_SERVICE, answer_when_ready};
use crate::error::{Answer, Reply, diagnostic};

/// What CloudTrail says while something else is done to the trail.
pub const BUSY: &str = "ConflictException";
/// How long what was just written to a bucket's, a key's or a topic's policy, or in Organizations, may not
/// be seen yet.
const POLICIES: Duration = Duration::from_secs(20);
/// CloudTrail's principal, which is the same in all partitions.
const PRINCIPAL: &str = "cloudtrail.amazonaws.com";

/// For how long a refusal may mean that the call came too early.
pub fn patience<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Duration {
    match code(error) {
        BUSY => WITHIN_SERVICE,
        "InvalidCloudWatchLogsRoleArnException" | "InvalidCloudWatchLogsLogGroupArnException" => {
            IAM
        }
        "InsufficientS3BucketPolicyException"
        | "S3BucketDoesNotExistException"
        | "InsufficientSnsTopicPolicyException"
        | "InsufficientEncryptionPolicyException"
        | "KmsKeyNotFoundException"
        | "CloudTrailAccessNotEnabledException"
        | "NotOrganizationMasterAccountException"
        | "OrganizationsNotInUseException"
        | ABSENT
        | "ResourceNotFoundException" => POLICIES,
        _ => Duration::ZERO,
    }
}

/// Sends a request that changes the trail, again while it may come too early.
pub async fn send<T, E, F>(
    call: &Call,
    trail: &AuditTrail,
    request: impl FnMut() -> F,
) -> Result<T, Failure>
where
    E: Error + ProvideErrorMetadata + 'static,
    F: Future<Output = Answer<T, E>>,
{
    let begun = Instant::now();
    let too_early = |error: &_| begun.elapsed() < patience(error);
    match answer_when_ready(call, IAM, too_early, request).await? {
        Ok(answer) => Ok(answer),
        Err(error) => Err(explained(call, trail, &error).await),
    }
}

/// A refusal, at the attribute that it is about, with what to do.
pub async fn explained<E>(
    call: &Call,
    trail: &AuditTrail,
    error: &SdkError<E, HttpResponse>,
) -> Failure
where
    E: Error + ProvideErrorMetadata + 'static,
{
    let mut refusal = diagnostic(error, &call.scope.place());
    let code = code(error);
    let Some(attribute) = attribute_of(code, trail) else { return refusal.into() };
    let remedy = match code {
        TAKEN => taken(call, trail).await,
        _ => {
            let owner = Owner::of(call, trail).await;
            remedy(code, trail, &owner)
        }
    };
    if !remedy.is_empty() {
        refusal.detail = format!("{} {remedy}", refusal.detail);
    }
    refusal.at_attribute(attribute).into()
}

fn code<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> &str {
    error.as_service_error().and_then(ProvideErrorMetadata::code).unwrap_or_default()
}

/// The attribute that a code is about.
fn attribute_of(code: &str, trail: &AuditTrail) -> Option<&'static str> {
    Some(match code {
        "S3BucketDoesNotExistException"
        | "InsufficientS3BucketPolicyException"
        | "InvalidS3BucketNameException" => "bucket",
        "InvalidS3PrefixException" => "prefix",
        "InsufficientSnsTopicPolicyException" | "InvalidSnsTopicNameException" => "sns_topic",
        "InsufficientEncryptionPolicyException"
        | "InvalidKmsKeyIdException"
        | "KmsKeyNotFoundException"
        | "KmsKeyDisabledException"
        | "KmsException" => "kms_key",
        "InvalidCloudWatchLogsLogGroupArnException"
        | "CloudWatchLogsDeliveryUnavailableException" => "log_group",
        "InvalidCloudWatchLogsRoleArnException" => "log_group_role",
        TAKEN | "MaximumNumberOfTrailsExceededException" | "InvalidTrailNameException" => "name",
        "CloudTrailAccessNotEnabledException"
        | "NotOrganizationMasterAccountException"
        | "OrganizationsNotInUseException"
        | "OrganizationNotInAllFeaturesModeException"
        | "NoManagementAccountSLRExistsException"
        | "InsufficientDependencyServiceAccessPermissionException" => "organization",
        "InvalidHomeRegionException" => "region",
        "InvalidInsightSelectorsException" => "insights",
        "InvalidEventSelectorsException" if trail.event_selectors.is_empty() => {
            "basic_event_selectors"
        }
        "InvalidEventSelectorsException" => "event_selectors",
        "TagsLimitExceededException" | "InvalidTagParameterException" => "tags",
        _ => return None,
    })
}

/// Whose the trail is, as policies name it.
struct Owner {
    trail_arn: String,
    account: String,
    /// The id of the organization, of a trail for all of it.
    organization: Option<String>,
}

impl Owner {
    async fn of(call: &Call, trail: &AuditTrail) -> Self {
        let mut account = call.scope.account_id().to_owned();
        let mut organization = None;
        if trail.organization {
            let asked = call.scope.organizations().describe_organization().send().await;
            // It is for the remedy's words alone, which can do without.
            if let Some(found) = asked.at(&call.scope).ok().and_then(|it| it.organization) {
                account = found.master_account_id.unwrap_or(account);
                organization = found.id;
            }
            organization = organization.or_else(|| Some("ORGANIZATION_ID".to_owned()));
        }
        let partition = call.scope.partition();
        let trail_arn = partition.arn(
            "cloudtrail",
            call.scope.region(),
            &account,
            &format!("trail/{}", trail.name),
        );
        Self { trail_arn, account, organization }
    }

    fn partition(&self) -> &str {
        self.trail_arn.split(':').nth(1).unwrap_or_default()
    }

    /// A statement that lets CloudTrail do something for this trail.
    fn allows(&self, actions: &Value, resource: &Value) -> Value {
        json!({
            "Effect": "Allow",
            "Principal": {"Service": PRINCIPAL},
            "Action": actions,
            "Resource": resource,
            "Condition": {"StringEquals": {"aws:SourceArn": self.trail_arn}},
        })
    }

    /// What the bucket's policy must say.
    fn bucket_statements(&self, trail: &AuditTrail) -> Value {
        let bucket = format!("arn:{}:s3:::{}", self.partition(), trail.bucket);
        let prefix = trail.prefix.as_ref().map(|it| format!("/{it}")).unwrap_or_default();
        let folder = |id: &String| json!(format!("{bucket}{prefix}/AWSLogs/{id}/*"));
        let folders = std::iter::once(&self.account).chain(&self.organization).map(folder);
        let folders: Value = folders.collect();
        let mut writes = self.allows(&json!("s3:PutObject"), &folders);
        writes["Condition"]["StringEquals"]["s3:x-amz-acl"] = "bucket-owner-full-control".into();
        json!([self.allows(&json!("s3:GetBucketAcl"), &json!(bucket)), writes])
    }

    /// What the key's policy must say.
    fn key_statements(&self) -> Value {
        json!([
            self.allows(&json!("kms:GenerateDataKey*"), &json!("*")),
            self.allows(&json!("kms:DescribeKey"), &json!("*")),
        ])
    }

    /// What the role must be allowed to do.
    fn role_statement(&self, trail: &AuditTrail) -> Value {
        let group = trail.log_group.as_deref().map(planning::log_group).unwrap_or_default();
        let group = group.strip_suffix(":*").unwrap_or_default();
        let region = self.trail_arn.split(':').nth(3).unwrap_or_default();
        let stream = |id: &String| json!(format!("{group}:log-stream:{id}_CloudTrail_{region}*"));
        let streams = std::iter::once(&self.account).chain(&self.organization).map(stream);
        json!({
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": streams.collect::<Value>(),
        })
    }
}

/// What to do about a refusal.
fn remedy(code: &str, trail: &AuditTrail, owner: &Owner) -> String {
    match code {
        "S3BucketDoesNotExistException" => {
            "Make the bucket first, and have the trail depend on it.".to_owned()
        }
        "InsufficientS3BucketPolicyException" => format!(
            "The policy of the bucket {} must have these statements, and none that denies them, before the \
             trail is made: {}",
            trail.bucket,
            owner.bucket_statements(trail),
        ),
        "InsufficientSnsTopicPolicyException" | "InvalidSnsTopicNameException" => {
            let topic = trail.sns_topic.as_deref().unwrap_or_default();
            format!(
                "The topic must stand in the trail's region, and its policy must have: {}",
                owner.allows(&json!("sns:Publish"), &json!(topic)),
            )
        }
        "InsufficientEncryptionPolicyException" => format!(
            "The key must be a symmetric one in the region of the bucket {}, and its policy must have: {}",
            trail.bucket,
            owner.key_statements(),
        ),
        "KmsKeyDisabledException" => "Enable the key, or name another.".to_owned(),
        "KmsKeyNotFoundException" | "InvalidKmsKeyIdException" | "KmsException" => {
            "It must be a symmetric key in the region of the bucket, in whatever account, that these \
             credentials may describe."
                .to_owned()
        }
        "InvalidCloudWatchLogsLogGroupArnException" => {
            "The log group must be there, in the account and region of the trail.".to_owned()
        }
        "CloudWatchLogsDeliveryUnavailableException" => {
            "Leave out log_group and log_group_role: CloudTrail cannot deliver to log groups in this region."
                .to_owned()
        }
        "InvalidCloudWatchLogsRoleArnException" => format!(
            "The role must trust {PRINCIPAL}, and have: {}",
            owner.role_statement(trail),
        ),
        "MaximumNumberOfTrailsExceededException" => {
            "A region holds five trails, those of other regions and of the organization that reach into it \
             included, and the quota cannot be raised. Remove one, or have one take the events of several."
                .to_owned()
        }
        code => remedy_of_organization(code, trail).to_owned(),
    }
}

fn remedy_of_organization(code: &str, trail: &AuditTrail) -> &'static str {
    match code {
        "CloudTrailAccessNotEnabledException" => {
            "Add cloudtrail.amazonaws.com to the trusted_services of the travel_organization."
        }
        "NotOrganizationMasterAccountException" if trail.organization => {
            "A trail of the organization is made in the management account, or in an account that \
             travel_delegated_administrator has made one of cloudtrail.amazonaws.com; and only the \
             management account turns one trail into the other."
        }
        "NotOrganizationMasterAccountException" => {
            "The trail is the organization's: leave it to the management account."
        }
        "OrganizationsNotInUseException" => {
            "Set organization = false: the account is in no organization."
        }
        "OrganizationNotInAllFeaturesModeException" => {
            "Enable all features of the organization first: a trail needs them."
        }
        "NoManagementAccountSLRExistsException" => {
            "The management account lacks the role AWSServiceRoleForCloudTrail, which is made with trusted \
             access: enable that from CloudTrail's console or by travel_organization, or make the role by \
             aws iam create-service-linked-role --aws-service-name cloudtrail.amazonaws.com."
        }
        "InsufficientDependencyServiceAccessPermissionException" => {
            "Allow these credentials organizations:DescribeOrganization, \
             organizations:ListAWSServiceAccessForOrganization, iam:GetRole and \
             iam:CreateServiceLinkedRole."
        }
        "InvalidHomeRegionException" => {
            "A trail can be changed from its home region alone: set region to that."
        }
        _ => "",
    }
}

/// What to do where a trail of this name stands in the way.
async fn taken(call: &Call, trail: &AuditTrail) -> String {
    let others = observed::named(&call.scope, &trail.name).await.unwrap_or_default();
    let homes: Vec<&str> = others.iter().filter_map(|other| other.home_region()).collect();
    match homes.as_slice() {
        [home, ..] if *home != call.scope.region() => format!(
            "A trail of this name has its home in {home} and takes the events of all regions. Choose \
             another name, or set region = \"{home}\" and import it by {home}/{}.",
            trail.name,
        ),
        _ => format!("Choose another name, or import the trail by {}.", trail.name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trail() -> AuditTrail {
        AuditTrail {
            name: "audit".into(),
            bucket: "logs".into(),
            prefix: Some("all".into()),
            log_group: Some("arn:aws:logs:eu-central-1:111122223333:log-group:trail".into()),
            organization: true,
            ..AuditTrail::default()
        }
    }

    fn owner() -> Owner {
        Owner {
            trail_arn: "arn:aws:cloudtrail:eu-central-1:111122223333:trail/audit".into(),
            account: "111122223333".into(),
            organization: Some("o-abcdefghij".into()),
        }
    }

    #[test]
    fn names_the_statements_that_are_missing() {
        for (code, attribute, parts) in [
            (
                "InsufficientS3BucketPolicyException",
                "bucket",
                &[
                    r#""aws:SourceArn":"arn:aws:cloudtrail:eu-central-1:111122223333:trail/audit""#,
                    "arn:aws:s3:::logs/all/AWSLogs/111122223333/*",
                    "arn:aws:s3:::logs/all/AWSLogs/o-abcdefghij/*",
                    r#""s3:x-amz-acl":"bucket-owner-full-control""#,
                    "s3:GetBucketAcl",
                ][..],
            ),
            ("InsufficientEncryptionPolicyException", "kms_key", &["kms:GenerateDataKey*"]),
            ("InsufficientSnsTopicPolicyException", "sns_topic", &["sns:Publish"]),
            (
                "InvalidCloudWatchLogsRoleArnException",
                "log_group_role",
                &["log-group:trail:log-stream:111122223333_CloudTrail_eu-central-1*"],
            ),
            ("CloudTrailAccessNotEnabledException", "organization", &["trusted_services"]),
            ("NotOrganizationMasterAccountException", "organization", &["delegated"]),
            ("InvalidHomeRegionException", "region", &["home region"]),
            ("MaximumNumberOfTrailsExceededException", "name", &["five trails"]),
        ] {
            assert_eq!(attribute_of(code, &trail()), Some(attribute));
            let remedy = remedy(code, &trail(), &owner());
            for part in parts {
                assert!(remedy.contains(part), "{code}: {part} is not in {remedy}");
            }
        }
        assert_eq!(attribute_of("AccessDeniedException", &trail()), None);
    }
}
