# Only the configuration knows why it is published anew.
# no drift: triggers
# no update: is_current
# drift: travel_effective_policies.this is_current tags tags_all by s3 PUT /acceptance-policies/effective.json {}
# drift: travel_effective_policies.this tags tags_all by s3 DELETE /acceptance-policies/effective.json?tagging
# drift: travel_effective_policies.this create by s3 DELETE /acceptance-policies/effective.json

resource "travel_effective_policies" "this" {
  bucket = travel_bucket.policies.name
  key    = "effective.json"
  tags   = { team = "platform" }
}
