# Of the trust policy only the words are others.
# plan: travel_role.plain update
# changes: travel_role.plain description inline_policies permissions_boundary_arn
# plan: travel_role.this update
# changes: travel_role.this inline_policies managed_policies max_session_seconds permissions_boundary_arn tags tags_all
resource "travel_role" "plain" {
  name                     = "acceptance-plain"
  description              = "Plain."
  permissions_boundary_arn = travel_policy.boundary.arn

  trust_policy = {
    Version   = "2012-10-17"
    Statement = { Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }
  }

  inline_policies = {
    read = {
      Version   = "2012-10-17"
      Statement = { Effect = "Allow", Action = "s3:GetObject", Resource = "*" }
    }
  }
}

resource "travel_role" "this" {
  name             = "acceptance-this"
  path             = "/acceptance/"
  description      = "Acceptance."
  managed_policies = [travel_policy.read.arn, "arn:aws:iam::aws:policy/AmazonSQSReadOnlyAccess"]
  tags             = { team = "security" }

  trust_policy = {
    Version   = "2012-10-17"
    Statement = { Effect = "Allow", Action = ["sts:assumeRole"], Principal = { AWS = ["arn:aws:iam::111122223333:root"] } }
  }

  inline_policies = {
    read = jsonencode({
      Version   = "2012-10-17"
      Statement = { Effect = "Allow", Action = ["s3:GetObject"], Resource = "*" }
    })
    list = {
      Version   = "2012-10-17"
      Statement = { Effect = "Allow", Action = "s3:ListBucket", Resource = "*" }
    }
  }
}
