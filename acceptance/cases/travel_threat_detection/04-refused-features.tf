# destroy refused: is not empty
# refused: two plans for the same

resource "travel_threat_detection" "this" {
  administrator_id = travel_account.security.id
}

resource "travel_threat_detection" "security" {
  account = travel_threat_detection.this.administrator_id

  features = {
    EKS_RUNTIME_MONITORING = {}
    RUNTIME_MONITORING     = {}
  }
}
