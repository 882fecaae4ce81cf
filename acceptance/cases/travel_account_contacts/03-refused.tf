# refused: An address in US needs its state_or_region.
# destroy refused: is not empty

resource "travel_account_contacts" "dev" {
  member_id = travel_account.dev.id

  primary = {
    full_name     = "Travel Sources"
    address_lines = ["Street 1"]
    city          = "Seattle"
    postal_code   = "98109"
    country_code  = "US"
    phone_number  = "+12065550100"
  }
}
