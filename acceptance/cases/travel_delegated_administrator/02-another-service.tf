# plan: travel_delegated_administrator.threats delete create

resource "travel_delegated_administrator" "threats" {
  administrator_id = travel_account.security.id
  service          = "ssm.amazonaws.com"
}
