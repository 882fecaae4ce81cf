# What means the same is no change, whichever way it is written.
# plan: nothing
resource "travel_policy" "object" {
  name = "acceptance-object"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Deny", Action = ["S3:*"], Resource = "arn:aws:s3:::secret/*", Condition = { Bool = { "aws:securetransport" = "false" } } },
      { Sid = "Read", Effect = "Allow", Action = ["s3:ListBucket", "s3:GetObject"], Resource = ["*"] },
    ]
  })
}

resource "travel_policy" "text" {
  name        = "text"
  path        = "/acceptance/"
  description = "Acceptance."
  tags        = { team = "platform" }

  policy = {
    Statement = [{ Effect = "Allow", Action = "kms:decrypt", Resource = "*" }]
    Version   = "2012-10-17"
  }
}

output "object" {
  value = travel_policy.object.arn
}
