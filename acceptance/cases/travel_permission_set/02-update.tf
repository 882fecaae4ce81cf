# refresh: 16
# plan: travel_permission_set.reader update
# changes: travel_permission_set.reader description inline_policy managed_policies permissions_boundary tags tags_all
# plan: travel_permission_set.operator update
# changes: travel_permission_set.operator customer_managed_policies inline_policy managed_policies permissions_boundary relay_state session_minutes

resource "travel_permission_set" "reader" {
  name        = "reader"
  description = "Who may look."
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
