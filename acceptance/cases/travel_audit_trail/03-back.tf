# plan: travel_audit_trail.this update
# plan: travel_audit_trail.organization delete create
# changes: travel_audit_trail.this basic_event_selectors global_service_events insights log_group log_group_role logging multi_region organization
# import: travel_audit_trail.this ${arn}

resource "travel_audit_trail" "this" {
  name                = "acceptance-audit"
  bucket              = travel_bucket.logs.name
  organization        = true
  log_file_validation = false
  recursive_logging   = false
  log_group           = "arn:aws:logs:eu-central-1:${travel_organization.this.management_account_id}:log-group:acceptance-trail:*"
  log_group_role      = travel_role.logs.arn
}

# Another name, another trail.
resource "travel_audit_trail" "organization" {
  name   = "acceptance-other"
  bucket = travel_bucket.logs.name
}

output "arn" {
  value = travel_audit_trail.this.arn
}
