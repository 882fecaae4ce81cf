"""Calls every operation of the sandbox's DLM through botocore, and checks what botocore makes of the answers."""

import os

import botocore.session

dlm = botocore.session.get_session().create_client("dlm")
details = {
    "ResourceTypes": ["VOLUME"],
    "TargetTags": [{"Key": "backup", "Value": "daily"}],
    "Schedules": [
        {
            "Name": "daily",
            "CreateRule": {"Interval": 24, "IntervalUnit": "HOURS", "Times": ["05:00"]},
            "RetainRule": {"Count": 7},
        }
    ],
}
made = dlm.create_lifecycle_policy(
    ExecutionRoleArn=os.environ["ROLE"], Description="Daily", State="ENABLED", PolicyDetails=details, Tags={"a": "1"}
)["PolicyId"]
policy = dlm.get_lifecycle_policy(PolicyId=made)["Policy"]
assert policy["DateCreated"].year >= 2024 and policy["PolicyDetails"]["Schedules"] == details["Schedules"], policy
listed = dlm.get_lifecycle_policies(PolicyIds=[made], TargetTags=["backup=daily"])["Policies"]
assert [summary["PolicyType"] for summary in listed] == ["EBS_SNAPSHOT_MANAGEMENT"], listed
dlm.update_lifecycle_policy(PolicyId=made, State="DISABLED")
arn = policy["PolicyArn"]
dlm.tag_resource(ResourceArn=arn, Tags={"b": "2"})
dlm.untag_resource(ResourceArn=arn, TagKeys=["a"])
assert dlm.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"b": "2"}
dlm.delete_lifecycle_policy(PolicyId=made)
try:
    dlm.get_lifecycle_policy(PolicyId=made)
    raise SystemExit("a deleted policy is still there")
except dlm.exceptions.ResourceNotFoundException as error:
    assert error.response["ResourceIds"] == [made], error.response
    assert error.response["Error"]["Message"], error.response
details["Schedules"][0]["RetainRule"] = {}
try:
    dlm.create_lifecycle_policy(
        ExecutionRoleArn=os.environ["ROLE"], Description="Daily", State="ENABLED", PolicyDetails=details
    )
    raise SystemExit("a policy that keeps nothing was made")
except dlm.exceptions.InvalidRequestException as error:
    assert error.response["RequiredParameters"] == ["Interval", "IntervalUnit"], error.response
