# Another name means another set.
# plan: travel_permission_set.operator delete create

resource "travel_permission_set" "reader" {
  name            = "reader"
  description     = "Who may look."
  session_minutes = 60
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
  name             = "keeper"
  description      = "Who keeps the platform."
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
