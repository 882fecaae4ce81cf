# refused: a rule of several kinds

resource "travel_config_rule" "managed" {
  name         = "acceptance-managed"
  managed      = "S3_BUCKET_VERSIONING_ENABLED"
  function_arn = "arn:aws:lambda:eu-central-1:111122223333:function:judge"
}
