"""Calls the operations of the sandbox's Access Analyzer through botocore, and checks what botocore makes of them."""

import botocore.session

REGION = "eu-central-1"
session = botocore.session.get_session()
client = session.create_client("accessanalyzer", region_name=REGION)
organizations = session.create_client("organizations")


def refused(code, operation, **parameters):
    try:
        operation(**parameters)
    except botocore.exceptions.ClientError as error:
        assert error.response["Error"]["Code"] == code, error
        return error.response["Error"]["Message"]
    raise SystemExit(f"not refused: {parameters}")


made = client.create_analyzer(
    analyzerName="external",
    type="ACCOUNT",
    clientToken="one",
    tags={"team": "platform"},
    archiveRules=[{"ruleName": "own", "filter": {"principal.AWS": {"eq": ["111122223333"]}}}],
)
arn = made["arn"]
assert arn.endswith(":analyzer/external"), arn
assert client.create_analyzer(analyzerName="external", type="ACCOUNT", clientToken="one")["arn"] == arn
refused("ConflictException", client.create_analyzer, analyzerName="external", type="ACCOUNT", clientToken="two")
refused("ServiceQuotaExceededException", client.create_analyzer, analyzerName="second", type="ACCOUNT")
for _ in range(3):
    seen = client.get_analyzer(analyzerName="external")["analyzer"]
assert (seen["status"], seen["type"], seen["tags"]) == ("ACTIVE", "ACCOUNT", {"team": "platform"}), seen
assert seen["createdAt"].year == 2026, seen
assert "configuration" not in seen, seen
refused("ResourceNotFoundException", client.get_analyzer, analyzerName="none")
refused("ValidationException", client.update_analyzer, analyzerName="external", configuration={"unusedAccess": {}})

client.create_archive_rule(analyzerName="external", ruleName="public", filter={"isPublic": {"eq": ["false"]}})
refused(
    "ConflictException",
    client.create_archive_rule,
    analyzerName="external",
    ruleName="public",
    filter={"isPublic": {"eq": ["false"]}},
)
refused("ValidationException", client.create_archive_rule, analyzerName="external", ruleName="none", filter={})
refused("ValidationException", client.create_archive_rule, analyzerName="external", ruleName="empty", filter={"a": {}})
client.update_archive_rule(analyzerName="external", ruleName="public", filter={"error": {"exists": True}})
rule = client.get_archive_rule(analyzerName="external", ruleName="public")["archiveRule"]
assert rule["filter"] == {"error": {"exists": True}}, rule
pages = client.get_paginator("list_archive_rules").paginate(
    analyzerName="external", PaginationConfig={"PageSize": 1}
)
names = [rule["ruleName"] for page in pages for rule in page["archiveRules"]]
assert names == ["own", "public"], names
client.apply_archive_rule(analyzerArn=arn, ruleName="public")
refused("ResourceNotFoundException", client.apply_archive_rule, analyzerArn=arn, ruleName="none")
client.delete_archive_rule(analyzerName="external", ruleName="public")
refused("ResourceNotFoundException", client.delete_archive_rule, analyzerName="external", ruleName="public")

client.tag_resource(resourceArn=arn, tags={"team": "security", "more": "yes"})
client.untag_resource(resourceArn=arn, tagKeys=["more"])
assert client.list_tags_for_resource(resourceArn=arn)["tags"] == {"team": "security"}

client.create_analyzer(analyzerName="unused", type="ACCOUNT_UNUSED_ACCESS")
seen = client.get_analyzer(analyzerName="unused")["analyzer"]
assert seen["configuration"]["unusedAccess"]["unusedAccessAge"] == 90, seen
exclusions = [{"resourceTags": [{"team": "robots"}]}]
changed = client.update_analyzer(
    analyzerName="unused", configuration={"unusedAccess": {"analysisRule": {"exclusions": exclusions}}}
)["configuration"]["unusedAccess"]
assert (changed["unusedAccessAge"], changed["analysisRule"]["exclusions"]) == (90, exclusions), changed
refused(
    "ValidationException",
    client.update_analyzer,
    analyzerName="unused",
    configuration={"unusedAccess": {"unusedAccessAge": 30}},
)
refused(
    "ValidationException",
    client.update_analyzer,
    analyzerName="unused",
    configuration={"unusedAccess": {"analysisRule": {"exclusions": [{"accountIds": ["111122223333"]}]}}},
)

message = refused("ValidationException", client.create_analyzer, analyzerName="all", type="ORGANIZATION")
assert "not enabled for AWS Organizations" in message, message
try:
    organizations.create_organization(FeatureSet="ALL")
except organizations.exceptions.AlreadyInOrganizationException:
    pass
organizations.enable_aws_service_access(ServicePrincipal="access-analyzer.amazonaws.com")
client.create_analyzer(analyzerName="all", type="ORGANIZATION")
pages = client.get_paginator("list_analyzers").paginate(PaginationConfig={"PageSize": 1})
names = [analyzer["name"] for page in pages for analyzer in page["analyzers"]]
assert names == ["all", "external", "unused"], names
found = client.list_analyzers(type="ORGANIZATION")["analyzers"]
assert [analyzer["name"] for analyzer in found] == ["all"], found
for name in names:
    client.delete_analyzer(analyzerName=name)
assert client.list_analyzers()["analyzers"] == []
