# plan: travel_audit_trail.this update
# plan: travel_audit_trail.organization delete
# apply refused: arn:aws:s3:::acceptance-trail-closed/AWSLogs/

resource "travel_audit_trail" "this" {
  name   = "acceptance-audit"
  bucket = travel_bucket.closed.name
}
