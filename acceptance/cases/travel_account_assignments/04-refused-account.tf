# refused: ids of accounts

resource "travel_account_assignments" "platform" {
  name            = "platform"
  principal_id    = travel_identity_user.ada.user_id
  principal_type  = "USER"
  accounts        = ["dev"]
  permission_sets = [travel_permission_set.reader.arn]
}
