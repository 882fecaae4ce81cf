# plan: travel_bucket.plain update
# changes: travel_bucket.plain block_public_acls block_public_policy bucket_key encryption event_bridge ignore_public_acls kms_key lifecycle_rules logging minimum_transition_size notices object_ownership policy restrict_public_buckets tags tags_all versioning
# plan: travel_bucket.full update
# changes: travel_bucket.full default_retention event_bridge lifecycle_rules logging notices policy replication_role replication_rules
# import: travel_bucket.plain acceptance-plain
# import: travel_bucket.plain eu-central-1/acceptance-plain
# import identity: travel_bucket.plain region=eu-central-1 name=acceptance-plain

resource "travel_bucket" "plain" {
  name                    = "acceptance-plain"
  tags                    = { team = "security" }
  versioning              = true
  encryption              = "aws:kms"
  kms_key                 = "alias/aws/s3"
  bucket_key              = true
  block_public_acls       = false
  block_public_policy     = false
  ignore_public_acls      = false
  restrict_public_buckets = false
  object_ownership        = "BucketOwnerPreferred"
  event_bridge            = true
  minimum_transition_size = "varies_by_storage_class"
  logging                 = { bucket = travel_bucket.copies.name, prefix = "" }

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = {
      Effect    = "Allow"
      Principal = { AWS = travel_kms_key.buckets.account_id }
      Action    = "s3:GetObject"
      Resource  = "arn:aws:s3:::acceptance-plain/*"
    }
  })

  lifecycle_rules = {
    small = { smaller_than_bytes = 1000000, larger_than_bytes = 10, transitions = { GLACIER_IR = 1 } }
    old   = { enabled = false, noncurrent_expiration_days = 30, remove_lone_delete_markers = true }
  }

  notices = {
    queue = {
      destination = "arn:aws:sqs:eu-central-1:${travel_kms_key.buckets.account_id}:acceptance-bucket"
      events      = ["s3:ObjectRemoved:*", "s3:ObjectCreated:*"]
    }
  }
}

resource "travel_bucket" "copies" {
  name       = "acceptance-copies"
  versioning = true
}

resource "travel_bucket" "full" {
  name          = "acceptance-full"
  versioning    = true
  encryption    = "aws:kms"
  kms_key       = travel_kms_key.buckets.arn
  bucket_key    = true
  object_lock   = true
  force_destroy = true
}
