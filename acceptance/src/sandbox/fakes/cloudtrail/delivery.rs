//! Whether a trail can deliver: each change of it is refused where bucket, key, topic or role keep CloudTrail out.

use std::sync::Arc;

use serde_json::{Value, json};

use super::PRINCIPAL;
use super::trails::{Place, Planned};
use crate::sandbox::fakes::neighbours::Neighbours;
use crate::sandbox::fakes::resource_policies::{Request, lets_in, of_bucket};
use crate::sandbox::wire::ServiceError;
use crate::sandbox::world::{Order, World};

/// Goes through all that a planned trail delivers to.
///
/// # Errors
/// The service's, about the first that does not let CloudTrail in.
pub async fn check(
    planned: &Planned,
    place: &Place,
    world: &Arc<World>,
) -> Result<(), ServiceError> {
    bucket(planned, place, world).await?;
    if let Some(key) = &planned.key {
        kms_key(key, planned, place, world).await?;
    }
    if let Some(topic) = &planned.topic {
        sns_topic(topic, planned, place, world).await?;
    }
    match (&planned.log_group, &planned.role) {
        (Some(group), Some(role)) => log_group(group, role, planned, place, world).await,
        (None, None) => Ok(()),
        _ => Err(ServiceError::new(
            "InvalidParameterCombinationException",
            "CloudWatchLogsLogGroupArn and CloudWatchLogsRoleArn must be given together.",
        )),
    }
}

async fn bucket(planned: &Planned, place: &Place, world: &Arc<World>) -> Result<(), ServiceError> {
    let found = of_bucket(&planned.bucket, &place.account, &place.region, world).await?;
    let policy = found.ok_or_else(|| {
        let message = format!("S3 bucket {} does not exist!", planned.bucket);
        ServiceError::new("S3BucketDoesNotExistException", message)
    })?;
    let bucket = format!("arn:{}:s3:::{}", place.partition, planned.bucket);
    let folder = match &planned.prefix {
        Some(prefix) => format!("{bucket}/{prefix}/AWSLogs"),
        None => format!("{bucket}/AWSLogs"),
    };
    let source = [("aws:SourceArn", planned.arn.as_str()), ("aws:SourceAccount", &planned.account)];
    let mut writing = source.to_vec();
    writing.push(("s3:x-amz-acl", "bucket-owner-full-control"));
    let mut objects = vec![format!("{folder}/{}/CloudTrail/x", planned.account)];
    if let (true, Some(organization)) = (planned.is_organization, &place.organization) {
        objects.push(format!("{folder}/{organization}/{}/CloudTrail/x", planned.account));
    }
    let asks = Request {
        principal: PRINCIPAL,
        action: "s3:GetBucketAcl",
        resource: &bucket,
        context: &source,
    };
    let writes = |object: &String| {
        lets_in(
            &policy,
            &Request {
                principal: PRINCIPAL,
                action: "s3:PutObject",
                resource: object,
                context: &writing,
            },
        )
    };
    if lets_in(&policy, &asks) && objects.iter().all(writes) {
        return Ok(());
    }
    let message = format!("Incorrect S3 bucket policy is detected for bucket: {}", planned.bucket);
    Err(ServiceError::new("InsufficientS3BucketPolicyException", message))
}

