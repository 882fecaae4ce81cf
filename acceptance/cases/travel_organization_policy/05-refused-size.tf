# refused: the service control policy is too long

resource "travel_organization_policy" "tags" {
  name         = "tags"
  type         = "SERVICE_CONTROL_POLICY"
  targets      = [travel_organizational_unit.sandbox.id]
  maximum_size = 60

  content = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Deny", Action = "ec2:*", Resource = "*" }]
  })
}
