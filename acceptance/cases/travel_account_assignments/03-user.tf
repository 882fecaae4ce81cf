# A user is another principal than a group.
# plan: travel_account_assignments.platform delete create

resource "travel_account_assignments" "platform" {
  name            = "platform"
  principal_id    = travel_identity_user.ada.user_id
  principal_type  = "USER"
  accounts        = ["111122223333"]
  permission_sets = [travel_permission_set.reader.arn]
}
