# A rule needs a recorder, and that a bucket.

locals {
  config = { Service = "config.amazonaws.com" }
}

resource "travel_bucket" "this" {
  name = "acceptance-config-rule"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Principal = local.config, Action = "s3:GetBucketAcl", Resource = "arn:aws:s3:::acceptance-config-rule" },
      { Effect = "Allow", Principal = local.config, Action = "s3:PutObject", Resource = "arn:aws:s3:::acceptance-config-rule/*" },
    ]
  })
}

resource "travel_config_recorder" "this" {
  delivery = { bucket = travel_bucket.this.name }
}
