# refresh: 3
# plan: travel_identity_user.jo update
# changes: travel_identity_user.jo display_name email family_name formatted_name given_name honorific_prefix honorific_suffix locale middle_name nickname phone_number preferred_language profile_url timezone title user_type

resource "travel_identity_user" "jo" {
  name               = "jo"
  display_name       = "Joanna Roe"
  given_name         = "Joanna"
  family_name        = "Roe"
  middle_name        = "M."
  formatted_name     = "Dr. Joanna M. Roe, Jr."
  honorific_prefix   = "Dr."
  honorific_suffix   = "Jr."
  email              = { value = "joanna@example.com" }
  phone_number       = { value = "+49 30 1234567", type = "work", primary = false }
  profile_url        = "https://example.com/jo"
  user_type          = "employee"
  preferred_language = "en"
  timezone           = "Europe/Berlin"
  title              = "Architect"
}
