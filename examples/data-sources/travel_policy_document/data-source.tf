data "travel_policy_document" "base" {
  statements = [
    {
      sid       = "Read"
      actions   = ["s3:GetObject", "s3:ListBucket"]
      resources = ["arn:aws:s3:::shop", "arn:aws:s3:::shop/*"]
    },
  ]
}

# The same, and nothing over an open line.
data "travel_policy_document" "bucket" {
  kind             = "other"
  source_documents = [data.travel_policy_document.base.json]

  statements = [
    {
      sid        = "OnlyEncrypted"
      effect     = "Deny"
      actions    = ["s3:*"]
      resources  = ["arn:aws:s3:::shop", "arn:aws:s3:::shop/*"]
      principals = { "*" = ["*"] }
      conditions = { Bool = { "aws:SecureTransport" = ["false"] } }
    },
  ]
}

output "bucket_policy" {
  value = data.travel_policy_document.bucket.json
}
