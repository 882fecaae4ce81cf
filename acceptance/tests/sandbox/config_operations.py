"""Calls the operations of the sandbox's Config through botocore, and checks what botocore makes of them."""

import json
import os

import botocore.session

REGION = "eu-central-1"
ACCOUNT = os.environ["ACCOUNT"]
session = botocore.session.get_session()
config = session.create_client("config", region_name=REGION)
iam = session.create_client("iam")
s3 = session.create_client("s3", region_name=REGION)


def refused(code, operation, **parameters):
    try:
        operation(**parameters)
    except botocore.exceptions.ClientError as error:
        assert error.response["Error"]["Code"] == code, error
        return
    raise SystemExit(f"not refused: {parameters}")


def trust(service):
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


role = iam.create_role(RoleName="config", AssumeRolePolicyDocument=trust("config.amazonaws.com"))["Role"]["Arn"]
other = iam.create_role(RoleName="other", AssumeRolePolicyDocument=trust("ec2.amazonaws.com"))["Role"]["Arn"]
everything = {
    "allSupported": True,
    "includeGlobalResourceTypes": True,
    "recordingStrategy": {"useOnly": "ALL_SUPPORTED_RESOURCE_TYPES"},
}
recorder = {"name": "default", "roleARN": role, "recordingGroup": everything}
channel = {"name": "default", "s3BucketName": "config-deliveries"}

refused("InvalidRoleException", config.put_configuration_recorder, ConfigurationRecorder={**recorder, "roleARN": other})
refused(
    "InvalidRecordingGroupException",
    config.put_configuration_recorder,
    ConfigurationRecorder={**recorder, "recordingGroup": {**everything, "resourceTypes": ["AWS::EC2::Instance"]}},
)
assert config.describe_configuration_recorders()["ConfigurationRecorders"] == []
refused(
    "NoSuchConfigurationRecorderException",
    config.describe_configuration_recorders,
    ConfigurationRecorderNames=["default"],
)
config.put_configuration_recorder(ConfigurationRecorder=recorder, Tags=[{"Key": "team", "Value": "security"}])
seen = config.describe_configuration_recorders(ConfigurationRecorderNames=["default"])["ConfigurationRecorders"][0]
assert seen["recordingGroup"]["allSupported"] and seen["recordingMode"]["recordingFrequency"] == "CONTINUOUS", seen
arn = seen["arn"]
refused(
    "MaxNumberOfConfigurationRecordersExceededException",
    config.put_configuration_recorder,
    ConfigurationRecorder={**recorder, "name": "second"},
)
config.put_configuration_recorder(ConfigurationRecorder=recorder, Tags=[{"Key": "team", "Value": "other"}])
tags = config.list_tags_for_resource(ResourceArn=arn)["Tags"]
assert tags == [{"Key": "team", "Value": "security"}], tags
config.tag_resource(ResourceArn=arn, Tags=[{"Key": "more", "Value": "yes"}])
config.untag_resource(ResourceArn=arn, TagKeys=["team"])
assert config.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "more", "Value": "yes"}]

refused(
    "NoAvailableDeliveryChannelException", config.start_configuration_recorder, ConfigurationRecorderName="default"
)
refused("NoSuchBucketException", config.put_delivery_channel, DeliveryChannel=channel)
s3.create_bucket(Bucket="config-deliveries", CreateBucketConfiguration={"LocationConstraint": REGION})
refused("InsufficientDeliveryPolicyException", config.put_delivery_channel, DeliveryChannel=channel)
principal = {"Service": "config.amazonaws.com"}
policy = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": principal,
            "Action": "s3:GetBucketAcl",
            "Resource": "arn:aws:s3:::config-deliveries",
        },
        {
            "Effect": "Allow",
            "Principal": principal,
            "Action": "s3:PutObject",
            "Resource": f"arn:aws:s3:::config-deliveries/AWSLogs/{ACCOUNT}/Config/*",
            "Condition": {"StringEquals": {"s3:x-amz-acl": "bucket-owner-full-control"}},
        },
    ],
}
s3.put_bucket_policy(Bucket="config-deliveries", Policy=json.dumps(policy))
config.put_delivery_channel(DeliveryChannel=channel)
refused(
    "MaxNumberOfDeliveryChannelsExceededException",
    config.put_delivery_channel,
    DeliveryChannel={**channel, "name": "second"},
)
assert config.describe_delivery_channels()["DeliveryChannels"] == [channel]

config.start_configuration_recorder(ConfigurationRecorderName="default")
status = config.describe_configuration_recorder_status()["ConfigurationRecordersStatus"][0]
assert (status["name"], status["recording"]) == ("default", True), status
refused("LastDeliveryChannelDeleteFailedException", config.delete_delivery_channel, DeliveryChannelName="default")

assert config.describe_retention_configurations()["RetentionConfigurations"] == []
refused(
    "NoSuchRetentionConfigurationException",
    config.delete_retention_configuration,
    RetentionConfigurationName="default",
)
kept = config.put_retention_configuration(RetentionPeriodInDays=90)["RetentionConfiguration"]
assert kept == {"Name": "default", "RetentionPeriodInDays": 90}, kept
config.delete_retention_configuration(RetentionConfigurationName="default")

