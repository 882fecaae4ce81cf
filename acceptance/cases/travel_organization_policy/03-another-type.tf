# plan: travel_organization_policy.guard delete
# plan: travel_organization_policy.transport delete
# plan: travel_organization_policy.tags delete create
# plan: travel_organization_policy.backup delete

resource "travel_organization_policy" "tags" {
  name          = "tags"
  type          = "SERVICE_CONTROL_POLICY"
  allow_lockout = true
  targets       = [travel_organizational_unit.sandbox.id]

  content = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Deny", Action = "*", Resource = "*" }]
  })
}
