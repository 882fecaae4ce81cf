# refused: the service control policy is too long

resource "travel_organization_policy" "tags" {
  name    = "tags"
  type    = "SERVICE_CONTROL_POLICY"
  targets = [travel_organizational_unit.sandbox.id]

  content = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Deny"
      Action   = "s3:*"
      Resource = [for number in range(300) : format("arn:aws:s3:::bucket-of-a-long-name-%04d", number)]
    }]
  })
}
