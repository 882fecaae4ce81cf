# refused: and can have 6144
resource "travel_policy" "object" {
  name = "acceptance-object"

  policy = {
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "s3:GetObject"
      Resource = [for number in range(200) : "arn:aws:s3:::bucket-of-the-acceptance-case-${number}/*"]
    }]
  }
}
