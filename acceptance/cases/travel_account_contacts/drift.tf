# The contacts of another account are others.
# drift: travel_account_contacts.dev primary by account POST /putContactInformation {"AccountId": "${account}", "ContactInformation": {"FullName": "Theirs", "AddressLine1": "Rue 1", "City": "Paris", "PostalCode": "75001", "CountryCode": "FR", "PhoneNumber": "+33 1 23456789"}}
# drift: travel_account_contacts.dev billing by account POST /putAlternateContact {"AccountId": "${account}", "AlternateContactType": "BILLING", "Name": "Theirs", "Title": "Accounting", "EmailAddress": "theirs@example.com", "PhoneNumber": "+49 30 1"}
# drift: travel_account_contacts.dev operations by account POST /deleteAlternateContact {"AccountId": "${account}", "AlternateContactType": "OPERATIONS"}
# drift: travel_account_contacts.own create by account POST /deleteAlternateContact {"AlternateContactType": "SECURITY"}
# drift: travel_account_contacts.own nothing by account POST /putAlternateContact {"AlternateContactType": "BILLING", "Name": "Theirs", "Title": "Accounting", "EmailAddress": "theirs@example.com", "PhoneNumber": "+49 30 1"}
# drift: travel_account_contacts.own security by account POST /putAlternateContact {"AlternateContactType": "SECURITY", "Name": "Theirs", "Title": "On call", "EmailAddress": "theirs@example.com", "PhoneNumber": "+49 30 1"}

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
    full_name     = "Travel Sources"
    address_lines = ["Rue 1"]
    city          = "Paris"
    postal_code   = "75001"
    country_code  = "FR"
    phone_number  = "+33 1 23456789"
  }

  billing = {
    name         = "Bills"
    title        = "Accounting"
    email        = "billing@example.com"
    phone_number = "+49 30 1234568"
  }

  operations = {
    name         = "Operations"
    title        = "On call"
    email        = "operations@example.com"
    phone_number = "+49 30 1234569"
  }
}

output "account" {
  value = travel_account.dev.id
}
