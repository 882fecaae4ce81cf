# drift: travel_threat_detection.this enabled by guardduty POST /detector/${detector} {"enable": false}
# drift: travel_threat_detection.this finding_frequency by guardduty POST /detector/${detector} {"findingPublishingFrequency": "ONE_HOUR"}
# drift: travel_threat_detection.this features by guardduty POST /detector/${detector} {"features": [{"name": "S3_DATA_EVENTS", "status": "DISABLED"}]}
# drift: travel_threat_detection.this features by guardduty POST /detector/${detector} {"features": [{"name": "RUNTIME_MONITORING", "status": "ENABLED", "additionalConfiguration": [{"name": "EKS_ADDON_MANAGEMENT", "status": "DISABLED"}]}]}
# drift: travel_threat_detection.this nothing by guardduty POST /detector/${detector} {"features": [{"name": "RDS_LOGIN_EVENTS", "status": "DISABLED"}]}
# drift: travel_threat_detection.this publishing by guardduty POST /detector/${detector}/publishingDestination {"destinationType": "S3", "destinationProperties": {"destinationArn": "arn:aws:s3:::theirs", "kmsKeyArn": "${key}"}}
# drift: travel_threat_detection.this administrator_id by guardduty POST /admin/disable {"adminAccountId": "${security}"}
# drift: travel_threat_detection.this tags tags_all by guardduty POST /tags/${arn} {"tags": {"team": "theirs"}}
# drift: travel_threat_detection.this create by guardduty DELETE /detector/${detector}
# Who takes part only the administrator's own account can change, and these calls are another's.
# no drift: organization

resource "travel_threat_detection" "this" {
  administrator_id = travel_account.security.id
  tags             = { team = "security" }

  features = {
    S3_DATA_EVENTS     = {}
    RUNTIME_MONITORING = { agents = ["EKS_ADDON_MANAGEMENT"] }
  }
}

output "detector" {
  value = travel_threat_detection.this.detector_id
}

output "arn" {
  value = travel_threat_detection.this.arn
}

output "security" {
  value = travel_account.security.id
}

output "key" {
  value = travel_kms_key.findings.arn
}
