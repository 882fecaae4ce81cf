# refresh: 14
# An account has a primary contact, which an import takes in; who does not write it leaves it alone.
# import: travel_account_contacts.own 111122223333 primary

resource "travel_account_contacts" "own" {
  security = {
    name         = "Security"
    title        = "On call"
    email        = "security@example.com"
    phone_number = "+49 30 1234567"
  }
}

resource "travel_account_contacts" "dev" {
  member_id = travel_account.dev.id

  primary = {
    full_name       = "Travel Sources"
    company_name    = "Travel Sources"
    address_lines   = ["Street 1", "Backyard"]
    city            = "Berlin"
    state_or_region = "Berlin"
    postal_code     = "10115"
    country_code    = "DE"
    phone_number    = "+49 30 1234567"
    website_url     = "https://example.com"
  }

  billing = {
    name         = "Bills"
    title        = "Accounting"
    email        = "billing@example.com"
    phone_number = "+49 30 1234568"
  }
}
