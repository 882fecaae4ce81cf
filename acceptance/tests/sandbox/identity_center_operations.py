"""Calls the operations of the sandbox's Identity Center through botocore, and checks what botocore makes of them."""

import time

import botocore.session

session = botocore.session.get_session()
sso = session.create_client("sso-admin")
store = session.create_client("identitystore")


def refused(client, code, operation, **parameters):
    try:
        operation(**parameters)
    except getattr(client.exceptions, code):
        return
    raise SystemExit(f"not refused as {code}: {parameters}")


def finished(operation, member, **parameters):
    for _ in range(50):
        status = operation(**parameters)[member]
        if status["Status"] != "IN_PROGRESS":
            return status
        time.sleep(0.05)
    raise SystemExit(f"does not end: {parameters}")


[instance] = sso.list_instances()["Instances"]
arn, store_id = instance["InstanceArn"], instance["IdentityStoreId"]
here, there = {"InstanceArn": arn}, {"IdentityStoreId": store_id}

user = store.create_user(
    **there,
    UserName="jo",
    DisplayName="Jo Doe",
    Name={"GivenName": "Jo", "FamilyName": "Doe"},
    Emails=[{"Value": "jo@example.com", "Primary": True}],
)["UserId"]
refused(store, "ConflictException", store.create_user, **there, UserName="JO")
jo = {"UniqueAttribute": {"AttributePath": "userName", "AttributeValue": "jo"}}
assert store.get_user_id(**there, AlternateIdentifier=jo)["UserId"] == user
changes = [{"AttributePath": "title", "AttributeValue": "Engineer"}]
store.update_user(**there, UserId=user, Operations=changes)
shown = store.describe_user(**there, UserId=user)
assert (shown["Title"], shown["Emails"][0]["Value"]) == ("Engineer", "jo@example.com"), shown
assert [it["UserName"] for it in store.list_users(**there)["Users"]] == ["jo"]

group = store.create_group(**there, DisplayName="platform", Description="x")["GroupId"]
changes = [{"AttributePath": "description"}, {"AttributePath": "displayName", "AttributeValue": "team"}]
store.update_group(**there, GroupId=group, Operations=changes)
shown = store.describe_group(**there, GroupId=group)
assert shown["DisplayName"] == "team" and "Description" not in shown, shown
assert len(store.list_groups(**there)["Groups"]) == 1
team = {"UniqueAttribute": {"AttributePath": "displayName", "AttributeValue": "team"}}
assert store.get_group_id(**there, AlternateIdentifier=team)["GroupId"] == group
member = {"GroupId": group, "MemberId": {"UserId": user}}
made = store.create_group_membership(**there, **member)["MembershipId"]
refused(store, "ConflictException", store.create_group_membership, **there, **member)
assert store.get_group_membership_id(**there, **member)["MembershipId"] == made
assert len(store.list_group_memberships(**there, GroupId=group)["GroupMemberships"]) == 1
store.delete_group_membership(**there, MembershipId=made)

