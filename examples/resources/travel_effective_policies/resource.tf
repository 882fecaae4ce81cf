resource "travel_organization" "example" {
  name         = "travelsources"
  policy_types = ["SERVICE_CONTROL_POLICY"]
}

resource "travel_organization_policy" "leaving" {
  name    = "leaving"
  type    = "SERVICE_CONTROL_POLICY"
  targets = [travel_organization.example.root_id]

  content = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Deny", Action = "organizations:LeaveOrganization", Resource = "*" }]
  })
}

resource "travel_bucket" "policies" {
  name = "travelsources-policies"

  # Plans in all accounts of the organization may read what is published.
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = "*"
      Action    = "s3:GetObject"
      Resource  = "arn:aws:s3:::travelsources-policies/effective.json"
      Condition = { StringEquals = { "aws:PrincipalOrgID" = travel_organization.example.id } }
    }]
  })
}

resource "travel_effective_policies" "example" {
  bucket = travel_bucket.policies.name
  key    = "effective.json"

  # A change of a policy is published in the same apply.
  triggers = { leaving = travel_organization_policy.leaving.content }
}
