# refresh: 8

resource "travel_identity_group" "platform" {
  name        = "platform"
  description = "Who runs the platform."
  members     = [travel_identity_user.ada.user_id, travel_identity_user.bob.user_id]
}

resource "travel_identity_group" "empty" {
  name = "empty"
}
