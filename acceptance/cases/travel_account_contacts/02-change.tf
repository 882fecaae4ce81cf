# plan: travel_account_contacts.dev update
# changes: travel_account_contacts.dev billing operations primary
# plan: travel_account_contacts.own update
# changes: travel_account_contacts.own security
# destroy refused: is not empty

resource "travel_account_contacts" "own" {
  security = {
    name         = "Security"
    title        = "Always on call"
    email        = "security@example.com"
    phone_number = "+49 30 1234567"
  }
}

resource "travel_account_contacts" "dev" {
  member_id = travel_account.dev.id

  primary = {
    full_name     = "Travel Sources"
    address_lines = ["Rue 1"]
    city          = "Paris"
    postal_code   = "75001"
    country_code  = "FR"
    phone_number  = "+33 1 23456789"
  }

  operations = {
    name         = "Operations"
    title        = "On call"
    email        = "operations@example.com"
    phone_number = "+49 30 1234569"
  }
}
