# What the policy says is published in the same apply.
# plan: travel_organization_policy.guard update
# changes: travel_organization_policy.guard content
# plan: travel_effective_policies.this update
# changes: travel_effective_policies.this tags tags_all triggers

resource "travel_organization_policy" "guard" {
  name    = "guard"
  type    = "SERVICE_CONTROL_POLICY"
  targets = [travel_organizational_unit.workloads.id]

  content = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Deny", Action = "account:CloseAccount", Resource = "*" }]
  })
}

resource "travel_effective_policies" "this" {
  bucket   = travel_bucket.policies.name
  key      = "effective.json"
  triggers = { guard = travel_organization_policy.guard.content, again = "1" }
}
