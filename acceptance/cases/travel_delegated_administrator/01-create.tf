# refresh: 9

resource "travel_delegated_administrator" "threats" {
  administrator_id = travel_account.security.id
  service          = "guardduty.amazonaws.com"
}
