# refresh: 10
# import: travel_role.plain acceptance-plain
# import identity: travel_role.this name=acceptance-this
resource "travel_role" "plain" {
  name = "acceptance-plain"

  trust_policy = {
    Version   = "2012-10-17"
    Statement = { Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }
  }
}

resource "travel_role" "this" {
  name                     = "acceptance-this"
  path                     = "/acceptance/"
  description              = "Acceptance."
  max_session_seconds      = 7200
  permissions_boundary_arn = travel_policy.boundary.arn
  managed_policies         = [travel_policy.read.arn, "arn:aws:iam::aws:policy/ReadOnlyAccess"]
  tags                     = { team = "platform" }

  trust_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { AWS = "111122223333" } }]
  })

  inline_policies = {
    read = {
      Version   = "2012-10-17"
      Statement = { Effect = "Allow", Action = ["s3:ListBucket", "s3:GetObject"], Resource = "*" }
    }
    write = jsonencode({
      Version   = "2012-10-17"
      Statement = [{ Effect = "Allow", Action = "s3:PutObject", Resource = "*" }]
    })
  }
}
