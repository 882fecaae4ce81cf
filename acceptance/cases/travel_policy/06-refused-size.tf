# refused: and can have 6144
locals {
  word = "of-a-very-long-name-"
  line = "${local.word}${local.word}${local.word}${local.word}${local.word}"
  text = "${local.line}${local.line}${local.line}${local.line}${local.line}"
  name = "${local.text}${local.text}${local.text}${local.text}${local.text}"
}

resource "travel_policy" "object" {
  name = "acceptance-object"

  policy = {
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "s3:GetObject"
      Resource = ["arn:aws:s3:::a/${local.name}", "arn:aws:s3:::b/${local.name}", "arn:aws:s3:::c/${local.name}"]
    }]
  }
}
