# refused: All inline policies together have
resource "travel_role" "plain" {
  name = "acceptance-plain"

  trust_policy = {
    Version   = "2012-10-17"
    Statement = { Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }
  }

  inline_policies = {
    for name in ["one", "two"] : name => {
      Version = "2012-10-17"
      Statement = {
        Effect   = "Allow"
        Action   = "s3:GetObject"
        Resource = [for number in range(120) : "arn:aws:s3:::bucket-of-the-acceptance-case-${number}/*"]
      }
    }
  }
}
