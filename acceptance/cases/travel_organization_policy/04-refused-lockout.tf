# refused: this policy would lock its own management out of ou-

resource "travel_organization_policy" "tags" {
  name    = "tags"
  type    = "SERVICE_CONTROL_POLICY"
  targets = [travel_organizational_unit.sandbox.id]

  content = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Deny", Action = "*", Resource = "*" }]
  })
}
