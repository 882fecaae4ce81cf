# refused: a policy of permissions is about whoever holds it
resource "travel_policy" "object" {
  name = "acceptance-object"

  policy = {
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = "*", Action = ["s3:GetObject"], Resource = "*" }]
  }
}
