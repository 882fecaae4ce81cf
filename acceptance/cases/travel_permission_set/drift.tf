# The name cannot be changed, nor the instance.
# no drift: name instance_arn
# drift: travel_permission_set.this description session_minutes relay_state provisioned by sso-admin UpdatePermissionSet {"InstanceArn": "${instance}", "PermissionSetArn": "${set}", "Description": "Theirs.", "SessionDuration": "PT2H"}
# drift: travel_permission_set.this managed_policies provisioned by sso-admin AttachManagedPolicyToPermissionSet {"InstanceArn": "${instance}", "PermissionSetArn": "${set}", "ManagedPolicyArn": "arn:aws:iam::aws:policy/PowerUserAccess"}
# drift: travel_permission_set.this managed_policies provisioned by sso-admin DetachManagedPolicyFromPermissionSet {"InstanceArn": "${instance}", "PermissionSetArn": "${set}", "ManagedPolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}
# drift: travel_permission_set.this customer_managed_policies provisioned by sso-admin DetachCustomerManagedPolicyReferenceFromPermissionSet {"InstanceArn": "${instance}", "PermissionSetArn": "${set}", "CustomerManagedPolicyReference": {"Name": "operations", "Path": "/"}}
# drift: travel_permission_set.this inline_policy provisioned by sso-admin DeleteInlinePolicyFromPermissionSet {"InstanceArn": "${instance}", "PermissionSetArn": "${set}"}
# drift: travel_permission_set.this permissions_boundary provisioned by sso-admin PutPermissionsBoundaryToPermissionSet {"InstanceArn": "${instance}", "PermissionSetArn": "${set}", "PermissionsBoundary": {"ManagedPolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}}
# drift: travel_permission_set.this tags tags_all by sso-admin TagResource {"InstanceArn": "${instance}", "ResourceArn": "${set}", "Tags": [{"Key": "team", "Value": "theirs"}]}
# drift: travel_permission_set.this tags_all by sso-admin UntagResource {"InstanceArn": "${instance}", "ResourceArn": "${set}", "TagKeys": ["environment"]}
# drift: travel_permission_set.free create by sso-admin DeletePermissionSet {"InstanceArn": "${instance}", "PermissionSetArn": "${free}"}

resource "travel_permission_set" "this" {
  name                      = "acceptance"
  description               = "Acceptance."
  relay_state               = "https://console.aws.amazon.com/"
  managed_policies          = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]
  customer_managed_policies = [{ name = "operations" }]
  inline_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Deny", Action = "s3:GetObject", Resource = "*" }]
  })
  permissions_boundary = { customer_managed_policy = { name = "boundary" } }
  tags                 = { team = "platform" }
}

resource "travel_permission_set" "free" {
  name = "free"
}

resource "travel_identity_group" "this" {
  name = "acceptance"
}

resource "travel_account_assignments" "this" {
  name            = "acceptance"
  principal_id    = travel_identity_group.this.group_id
  accounts        = ["111122223333"]
  permission_sets = [travel_permission_set.this.arn]
}

output "instance" {
  value = travel_permission_set.this.instance_arn
}

output "set" {
  value = travel_permission_set.this.arn
}

output "free" {
  value = travel_permission_set.free.arn
}
