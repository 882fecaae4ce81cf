# A lock ends with its bucket, and with all that is in it.
# outside: s3 PUT /acceptance-full/one one
# outside: s3 PUT /acceptance-full/one two
# outside: s3 DELETE /acceptance-full/one
# outside: s3 POST /acceptance-full/upload?uploads
# plan: travel_bucket.plain delete create
# plan: travel_bucket.full delete create

resource "travel_bucket" "plain" {
  name = "acceptance-other"
}

resource "travel_bucket" "copies" {
  name       = "acceptance-copies"
  versioning = true
}

resource "travel_bucket" "full" {
  name          = "acceptance-full"
  force_destroy = true
}
