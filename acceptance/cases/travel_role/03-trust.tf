# plan: travel_role.plain update
# changes: travel_role.plain inline_policies trust_policy
# plan: travel_role.this update
# changes: travel_role.this inline_policies managed_policies tags tags_all
resource "travel_role" "plain" {
  name                     = "acceptance-plain"
  description              = "Plain."
  permissions_boundary_arn = travel_policy.boundary.arn

  trust_policy = {
    Version   = "2012-10-17"
    Statement = { Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }
  }
}

resource "travel_role" "this" {
  name        = "acceptance-this"
  path        = "/acceptance/"
  description = "Acceptance."

  trust_policy = {
    Version   = "2012-10-17"
    Statement = { Effect = "Allow", Action = "sts:AssumeRole", Principal = { AWS = "111122223333" } }
  }
}
