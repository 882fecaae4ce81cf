# refresh: 3

resource "travel_identity_user" "jo" {
  name         = "jo"
  display_name = "Jo Doe"
  given_name   = "Jo"
  family_name  = "Doe"
  email        = { value = "jo@example.com", type = "work" }
  title        = "Engineer"
  nickname     = "Jo"
  locale       = "en-GB"
}
