# Which there are to be is said here only.
# no drift: name principal_id principal_type accounts permission_sets instance_arn
# There is one account here.
# no update: accounts
# drift: travel_account_assignments.this assignments by sso-admin DeleteAccountAssignment {"InstanceArn": "${instance}", "PermissionSetArn": "${reader}", "TargetId": "111122223333", "TargetType": "AWS_ACCOUNT", "PrincipalType": "GROUP", "PrincipalId": "${group}"}
# drift: travel_account_assignments.one create by sso-admin DeleteAccountAssignment {"InstanceArn": "${instance}", "PermissionSetArn": "${reader}", "TargetId": "111122223333", "TargetType": "AWS_ACCOUNT", "PrincipalType": "USER", "PrincipalId": "${user}"}
# drift: travel_account_assignments.one nothing by sso-admin CreateAccountAssignment {"InstanceArn": "${instance}", "PermissionSetArn": "${operator}", "TargetId": "111122223333", "TargetType": "AWS_ACCOUNT", "PrincipalType": "USER", "PrincipalId": "${user}"}

resource "travel_account_assignments" "this" {
  name            = "acceptance"
  principal_id    = travel_identity_group.platform.group_id
  accounts        = ["111122223333"]
  permission_sets = [travel_permission_set.reader.arn, travel_permission_set.operator.arn]
}

resource "travel_account_assignments" "one" {
  name            = "one"
  principal_id    = travel_identity_user.ada.user_id
  principal_type  = "USER"
  accounts        = ["111122223333"]
  permission_sets = [travel_permission_set.reader.arn]
}

output "instance" {
  value = travel_permission_set.reader.instance_arn
}

output "reader" {
  value = travel_permission_set.reader.arn
}

output "operator" {
  value = travel_permission_set.operator.arn
}

output "group" {
  value = travel_identity_group.platform.group_id
}

output "user" {
  value = travel_identity_user.ada.user_id
}
