# refresh: 70
# import: travel_threat_detection.this eu-central-1 features

resource "travel_threat_detection" "this" {
  administrator_id = travel_account.security.id
}

# GuardDuty has made its detector, with the designation.
resource "travel_threat_detection" "security" {
  account           = travel_threat_detection.this.administrator_id
  finding_frequency = "FIFTEEN_MINUTES"

  features = {
    EKS_AUDIT_LOGS     = {}
    S3_DATA_EVENTS     = { enabled = false }
    RUNTIME_MONITORING = { agents = ["EKS_ADDON_MANAGEMENT"] }
  }

  publishing = {
    destination_arn = "${travel_bucket.findings.arn}/guardduty"
    kms_key_arn     = travel_kms_key.findings.arn
  }

  organization = { members = "ALL", features = { S3_DATA_EVENTS = "NEW" } }
  tags         = { team = "security" }
}
