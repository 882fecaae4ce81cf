# plan: nothing
# destroy refused: is not empty

resource "travel_delegated_administrator" "threats" {
  administrator_id = travel_account.security.id
  service          = "ssm.amazonaws.com"
}
