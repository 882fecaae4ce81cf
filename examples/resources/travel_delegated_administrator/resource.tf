resource "travel_organization" "example" {
  name             = "travelsources"
  trusted_services = ["guardduty.amazonaws.com"]
}

resource "travel_account" "security" {
  name  = "security-tooling"
  email = "aws+security@travelsources.com"
}

resource "travel_delegated_administrator" "threats" {
  administrator_id = travel_account.security.id
  service          = "guardduty.amazonaws.com"

  depends_on = [travel_organization.example]
}
