resource "travel_identity_user" "ada" {
  name         = "ada"
  display_name = "Ada Doe"
  given_name   = "Ada"
  family_name  = "Doe"
}

resource "travel_identity_user" "bob" {
  name         = "bob"
  display_name = "Bob Doe"
  given_name   = "Bob"
  family_name  = "Doe"
}
