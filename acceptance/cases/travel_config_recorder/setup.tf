# Where it delivers to, once before and once after a change.

locals {
  config = { Service = "config.amazonaws.com" }
}

resource "travel_bucket" "first" {
  name = "acceptance-config"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Principal = local.config, Action = "s3:GetBucketAcl", Resource = "arn:aws:s3:::acceptance-config" },
      { Effect = "Allow", Principal = local.config, Action = "s3:PutObject", Resource = "arn:aws:s3:::acceptance-config/*" },
    ]
  })
}

resource "travel_bucket" "second" {
  name = "acceptance-config-second"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Principal = local.config, Action = "s3:GetBucketAcl", Resource = "arn:aws:s3:::acceptance-config-second" },
      { Effect = "Allow", Principal = local.config, Action = "s3:PutObject", Resource = "arn:aws:s3:::acceptance-config-second/*" },
    ]
  })
}

resource "travel_role" "config" {
  name = "acceptance-config"

  trust_policy = {
    Version   = "2012-10-17"
    Statement = { Effect = "Allow", Principal = local.config, Action = "sts:AssumeRole" }
  }
}
