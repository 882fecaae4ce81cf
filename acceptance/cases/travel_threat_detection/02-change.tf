# plan: travel_threat_detection.security update
# changes: travel_threat_detection.security enabled features finding_frequency organization publishing tags tags_all
# import: travel_threat_detection.security ${security}/eu-central-1 features organization

resource "travel_threat_detection" "this" {
  administrator_id = travel_account.security.id
}

resource "travel_threat_detection" "security" {
  account = travel_threat_detection.this.administrator_id
  enabled = false

  features = {
    EKS_AUDIT_LOGS         = {}
    EKS_RUNTIME_MONITORING = { agents = ["EKS_ADDON_MANAGEMENT"] }
    RUNTIME_MONITORING     = { enabled = false }
  }

  publishing = {
    destination_arn = travel_bucket.others.arn
    kms_key_arn     = travel_kms_key.findings.arn
  }

  organization = { members = "NEW", features = { S3_DATA_EVENTS = "NONE" } }
}

output "security" {
  value = travel_account.security.id
}
