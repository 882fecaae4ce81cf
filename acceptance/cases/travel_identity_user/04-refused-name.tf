# refused: without white space

resource "travel_identity_user" "jo" {
  name         = "jo doe"
  display_name = "Jo Doe"
  given_name   = "Jo"
  family_name  = "Doe"
}
