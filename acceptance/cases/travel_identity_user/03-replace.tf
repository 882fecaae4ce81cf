# Another name means another user.
# plan: travel_identity_user.jo delete create

resource "travel_identity_user" "jo" {
  name         = "joanna"
  display_name = "Joanna Roe"
  given_name   = "Joanna"
  family_name  = "Roe"
}
