# Somebody has it in an account: what changes now has to get there.
# plan: travel_permission_set.reader update
# changes: travel_permission_set.reader session_minutes
# plan: travel_account_assignments.reader create
# plan: travel_identity_group.readers create

resource "travel_permission_set" "reader" {
  name            = "reader"
  description     = "Who may look."
  session_minutes = 120
  managed_policies = [
    "arn:aws:iam::aws:policy/SecurityAudit",
    "arn:aws:iam::aws:policy/job-function/ViewOnlyAccess",
  ]
  inline_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Deny", Action = "s3:GetObject", Resource = "*" }]
  })
  permissions_boundary = { managed_policy = "arn:aws:iam::aws:policy/ReadOnlyAccess" }
  tags                 = { team = "security" }
}

resource "travel_permission_set" "operator" {
  name             = "operator"
  description      = "Who runs the platform."
  session_minutes  = 90
  managed_policies = ["arn:aws:iam::aws:policy/job-function/SystemAdministrator"]
  customer_managed_policies = [
    { name = "operations", path = "/travel/" },
  ]
}

resource "travel_identity_group" "readers" {
  name = "readers"
}

resource "travel_account_assignments" "reader" {
  name            = "readers"
  principal_id    = travel_identity_group.readers.group_id
  accounts        = ["111122223333"]
  permission_sets = [travel_permission_set.reader.arn]
}
