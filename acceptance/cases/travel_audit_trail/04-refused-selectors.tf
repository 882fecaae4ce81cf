# refused: insights into events that the trail does not take

resource "travel_audit_trail" "this" {
  name     = "acceptance-audit"
  bucket   = travel_bucket.logs.name
  insights = { ApiCallRateInsight = ["Data"] }
}
