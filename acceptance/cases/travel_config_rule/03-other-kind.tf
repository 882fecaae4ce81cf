# What judges by something else is another rule; the others lose what they had.
# plan: travel_config_rule.managed update
# changes: travel_config_rule.managed description frequency managed parameters scope tags tags_all
# plan: travel_config_rule.function delete create
# plan: travel_config_rule.policy delete

resource "travel_config_rule" "managed" {
  name    = "acceptance-managed"
  managed = "S3_BUCKET_VERSIONING_ENABLED"
}

resource "travel_config_rule" "function" {
  name    = "acceptance-function"
  managed = "ENCRYPTED_VOLUMES"
}
