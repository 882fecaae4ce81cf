"""Every operation of CloudTrail's trails, as botocore sees it."""

import json

import boto3
from botocore.exceptions import ClientError

PRINCIPAL = {"Service": "cloudtrail.amazonaws.com"}

account = boto3.client("sts").get_caller_identity()["Account"]
cloudtrail = boto3.client("cloudtrail")
region = cloudtrail.meta.region_name
s3 = boto3.client("s3")
kms = boto3.client("kms")
sns = boto3.client("sns")
logs = boto3.client("logs")
iam = boto3.client("iam")


def refused(code, operation, **parameters):
    try:
        operation(**parameters)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error
    else:
        raise AssertionError(f"{code} was expected")


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


bucket = f"trail-{account}"
create = {"Name": "audit", "S3BucketName": bucket, "S3KeyPrefix": "all", "TagsList": [{"Key": "a", "Value": "b"}]}
refused("S3BucketDoesNotExistException", cloudtrail.create_trail, **create)
s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": region})
refused("InsufficientS3BucketPolicyException", cloudtrail.create_trail, **create)
arn = f"arn:aws:s3:::{bucket}"
trail_arn = f"arn:aws:cloudtrail:{region}:{account}:trail/audit"
from_trail = {"aws:SourceArn": trail_arn}
s3.put_bucket_policy(
    Bucket=bucket,
    Policy=policy(
        {
            "Effect": "Allow",
            "Principal": PRINCIPAL,
            "Action": "s3:GetBucketAcl",
            "Resource": arn,
            "Condition": {"StringEquals": from_trail},
        },
        {
            "Effect": "Allow",
            "Principal": PRINCIPAL,
            "Action": "s3:PutObject",
            "Resource": f"{arn}/all/AWSLogs/{account}/*",
            "Condition": {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control", **from_trail}},
        },
    ),
)
assert cloudtrail.create_trail(**create)["TrailARN"] == trail_arn
refused("TrailAlreadyExistsException", cloudtrail.create_trail, **create)

root = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "kms:*", "Resource": "*"}
key = kms.create_key(Policy=policy(root))["KeyMetadata"]["Arn"]
refused("InsufficientEncryptionPolicyException", cloudtrail.update_trail, Name="audit", KmsKeyId=key)
lets_in = {"Effect": "Allow", "Principal": PRINCIPAL, "Action": "kms:GenerateDataKey*", "Resource": "*"}
kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy(root, lets_in))
assert cloudtrail.update_trail(Name="audit", KmsKeyId=key)["KmsKeyId"] == key

topic = sns.create_topic(Name="trail")["TopicArn"]
publishes = {"Effect": "Allow", "Principal": PRINCIPAL, "Action": "sns:Publish", "Resource": topic}
sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy(publishes))
assert cloudtrail.update_trail(Name="audit", SnsTopicName="trail")["SnsTopicARN"] == topic

logs.create_log_group(logGroupName="trail")
group = f"arn:aws:logs:{region}:{account}:log-group:trail:*"
trust = policy({"Effect": "Allow", "Principal": PRINCIPAL, "Action": "sts:AssumeRole"})
role = iam.create_role(RoleName="trail", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
delivery = {"Name": "audit", "CloudWatchLogsLogGroupArn": group, "CloudWatchLogsRoleArn": role}
refused("InvalidCloudWatchLogsRoleArnException", cloudtrail.update_trail, **delivery)
writes = {"Effect": "Allow", "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": group}
iam.put_role_policy(RoleName="trail", PolicyName="logs", PolicyDocument=policy(writes))
assert cloudtrail.update_trail(**delivery)["CloudWatchLogsRoleArn"] == role

cloudtrail.start_logging(Name=trail_arn)
status = cloudtrail.get_trail_status(Name="audit")
assert status["IsLogging"] and status["StartLoggingTime"]
cloudtrail.stop_logging(Name="audit")
assert not cloudtrail.get_trail_status(Name="audit")["IsLogging"]

assert cloudtrail.get_event_selectors(TrailName="audit")["EventSelectors"][0]["IncludeManagementEvents"]
fields = [
    {"Field": "eventCategory", "Equals": ["Data"]},
    {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
    {"Field": "resources.ARN", "NotStartsWith": [f"{arn}/"]},
]
cloudtrail.put_event_selectors(TrailName="audit", AdvancedEventSelectors=[{"Name": "x", "FieldSelectors": fields}])
assert cloudtrail.get_event_selectors(TrailName="audit")["AdvancedEventSelectors"][0]["FieldSelectors"] == fields
insights = {"TrailName": "audit", "InsightSelectors": [{"InsightType": "ApiCallRateInsight"}]}
refused("InvalidInsightSelectorsException", cloudtrail.put_insight_selectors, **insights)
cloudtrail.put_event_selectors(TrailName="audit", EventSelectors=[{"ReadWriteType": "WriteOnly"}])
cloudtrail.put_insight_selectors(**insights)
shown = cloudtrail.get_insight_selectors(TrailName="audit")["InsightSelectors"]
assert shown == [{"InsightType": "ApiCallRateInsight", "EventCategories": ["Management"]}], shown
data = {"TrailName": "audit", "InsightSelectors": [{"InsightType": "ApiErrorRateInsight", "EventCategories": ["Data"]}]}
refused("InvalidInsightSelectorsException", cloudtrail.put_insight_selectors, **data)
sums = {"EventCategory": "Data", "Templates": ["API_ACTIVITY"]}
configuration = {"TrailName": "audit", "AggregationConfigurations": [sums]}
refused("InvalidParameterCombinationException", cloudtrail.put_event_configuration, **configuration)
objects = {"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}
cloudtrail.put_event_selectors(TrailName="audit", EventSelectors=[{"DataResources": [objects]}])
cloudtrail.put_insight_selectors(**data)
cloudtrail.put_event_configuration(**configuration)
assert cloudtrail.get_event_configuration(TrailName="audit")["AggregationConfigurations"] == [sums]
cloudtrail.put_event_configuration(TrailName="audit", AggregationConfigurations=[])
assert cloudtrail.get_event_configuration(TrailName="audit")["AggregationConfigurations"] == []
assert cloudtrail.update_trail(Name="audit", RecursiveLogging=False)["RecursiveLogging"] is False

cloudtrail.add_tags(ResourceId=trail_arn, TagsList=[{"Key": "c", "Value": "d"}])
cloudtrail.remove_tags(ResourceId=trail_arn, TagsList=[{"Key": "a"}])
listed = cloudtrail.list_tags(ResourceIdList=[trail_arn])["ResourceTagList"]
assert listed == [{"ResourceId": trail_arn, "TagsList": [{"Key": "c", "Value": "d"}]}], listed
shown = cloudtrail.get_trail(Name="audit")["Trail"]
assert shown["HasCustomEventSelectors"] and shown["HasInsightSelectors"] and shown["HomeRegion"] == region
assert [trail["TrailARN"] for trail in cloudtrail.describe_trails()["trailList"]] == [trail_arn]
assert cloudtrail.list_trails()["Trails"][0]["TrailARN"] == trail_arn
cloudtrail.delete_trail(Name="audit")
refused("TrailNotFoundException", cloudtrail.get_trail, Name="audit")
