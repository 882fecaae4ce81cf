resource "travel_organization" "example" {
  name             = "travelsources"
  trusted_services = ["account.amazonaws.com"]
}

resource "travel_account" "dev" {
  name  = "dev"
  email = "aws+dev@travelsources.com"
}

resource "travel_account_contacts" "dev" {
  member_id = travel_account.dev.id

  security = {
    name         = "Security"
    title        = "On call"
    email        = "security@travelsources.com"
    phone_number = "+49 30 1234567"
  }

  depends_on = [travel_organization.example]
}
