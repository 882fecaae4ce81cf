# refresh: 45
# import: travel_effective_policies.this acceptance-policies/effective.json triggers
# import identity: travel_effective_policies.this region=eu-central-1 bucket=acceptance-policies key=effective.json triggers

resource "travel_organization_policy" "guard" {
  name    = "guard"
  type    = "SERVICE_CONTROL_POLICY"
  targets = [travel_organizational_unit.workloads.id]

  content = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Deny", Action = "organizations:LeaveOrganization", Resource = "*" }]
  })
}

resource "travel_effective_policies" "this" {
  bucket   = travel_bucket.policies.name
  key      = "effective.json"
  triggers = { guard = travel_organization_policy.guard.content }
  tags     = { team = "platform" }
}
