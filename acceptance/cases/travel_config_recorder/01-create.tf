# Two buckets and a role, and the recorder.
# refresh: 40
# import: travel_config_recorder.this default

resource "travel_config_recorder" "this" {
  delivery = { bucket = travel_bucket.first.name }
  tags     = { team = "security" }
}
