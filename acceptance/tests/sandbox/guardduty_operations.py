"""Calls the operations of the sandbox's GuardDuty through botocore, and checks what botocore makes of them."""

import time

import botocore.session

REGION = "eu-central-1"
session = botocore.session.get_session()
management = session.create_client("guardduty", region_name=REGION)
organizations = session.create_client("organizations")


def refused(operation, **parameters):
    try:
        operation(**parameters)
    except management.exceptions.BadRequestException:
        return
    except botocore.exceptions.ClientError as error:
        if error.response["Error"]["Code"] == "BadRequestException":
            return
        raise
    raise SystemExit(f"not refused: {parameters}")


def member(name):
    asked = organizations.create_account(AccountName=name, Email=f"{name}@example.com")
    for _ in range(100):
        status = organizations.describe_create_account_status(
            CreateAccountRequestId=asked["CreateAccountStatus"]["Id"]
        )["CreateAccountStatus"]
        if status["State"] == "SUCCEEDED":
            return status["AccountId"]
        time.sleep(0.05)
    raise SystemExit(f"no account {name}: {status}")


try:
    organizations.create_organization(FeatureSet="ALL")
except organizations.exceptions.AlreadyInOrganizationException:
    pass
security, other = member("security"), member("other")
role = f"arn:aws:iam::{security}:role/OrganizationAccountAccessRole"
keys = session.create_client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
administrator = session.create_client(
    "guardduty",
    region_name=REGION,
    aws_access_key_id=keys["AccessKeyId"],
    aws_secret_access_key=keys["SecretAccessKey"],
    aws_session_token=keys["SessionToken"],
)

made = management.create_detector(
    Enable=True,
    ClientToken="one",
    FindingPublishingFrequency="ONE_HOUR",
    Features=[
        {
            "Name": "RUNTIME_MONITORING",
            "Status": "ENABLED",
            "AdditionalConfiguration": [{"Name": "EKS_ADDON_MANAGEMENT", "Status": "ENABLED"}],
        }
    ],
    Tags={"team": "security"},
)["DetectorId"]
refused(management.create_detector, Enable=True)
detector = management.get_detector(DetectorId=made)
assert detector["FindingPublishingFrequency"] == "ONE_HOUR" and detector["Tags"] == {"team": "security"}
[runtime] = [it for it in detector["Features"] if it["Name"] == "RUNTIME_MONITORING"]
assert {"Name": "EKS_ADDON_MANAGEMENT", "Status": "ENABLED"} in runtime["AdditionalConfiguration"]
assert management.list_detectors()["DetectorIds"] == [made]
management.update_detector(DetectorId=made, Enable=False)
assert management.get_detector(DetectorId=made)["Status"] == "DISABLED"
refused(administrator.get_detector, DetectorId=made)

arn = f"arn:aws:guardduty:{REGION}:{session.create_client('sts').get_caller_identity()['Account']}:detector/{made}"
management.tag_resource(ResourceArn=arn, Tags={"a": "b"})
management.untag_resource(ResourceArn=arn, TagKeys=["team"])
assert management.list_tags_for_resource(ResourceArn=arn)["Tags"] == {"a": "b"}

properties = {
    "DestinationArn": "arn:aws:s3:::findings",
    "KmsKeyArn": f"arn:aws:kms:{REGION}:{security}:key/one",
}
here = {"DetectorId": made}
asked = {"DestinationType": "S3", "DestinationProperties": properties, "ClientToken": "two"}
destination = management.create_publishing_destination(**here, **asked)["DestinationId"]
assert management.create_publishing_destination(**here, **asked)["DestinationId"] == destination
refused(management.create_publishing_destination, **here, **{**asked, "ClientToken": "three"})
there = {**here, "DestinationId": destination}
statuses = [management.describe_publishing_destination(**there)["Status"] for _ in range(2)]
assert statuses == ["PENDING_VERIFICATION", "PUBLISHING"], statuses
properties = {**properties, "DestinationArn": "arn:aws:s3:::others"}
management.update_publishing_destination(**there, DestinationProperties=properties)
shown = management.describe_publishing_destination(**there)
assert shown["DestinationProperties"] == properties, shown
assert len(management.list_publishing_destinations(**here)["Destinations"]) == 1
management.delete_publishing_destination(**there)
refused(management.delete_publishing_destination, **there)

refused(administrator.enable_organization_admin_account, AdminAccountId=security)
management.enable_organization_admin_account(AdminAccountId=security)
refused(management.enable_organization_admin_account, AdminAccountId=other)
[admin] = management.list_organization_admin_accounts()["AdminAccounts"]
assert admin["AdminAccountId"] == security
[own] = administrator.list_detectors()["DetectorIds"]
own = {"DetectorId": own}
refused(management.describe_organization_configuration, **here)
assert administrator.describe_organization_configuration(**own)["AutoEnableOrganizationMembers"] == "NONE"
administrator.update_organization_configuration(
    **own,
    AutoEnableOrganizationMembers="ALL",
    Features=[{"Name": "S3_DATA_EVENTS", "AutoEnable": "NEW"}],
)
features = administrator.describe_organization_configuration(**own)["Features"]
assert {"Name": "S3_DATA_EVENTS", "AutoEnable": "NEW"}.items() <= next(
    it for it in features if it["Name"] == "S3_DATA_EVENTS"
).items()
[enrolled] = administrator.list_members(**own)["Members"]
assert enrolled["AccountId"] == other and enrolled["RelationshipStatus"] == "Enabled"
refused(administrator.delete_detector, **own)
refused(administrator.disassociate_members, **own, AccountIds=[other])
administrator.update_organization_configuration(**own, AutoEnableOrganizationMembers="NEW")
left = administrator.delete_members(**own, AccountIds=[other])["UnprocessedAccounts"]
assert left[0]["AccountId"] == other
assert administrator.disassociate_members(**own, AccountIds=[other])["UnprocessedAccounts"] == []
assert administrator.list_members(**own)["Members"] == []
assert len(administrator.list_members(**own, OnlyAssociated="false")["Members"]) == 1
assert administrator.delete_members(**own, AccountIds=[other])["UnprocessedAccounts"] == []
administrator.delete_detector(**own)
management.disable_organization_admin_account(AdminAccountId=security)
refused(management.disable_organization_admin_account, AdminAccountId=security)
management.delete_detector(**here)
assert management.list_detectors()["DetectorIds"] == []
