"""Calls every operation of the sandbox's Recycle Bin through botocore, and checks what botocore makes of the answers."""

import datetime

import botocore.session

rbin = botocore.session.get_session().create_client("rbin")
days = {"RetentionPeriodValue": 14, "RetentionPeriodUnit": "DAYS"}
lock = {"UnlockDelay": {"UnlockDelayValue": 7, "UnlockDelayUnit": "DAYS"}}


def status(answer):
    return answer["ResponseMetadata"]["HTTPStatusCode"]


def refused(exception, code, reason, operation, **parameters):
    try:
        operation(**parameters)
    except exception as error:
        assert (status(error.response), error.response["Reason"]) == (code, reason), error.response
        assert error.response["Error"]["Message"], error.response
        return
    raise SystemExit(f"not refused: {parameters}")


def conflict(operation, **parameters):
    refused(rbin.exceptions.ConflictException, 409, "INVALID_RULE_STATE", operation, **parameters)


def invalid(reason, operation, **parameters):
    refused(rbin.exceptions.ValidationException, 400, reason, operation, **parameters)


made = rbin.create_rule(
    ResourceType="EBS_SNAPSHOT", RetentionPeriod=days, Description="All of them", Tags=[{"Key": "a", "Value": "1"}]
)
assert status(made) == 201 and made["Status"] == "pending" and "LockState" not in made, made
rule, arn = made["Identifier"], made["RuleArn"]
read = rbin.get_rule(Identifier=rule)
assert (read["Status"], read["RuleArn"], read["RetentionPeriod"]) == ("available", arn, days), read
assert (read["ResourceTags"], read["ExcludeResourceTags"]) == ([], []), read
changed = rbin.update_rule(Identifier=rule, Description="Others")
assert changed["Description"] == "Others" and "LockConfiguration" not in changed, changed

assert status(rbin.tag_resource(ResourceArn=arn, Tags=[{"Key": "b", "Value": "2"}])) == 201
assert status(rbin.untag_resource(ResourceArn=arn, TagKeys=["a"])) == 204
assert rbin.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "b", "Value": "2"}]
too_many = [{"Key": f"k{number}", "Value": ""} for number in range(50)]
exceeded = rbin.exceptions.ServiceQuotaExceededException
refused(exceeded, 402, "SERVICE_QUOTA_EXCEEDED", rbin.tag_resource, ResourceArn=arn, Tags=too_many)

others = [rbin.create_rule(ResourceType="EBS_VOLUME", RetentionPeriod={**days, "RetentionPeriodValue": 7}) for _ in "123"]
paginator = rbin.get_paginator("list_rules")
pages = list(paginator.paginate(ResourceType="EBS_VOLUME", PaginationConfig={"PageSize": 2}))
assert [len(page["Rules"]) for page in pages] == [2, 1], pages
listed = {summary["Identifier"] for page in pages for summary in page["Rules"]}
assert listed == {other["Identifier"] for other in others}, pages
summary = rbin.list_rules(ResourceType="EBS_SNAPSHOT")["Rules"][0]
assert (summary["Identifier"], summary["RuleArn"], summary["RetentionPeriod"]) == (rule, arn, days), summary

locked = rbin.lock_rule(Identifier=rule, LockConfiguration=lock)
assert (locked["LockState"], locked["LockConfiguration"]) == ("locked", lock), locked
assert "LockEndTime" not in locked, locked
conflict(rbin.lock_rule, Identifier=rule, LockConfiguration=lock)
conflict(rbin.update_rule, Identifier=rule, Description="More")
conflict(rbin.delete_rule, Identifier=rule)
unlocked = rbin.unlock_rule(Identifier=rule)
left = unlocked["LockEndTime"] - datetime.datetime.now(datetime.timezone.utc)
assert unlocked["LockState"] == "pending_unlock" and 6 <= left.days <= 7, unlocked
assert rbin.get_rule(Identifier=rule)["LockEndTime"] == unlocked["LockEndTime"]
conflict(rbin.unlock_rule, Identifier=rule)

invalid("INVALID_PARAMETER_VALUE", rbin.create_rule, ResourceType="EBS_VOLUME", RetentionPeriod=days)
invalid("INVALID_PARAMETER_VALUE", rbin.create_rule, ResourceType="EBS_SNAPSHOTS", RetentionPeriod=days)
invalid("INVALID_PARAMETER_VALUE", rbin.get_rule, Identifier="short")
invalid("INVALID_PAGE_TOKEN", rbin.list_rules, ResourceType="EBS_VOLUME", NextToken="no token")
invalid("INVALID_PAGE_TOKEN", rbin.list_rules, ResourceType="EBS_VOLUME", NextToken="AAAA")
long = {"UnlockDelay": {"UnlockDelayValue": 31, "UnlockDelayUnit": "DAYS"}}
invalid("INVALID_PARAMETER_VALUE", rbin.lock_rule, Identifier=others[0]["Identifier"], LockConfiguration=long)
missing = rbin.exceptions.ResourceNotFoundException
for other in others:
    assert status(rbin.delete_rule(Identifier=other["Identifier"])) == 204
    refused(missing, 404, "RULE_NOT_FOUND", rbin.get_rule, Identifier=other["Identifier"])
