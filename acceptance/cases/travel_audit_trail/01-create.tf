# refresh: 51
# import: travel_audit_trail.this acceptance-audit
# import identity: travel_audit_trail.this region=eu-central-1 name=acceptance-audit

resource "travel_audit_trail" "this" {
  name           = "acceptance-audit"
  bucket         = travel_bucket.logs.name
  prefix         = "all"
  kms_key        = travel_kms_key.logs.arn
  sns_topic      = "arn:aws:sns:eu-central-1:${travel_organization.this.management_account_id}:acceptance-trail"
  log_group      = "arn:aws:logs:eu-central-1:${travel_organization.this.management_account_id}:log-group:acceptance-trail:*"
  log_group_role = travel_role.logs.arn
  tags           = { team = "security", empty = "" }

  event_selectors = [
    {
      name       = "management"
      category   = "Management"
      conditions = { eventSource = { not_equals = ["kms.amazonaws.com", "rdsdata.amazonaws.com"] } }
    },
    {
      name          = "objects"
      category      = "Data"
      resource_type = "AWS::S3::Object"
      access        = "WriteOnly"
      conditions    = { "resources.ARN" = { not_starts_with = ["${travel_bucket.logs.arn}/"] } }
    },
    {
      category   = "NetworkActivity"
      conditions = { eventSource = { equals = ["s3.amazonaws.com"] }, errorCode = { equals = ["VpceAccessDenied"] } }
    },
  ]

  insights = {
    ApiCallRateInsight  = ["Management", "Data"]
    ApiErrorRateInsight = ["Management"]
  }

  aggregations = ["API_ACTIVITY", "RESOURCE_ACCESS"]
}
