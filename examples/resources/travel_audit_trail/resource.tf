# The management events of all accounts and regions, and who writes to the objects of any bucket but that of
# the log files.
resource "travel_audit_trail" "organization" {
  name         = "organization"
  bucket       = travel_bucket.audit.name
  organization = true
  kms_key      = travel_kms_key.audit.arn

  event_selectors = [
    {
      name     = "management"
      category = "Management"
    },
    {
      name          = "writes to objects"
      category      = "Data"
      resource_type = "AWS::S3::Object"
      access        = "WriteOnly"

      conditions = {
        "resources.ARN" = { not_starts_with = ["${travel_bucket.audit.arn}/"] }
      }
    },
  ]

  insights = {
    ApiCallRateInsight  = ["Management"]
    ApiErrorRateInsight = ["Management", "Data"]
  }
}