tags = [{"Key": "a", "Value": "1"}]
made = sso.create_permission_set(**here, Name="reader", Tags=tags)["PermissionSet"]
assert made["SessionDuration"] == "PT1H", made
of = {**here, "PermissionSetArn": made["PermissionSetArn"]}
refused(sso, "ConflictException", sso.create_permission_set, **here, Name="reader")
sso.update_permission_set(**of, Description="x", RelayState="https://example.com")
sso.update_permission_set(**of, Description="y")
shown = sso.describe_permission_set(**of)["PermissionSet"]
assert shown["Description"] == "y" and "RelayState" not in shown, shown
policy = {"ManagedPolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}
sso.attach_managed_policy_to_permission_set(**of, **policy)
refused(sso, "ConflictException", sso.attach_managed_policy_to_permission_set, **of, **policy)
assert len(sso.list_managed_policies_in_permission_set(**of)["AttachedManagedPolicies"]) == 1
sso.detach_managed_policy_from_permission_set(**of, **policy)
own = {"CustomerManagedPolicyReference": {"Name": "own", "Path": "/"}}
sso.attach_customer_managed_policy_reference_to_permission_set(**of, **own)
listed = sso.list_customer_managed_policy_references_in_permission_set(**of)
assert listed["CustomerManagedPolicyReferences"] == [own["CustomerManagedPolicyReference"]], listed
sso.detach_customer_managed_policy_reference_from_permission_set(**of, **own)
sso.put_inline_policy_to_permission_set(**of, InlinePolicy='{"Statement":[]}')
assert sso.get_inline_policy_for_permission_set(**of)["InlinePolicy"] == '{"Statement":[]}'
sso.delete_inline_policy_from_permission_set(**of)
refused(sso, "ResourceNotFoundException", sso.get_permissions_boundary_for_permission_set, **of)
sso.put_permissions_boundary_to_permission_set(**of, PermissionsBoundary=policy)
assert sso.get_permissions_boundary_for_permission_set(**of)["PermissionsBoundary"] == policy
sso.delete_permissions_boundary_from_permission_set(**of)
tagged = {**here, "ResourceArn": made["PermissionSetArn"]}
sso.tag_resource(**tagged, Tags=[{"Key": "b", "Value": "2"}])
sso.untag_resource(**tagged, TagKeys=["a"])
assert sso.list_tags_for_resource(**tagged)["Tags"] == [{"Key": "b", "Value": "2"}]
assert sso.list_permission_sets(**here)["PermissionSets"] == [made["PermissionSetArn"]]

account = instance["OwnerAccountId"]
target = {"TargetId": account, "TargetType": "AWS_ACCOUNT", "PrincipalType": "GROUP", "PrincipalId": group}
asked = sso.create_account_assignment(**of, **target)["AccountAssignmentCreationStatus"]
refused(sso, "ConflictException", sso.create_account_assignment, **of, **target)
described = finished(
    sso.describe_account_assignment_creation_status,
    "AccountAssignmentCreationStatus",
    **here,
    AccountAssignmentCreationRequestId=asked["RequestId"],
)
assert described["Status"] == "SUCCEEDED", described
assert len(sso.list_account_assignments(**of, AccountId=account)["AccountAssignments"]) == 1
whose = {"PrincipalId": group, "PrincipalType": "GROUP"}
assert len(sso.list_account_assignments_for_principal(**here, **whose)["AccountAssignments"]) == 1
assert sso.list_permission_sets_provisioned_to_account(**here, AccountId=account)["PermissionSets"]
refused(sso, "ConflictException", sso.delete_permission_set, **of)

sso.update_permission_set(**of, Description="z")
behind = {**of, "ProvisioningStatus": "LATEST_PERMISSION_SET_NOT_PROVISIONED"}
assert sso.list_accounts_for_provisioned_permission_set(**behind)["AccountIds"] == [account]
asked = sso.provision_permission_set(**of, TargetType="ALL_PROVISIONED_ACCOUNTS")
described = finished(
    sso.describe_permission_set_provisioning_status,
    "PermissionSetProvisioningStatus",
    **here,
    ProvisionPermissionSetRequestId=asked["PermissionSetProvisioningStatus"]["RequestId"],
)
assert described["Status"] == "SUCCEEDED", described
assert sso.list_accounts_for_provisioned_permission_set(**behind)["AccountIds"] == []

for expected in ("SUCCEEDED", "FAILED"):
    asked = sso.delete_account_assignment(**of, **target)["AccountAssignmentDeletionStatus"]
    described = finished(
        sso.describe_account_assignment_deletion_status,
        "AccountAssignmentDeletionStatus",
        **here,
        AccountAssignmentDeletionRequestId=asked["RequestId"],
    )
    assert described["Status"] == expected, described
sso.delete_permission_set(**of)
store.delete_group(**there, GroupId=group)
store.delete_user(**there, UserId=user)
refused(store, "ResourceNotFoundException", store.describe_user, **there, UserId=user)
