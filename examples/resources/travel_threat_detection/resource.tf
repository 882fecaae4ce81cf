# In the management account: who administers GuardDuty for the organization.
resource "travel_threat_detection" "management" {
  administrator_id = "444455556666"
}

# In that account: what all accounts take part in.
resource "travel_threat_detection" "organization" {
  account           = travel_threat_detection.management.administrator_id
  finding_frequency = "FIFTEEN_MINUTES"

  features = {
    EBS_MALWARE_PROTECTION = {}
    EKS_AUDIT_LOGS         = {}
    S3_DATA_EVENTS         = {}

    RUNTIME_MONITORING = {
      agents = ["EC2_AGENT_MANAGEMENT", "EKS_ADDON_MANAGEMENT"]
    }
  }

  organization = {
    members = "ALL"

    features = {
      EBS_MALWARE_PROTECTION = "ALL"
      EKS_AUDIT_LOGS         = "ALL"
      RUNTIME_MONITORING     = "ALL"
      S3_DATA_EVENTS         = "ALL"
    }
  }
}
