# plan: travel_policy.object delete create
# plan: travel_policy.text delete create
resource "travel_policy" "object" {
  name        = "acceptance-object"
  description = "IAM cannot change it."
  tags        = { team = "security" }

  policy = {
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["s3:GetObject"], Resource = "*" }]
  }
}

resource "travel_policy" "text" {
  name        = "text"
  path        = "/acceptance/other/"
  description = "Acceptance."

  policy = {
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "kms:Decrypt", Resource = "*" }]
  }
}
