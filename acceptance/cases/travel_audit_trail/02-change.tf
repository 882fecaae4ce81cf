# plan: travel_audit_trail.this update
# plan: travel_audit_trail.organization create
# changes: travel_audit_trail.this aggregations basic_event_selectors event_selectors global_service_events insights kms_key log_file_validation log_group log_group_role logging multi_region prefix recursive_logging sns_topic tags tags_all
# import: travel_audit_trail.this eu-central-1/acceptance-audit
# import: travel_audit_trail.organization acceptance-organization

resource "travel_audit_trail" "this" {
  name                  = "acceptance-audit"
  bucket                = travel_bucket.logs.name
  multi_region          = false
  global_service_events = false
  log_file_validation   = false
  recursive_logging     = false
  logging               = false
  insights              = { ApiErrorRateInsight = ["Data"] }

  basic_event_selectors = [
    { management_events = false, data_resources = { "AWS::Lambda::Function" = ["arn:aws:lambda"] } },
    { access = "ReadOnly", excluded_sources = ["kms.amazonaws.com"] },
  ]
}

# Of the organization, with nothing but what every trail takes.
resource "travel_audit_trail" "organization" {
  name         = "acceptance-organization"
  bucket       = travel_bucket.logs.name
  organization = true
}
