# What is left out goes back to its default.
# plan: travel_bucket.plain update

resource "travel_bucket" "plain" {
  name = "acceptance-plain"
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
