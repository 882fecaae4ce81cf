# refused: All inline policies together have
locals {
  word = "of-a-very-long-name-"
  line = "${local.word}${local.word}${local.word}${local.word}${local.word}"
  text = "${local.line}${local.line}${local.line}${local.line}${local.line}"
  name = "${local.text}${local.text}${local.text}${local.text}${local.text}"
}

resource "travel_role" "plain" {
  name = "acceptance-plain"

  trust_policy = {
    Version   = "2012-10-17"
    Statement = { Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }
  }

  inline_policies = {
    one = {
      Version   = "2012-10-17"
      Statement = { Effect = "Allow", Action = "s3:*", Resource = ["arn:aws:s3:::a/${local.name}", "arn:aws:s3:::b/${local.name}"] }
    }
    two = {
      Version   = "2012-10-17"
      Statement = { Effect = "Allow", Action = "s3:*", Resource = ["arn:aws:s3:::a/${local.name}", "arn:aws:s3:::b/${local.name}", "arn:aws:s3:::c/${local.name}"] }
    }
  }
}
