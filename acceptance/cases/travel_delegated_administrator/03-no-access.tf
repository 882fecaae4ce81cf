# apply refused: Add "macie.amazonaws.com" to the trusted_services of the travel_organization.
# plan: travel_delegated_administrator.discovery create

resource "travel_delegated_administrator" "threats" {
  administrator_id = travel_account.security.id
  service          = "ssm.amazonaws.com"
}

resource "travel_delegated_administrator" "discovery" {
  administrator_id = travel_account.security.id
  service          = "macie.amazonaws.com"
}
