# refresh: 4
# import: travel_policy.text /acceptance/text
# import identity: travel_policy.object path=/ name=acceptance-object
resource "travel_policy" "object" {
  name = "acceptance-object"

  policy = {
    Version = "2012-10-17"
    Statement = [
      { Sid = "Read", Effect = "Allow", Action = ["s3:GetObject", "s3:ListBucket"], Resource = "*" },
      { Effect = "Deny", Action = "s3:*", Resource = "arn:aws:s3:::secret/*", Condition = { Bool = { "aws:SecureTransport" = "false" } } },
    ]
  }
}

resource "travel_policy" "text" {
  name        = "text"
  path        = "/acceptance/"
  description = "Acceptance."
  tags        = { team = "platform" }

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = { Effect = "Allow", Action = "kms:Decrypt", Resource = "*" }
  })
}

output "object" {
  value = travel_policy.object.arn
}