async fn kms_key(
    key: &str,
    planned: &Planned,
    place: &Place,
    world: &Arc<World>,
) -> Result<(), ServiceError> {
    // A key's ARN says whose it is and where.
    let parts: Vec<&str> = key.splitn(6, ':').collect();
    let (region, account) = match parts.as_slice() {
        ["arn", _, "kms", region, account, _] => (*region, *account),
        _ => (place.region.as_str(), place.account.as_str()),
    };
    let neighbours = Neighbours::new(world, account, region);
    let asked = json!({"KeyId": key});
    let described = neighbours.json("kms", "DescribeKey", &asked).await.map_err(|_| {
        ServiceError::new("KmsKeyNotFoundException", format!("The key {key} does not exist."))
    })?;
    if described["KeyMetadata"]["Enabled"] != true {
        let message = format!("The key {key} is disabled.");
        return Err(ServiceError::new("KmsKeyDisabledException", message));
    }
    let asked = json!({"KeyId": described["KeyMetadata"]["KeyId"], "PolicyName": "default"});
    let answer = neighbours.json("kms", "GetKeyPolicy", &asked).await?;
    let policy = serde_json::from_str(answer["Policy"].as_str().unwrap_or_default());
    let policy: Value = policy.unwrap_or_default();
    let context = [
        ("aws:SourceArn", planned.arn.as_str()),
        ("aws:SourceAccount", &planned.account),
        ("kms:EncryptionContext:aws:cloudtrail:arn", &planned.arn),
    ];
    let arn = described["KeyMetadata"]["Arn"].as_str().unwrap_or_default();
    let action = "kms:GenerateDataKey";
    if region == place.region
        && lets_in(
            &policy,
            &Request { principal: PRINCIPAL, action, resource: arn, context: &context },
        )
    {
        return Ok(());
    }
    let message = "Insufficient permissions to access S3 bucket or KMS key, or they are in different regions.";
    Err(ServiceError::new("InsufficientEncryptionPolicyException", message))
}

async fn sns_topic(
    topic: &str,
    planned: &Planned,
    place: &Place,
    world: &Arc<World>,
) -> Result<(), ServiceError> {
    let parts: Vec<&str> = topic.splitn(6, ':').collect();
    let ["arn", _, "sns", region, account, _] = parts.as_slice() else {
        return Err(ServiceError::new("InvalidSnsTopicNameException", "not a topic's ARN"));
    };
    let order = Order::new("sns", account, region, "GetTopicAttributes");
    let found = world.query(order, &[("TopicArn", topic)]).await.unwrap_or_default();
    let mut entries = found.items("GetTopicAttributesResult/Attributes").iter();
    let policy = entries.find(|entry| entry.text_at("key") == "Policy");
    let policy = policy.map(|entry| entry.text_at("value")).unwrap_or_default();
    let policy: Value = serde_json::from_str(policy).unwrap_or_default();
    let context =
        [("aws:SourceArn", planned.arn.as_str()), ("aws:SourceAccount", &planned.account)];
    let request =
        Request { principal: PRINCIPAL, action: "sns:Publish", resource: topic, context: &context };
    if *region == place.region && lets_in(&policy, &request) {
        return Ok(());
    }
    let message = "SNS Topic does not exist or the topic policy is incorrect!";
    Err(ServiceError::new("InsufficientSnsTopicPolicyException", message))
}

async fn log_group(
    group: &str,
    role: &str,
    planned: &Planned,
    place: &Place,
    world: &Arc<World>,
) -> Result<(), ServiceError> {
    let parts: Vec<&str> = group.splitn(7, ':').collect();
    let refused = |message: &str| {
        Err(ServiceError::new("InvalidCloudWatchLogsLogGroupArnException", message))
    };
    let ["arn", _, "logs", region, account, "log-group", rest] = parts.as_slice() else {
        return refused("CloudTrail cannot validate the specified log group ARN.");
    };
    let Some(name) = rest.strip_suffix(":*").filter(|_| *region == place.region) else {
        return refused("CloudTrail cannot validate the specified log group ARN.");
    };
    let neighbours = Neighbours::new(world, account, region);
    let asked = json!({"logGroupNamePrefix": name});
    let listed = neighbours.json("logs", "DescribeLogGroups", &asked).await?;
    let mut groups = listed["logGroups"].as_array().into_iter().flatten();
    if !groups.any(|it| it["logGroupName"] == name) {
        return refused("The log group does not exist.");
    }
    let base = group.strip_suffix(":*").unwrap_or(group);
    let stream = format!("{base}:log-stream:{}_CloudTrail_{region}", planned.account);
    let mut is_allowed = neighbours.role_trusts(role, PRINCIPAL).await?;
    for action in ["logs:CreateLogStream", "logs:PutLogEvents"] {
        is_allowed = is_allowed && neighbours.role_may(role, action, &stream).await?;
    }
    if is_allowed {
        return Ok(());
    }
    let message = "Access denied. Verify in IAM that the role has adequate permissions.";
    Err(ServiceError::new("InvalidCloudWatchLogsRoleArnException", message))
}
