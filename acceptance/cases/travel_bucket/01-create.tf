# refresh: 40

resource "travel_bucket" "plain" {
  name = "acceptance-plain"
  tags = { team = "platform" }
}

resource "travel_bucket" "copies" {
  name       = "acceptance-copies"
  versioning = true
}

resource "travel_bucket" "full" {
  name              = "acceptance-full"
  versioning        = true
  encryption        = "aws:kms"
  kms_key           = travel_kms_key.buckets.arn
  bucket_key        = true
  object_lock       = true
  default_retention = { mode = "GOVERNANCE", days = 7 }
  force_destroy     = true
  logging           = { bucket = travel_bucket.copies.name, prefix = "full/" }
  replication_role  = "arn:aws:iam::${travel_kms_key.buckets.account_id}:role/replication"
  event_bridge      = true

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = ["arn:aws:s3:::acceptance-full", "arn:aws:s3:::acceptance-full/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })

  lifecycle_rules = {
    archive = {
      prefix                     = "logs/"
      tags                       = { keep = "no" }
      transitions                = { STANDARD_IA = 30, GLACIER = 90 }
      expiration_days            = 365
      noncurrent_transitions     = { GLACIER = 30 }
      noncurrent_expiration_days = 90
      noncurrent_versions_kept   = 3
    }
    uploads = { abort_uploads_days = 7 }
  }

  replication_rules = {
    all = { priority = 1, destination = travel_bucket.copies.arn, storage_class = "STANDARD_IA" }
  }

  notices = {
    queue = {
      destination = "arn:aws:sqs:eu-central-1:${travel_kms_key.buckets.account_id}:acceptance-bucket"
      events      = ["s3:ObjectCreated:*"]
      prefix      = "in/"
      suffix      = ".json"
    }
  }
}
