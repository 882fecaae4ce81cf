# What can be made is made, and kept.
# plan: travel_account_assignments.platform update
# changes: travel_account_assignments.platform accounts assignments
# apply refused: the account is not in the organization

resource "travel_account_assignments" "platform" {
  name            = "platform"
  principal_id    = travel_identity_user.ada.user_id
  principal_type  = "USER"
  accounts        = ["111122223333", "444455556666"]
  permission_sets = [travel_permission_set.reader.arn]
}
