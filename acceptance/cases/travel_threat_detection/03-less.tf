# plan: travel_threat_detection.security update
# changes: travel_threat_detection.security enabled features organization publishing

resource "travel_threat_detection" "this" {
  administrator_id = travel_account.security.id
}

resource "travel_threat_detection" "security" {
  account = travel_threat_detection.this.administrator_id
}
