# refused: a trust policy is about those of sts alone
resource "travel_role" "plain" {
  name = "acceptance-plain"

  trust_policy = {
    Version   = "2012-10-17"
    Statement = { Effect = "Allow", Action = "s3:GetObject", Principal = { Service = "ec2.amazonaws.com" } }
  }
}
