# refresh: 8
# plan: travel_identity_group.platform update
# changes: travel_identity_group.platform description members name
# plan: travel_identity_group.empty update
# changes: travel_identity_group.empty exclusive members

resource "travel_identity_group" "platform" {
  name    = "platform-team"
  members = [travel_identity_user.ada.user_id]
}

resource "travel_identity_group" "empty" {
  name      = "empty"
  members   = [travel_identity_user.bob.user_id]
  exclusive = true
}
