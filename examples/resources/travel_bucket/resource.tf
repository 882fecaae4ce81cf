resource "travel_kms_key" "records" {
  name = "records"
}

# Records that nobody can remove for a year, and that become cheaper with time.
resource "travel_bucket" "records" {
  name       = "example-records-eu-central-1"
  versioning = true
  encryption = "aws:kms"
  kms_key    = travel_kms_key.records.arn
  bucket_key = true

  object_lock       = true
  default_retention = { mode = "GOVERNANCE", days = 365 }

  lifecycle_rules = {
    archive = {
      transitions                = { GLACIER = 90 }
      noncurrent_expiration_days = 400
    }
    uploads = { abort_uploads_days = 7 }
  }

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "OnlyEncryptedConnections"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource = [
        "arn:aws:s3:::example-records-eu-central-1",
        "arn:aws:s3:::example-records-eu-central-1/*",
      ]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}

# What may go with the environment: a destroy removes all that is in it.
resource "travel_bucket" "scratch" {
  name          = "example-scratch-eu-central-1"
  force_destroy = true

  lifecycle_rules = {
    short = { expiration_days = 7 }
  }
}