config.stop_configuration_recorder(ConfigurationRecorderName="default")
config.delete_delivery_channel(DeliveryChannelName="default")
refused("NoSuchDeliveryChannelException", config.delete_delivery_channel, DeliveryChannelName="default")
config.delete_configuration_recorder(ConfigurationRecorderName="default")
refused(
    "NoSuchConfigurationRecorderException",
    config.delete_configuration_recorder,
    ConfigurationRecorderName="default",
)

# Rules need a recorder, and are not gone at once.
managed = {"ConfigRuleName": "managed", "Source": {"Owner": "AWS", "SourceIdentifier": "ENCRYPTED_VOLUMES"}}
refused("NoAvailableConfigurationRecorderException", config.put_config_rule, ConfigRule=managed)
config.put_configuration_recorder(ConfigurationRecorder=recorder)
config.put_config_rule(ConfigRule=managed, Tags=[{"Key": "team", "Value": "security"}])
config.put_config_rule(ConfigRule=managed, Tags=[{"Key": "team", "Value": "other"}])
changes = [{"EventSource": "aws.config", "MessageType": "ConfigurationItemChangeNotification"}]
details = {"PolicyRuntime": "guard-2.x.x", "PolicyText": "rule x { y exists }", "EnableDebugLogDelivery": True}
custom = {"Owner": "CUSTOM_POLICY", "SourceDetails": changes, "CustomPolicyDetails": details}
config.put_config_rule(ConfigRule={"ConfigRuleName": "policy", "Source": custom})
refused(
    "InvalidParameterValueException",
    config.put_config_rule,
    ConfigRule={"ConfigRuleName": "policy", "Source": custom, "MaximumExecutionFrequency": "One_Hour"},
)
rule = config.describe_config_rules(ConfigRuleNames=["managed"])["ConfigRules"][0]
assert (rule["ConfigRuleState"], rule["EvaluationModes"]) == ("ACTIVE", [{"Mode": "DETECTIVE"}]), rule
assert config.list_tags_for_resource(ResourceArn=rule["ConfigRuleArn"])["Tags"] == [{"Key": "team", "Value": "security"}]
rule = config.describe_config_rules(ConfigRuleNames=["policy"])["ConfigRules"][0]
assert rule["Source"]["CustomPolicyDetails"]["PolicyText"] == "", rule
assert config.get_custom_rule_policy(ConfigRuleName="policy")["PolicyText"] == "rule x { y exists }"
refused("NoSuchConfigRuleException", config.get_custom_rule_policy, ConfigRuleName="managed")
config.delete_config_rule(ConfigRuleName="managed")
refused("ResourceInUseException", config.put_config_rule, ConfigRule=managed)
rule = config.describe_config_rules(ConfigRuleNames=["managed"])["ConfigRules"][0]
assert rule["ConfigRuleState"] == "DELETING", rule
while config.get_paginator("describe_config_rules").paginate().build_full_result()["ConfigRules"][0] == rule:
    pass
refused("NoSuchConfigRuleException", config.delete_config_rule, ConfigRuleName="managed")
config.put_config_rule(ConfigRule=managed)

# One of the organization's aggregators needs a role that the service may assume.
organizations = session.create_client("organizations")
try:
    organizations.create_organization(FeatureSet="ALL")
except organizations.exceptions.AlreadyInOrganizationException:
    pass
source = {"RoleArn": other, "AllAwsRegions": True}
aggregator = {"ConfigurationAggregatorName": "all"}
refused(
    "InvalidRoleException", config.put_configuration_aggregator, OrganizationAggregationSource=source, **aggregator
)
source = {"RoleArn": role, "AllAwsRegions": True}
refused(
    "InvalidParameterValueException",
    config.put_configuration_aggregator,
    OrganizationAggregationSource={**source, "AwsRegions": [REGION]},
    **aggregator,
)
made = config.put_configuration_aggregator(OrganizationAggregationSource=source, **aggregator)
arn = made["ConfigurationAggregator"]["ConfigurationAggregatorArn"]
trusted = organizations.list_aws_service_access_for_organization()
assert "config.amazonaws.com" in [it["ServicePrincipal"] for it in trusted["EnabledServicePrincipals"]], trusted
chosen = [{"AccountIds": ["111122223333"], "AwsRegions": [REGION]}]
config.put_configuration_aggregator(ConfigurationAggregatorName="chosen", AccountAggregationSources=chosen)
pages = config.get_paginator("describe_configuration_aggregators").paginate(PaginationConfig={"PageSize": 1})
names = [it["ConfigurationAggregatorName"] for it in pages.build_full_result()["ConfigurationAggregators"]]
assert names == ["all", "chosen"], names
config.tag_resource(ResourceArn=arn, Tags=[{"Key": "team", "Value": "security"}])
config.delete_configuration_aggregator(ConfigurationAggregatorName="all")
refused(
    "NoSuchConfigurationAggregatorException",
    config.delete_configuration_aggregator,
    ConfigurationAggregatorName="all",
)
