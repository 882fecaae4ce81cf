# Three kinds of rules.
# refresh: 40
# import: travel_config_rule.managed acceptance-managed
# import identity: travel_config_rule.function region=eu-central-1 name=acceptance-function
# import: travel_config_rule.policy eu-central-1/acceptance-policy

resource "travel_config_rule" "managed" {
  name    = "acceptance-managed"
  managed = "S3_BUCKET_VERSIONING_ENABLED"
  tags    = { team = "security" }
}

resource "travel_config_rule" "function" {
  name         = "acceptance-function"
  function_arn = "arn:aws:lambda:eu-central-1:111122223333:function:judge"
}

resource "travel_config_rule" "policy" {
  name  = "acceptance-policy"
  scope = { resource_types = ["AWS::DynamoDB::Table"] }

  policy = {
    text = "rule named when resourceType == 'AWS::DynamoDB::Table' { resourceName exists }"
  }
}
