# Buckets keep all versions, but for those that are said not to need them.
resource "travel_config_rule" "versioning" {
  name        = "buckets-keep-versions"
  description = "What is overwritten can be had again."
  managed     = "S3_BUCKET_VERSIONING_ENABLED"
  scope       = { tag_key = "data", tag_value = "own" }
}

# Keys do not grow old; looked at once a day.
resource "travel_config_rule" "keys" {
  name       = "access-keys-are-young"
  managed    = "ACCESS_KEYS_ROTATED"
  parameters = { maxAccessKeyAge = "90" }
  frequency  = "TwentyFour_Hours"
}

# A policy of our own, in the language of Guard.
resource "travel_config_rule" "tables" {
  name  = "tables-can-be-recovered"
  scope = { resource_types = ["AWS::DynamoDB::Table"] }

  policy = {
    text = <<-EOT
      rule recoverable when resourceType == 'AWS::DynamoDB::Table' {
        supplementaryConfiguration.ContinuousBackupsDescription.pointInTimeRecoveryDescription.pointInTimeRecoveryStatus == 'ENABLED'
      }
    EOT
  }
}

# An existing rule is brought in by its name, or by REGION/NAME:
#
#   import {
#     to = travel_config_rule.versioning
#     id = "eu-central-1/buckets-keep-versions"
#   }
