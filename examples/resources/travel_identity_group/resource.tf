resource "travel_identity_user" "ada" {
  name         = "ada"
  display_name = "Ada Doe"
  given_name   = "Ada"
  family_name  = "Doe"
}

# Whom others add to it stays in it: exclusive = true would not let them.
resource "travel_identity_group" "platform" {
  name        = "platform"
  description = "Who runs the platform."
  members     = [travel_identity_user.ada.user_id]
}
