"""Calls the operations of policies, administrators and contacts through botocore, and checks what it makes of the
answers. Works in the management account of an organization that is there already."""

import json

import botocore.session

session = botocore.session.get_session()
organizations = session.create_client("organizations")
account = session.create_client("account")


def refused(client, code, operation, reason=None, **parameters):
    try:
        operation(**parameters)
    except client.exceptions.ClientError as error:
        assert error.response["Error"]["Code"] == code, error.response
        assert reason is None or error.response["Reason"] == reason, error.response
        return
    raise SystemExit(f"not refused: {parameters}")


root = organizations.list_roots()["Roots"][0]["Id"]
organizations.enable_policy_type(RootId=root, PolicyType="SERVICE_CONTROL_POLICY")
unit = organizations.create_organizational_unit(ParentId=root, Name="policies")["OrganizationalUnit"]["Id"]
statement = {"Effect": "Deny", "Action": "organizations:LeaveOrganization", "Resource": "*"}
content = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
made = organizations.create_policy(
    Name="guard", Type="SERVICE_CONTROL_POLICY", Description="", Content=content, Tags=[{"Key": "a", "Value": "1"}]
)["Policy"]
policy = made["PolicySummary"]["Id"]
assert made["Content"] == content and not made["PolicySummary"]["AwsManaged"], made
assert organizations.describe_policy(PolicyId=policy)["Policy"] == made
changed = organizations.update_policy(PolicyId=policy, Name="guardrail")["Policy"]
assert changed["PolicySummary"]["Name"] == "guardrail", changed
listed = organizations.list_policies(Filter="SERVICE_CONTROL_POLICY")["Policies"]
assert {it["Name"] for it in listed} == {"FullAWSAccess", "guardrail"}, listed

organizations.attach_policy(PolicyId=policy, TargetId=unit)
refused(
    organizations, "DuplicatePolicyAttachmentException", organizations.attach_policy, PolicyId=policy, TargetId=unit
)
refused(organizations, "TargetNotFoundException", organizations.attach_policy, PolicyId=policy, TargetId="r-none")
targets = organizations.list_targets_for_policy(PolicyId=policy)["Targets"]
assert [(it["TargetId"], it["Type"]) for it in targets] == [(unit, "ORGANIZATIONAL_UNIT")], targets
of_unit = organizations.list_policies_for_target(TargetId=unit, Filter="SERVICE_CONTROL_POLICY")["Policies"]
assert {it["Name"] for it in of_unit} == {"FullAWSAccess", "guardrail"}, of_unit
refused(organizations, "PolicyInUseException", organizations.delete_policy, PolicyId=policy)
organizations.detach_policy(PolicyId="p-FullAWSAccess", TargetId=unit)
refused(
    organizations,
    "ConstraintViolationException",
    organizations.detach_policy,
    "MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED",
    PolicyId=policy,
    TargetId=unit,
)
organizations.attach_policy(PolicyId="p-FullAWSAccess", TargetId=unit)
organizations.detach_policy(PolicyId=policy, TargetId=unit)
refused(organizations, "PolicyNotAttachedException", organizations.detach_policy, PolicyId=policy, TargetId=unit)
organizations.tag_resource(ResourceId=policy, Tags=[{"Key": "b", "Value": "2"}])
organizations.untag_resource(ResourceId=policy, TagKeys=["a"])
assert organizations.list_tags_for_resource(ResourceId=policy)["Tags"] == [{"Key": "b", "Value": "2"}]
organizations.delete_policy(PolicyId=policy)
refused(organizations, "PolicyNotFoundException", organizations.describe_policy, PolicyId=policy)

own = account.get_contact_information()["ContactInformation"]
account.put_contact_information(ContactInformation={**own, "City": "Berlin"})
assert account.get_contact_information()["ContactInformation"]["City"] == "Berlin"
kind = {"AlternateContactType": "SECURITY"}
refused(account, "ResourceNotFoundException", account.get_alternate_contact, **kind)
contact = {"Name": "A", "Title": "B", "EmailAddress": "a@example.com", "PhoneNumber": "+49 30 1", **kind}
account.put_alternate_contact(**contact)
assert account.get_alternate_contact(**kind)["AlternateContact"] == contact
account.delete_alternate_contact(**kind)
refused(account, "AccessDeniedException", account.get_contact_information, AccountId="999999999999")

quotas = session.create_client("service-quotas", region_name="us-east-1")
assert quotas.list_service_quotas(ServiceCode="organizations")["Quotas"][0]["Value"] == 10.0
