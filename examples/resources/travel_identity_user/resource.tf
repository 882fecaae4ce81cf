resource "travel_identity_user" "ada" {
  name         = "ada"
  display_name = "Ada Doe"
  given_name   = "Ada"
  family_name  = "Doe"
  email        = { value = "ada@example.com", type = "work" }
}
