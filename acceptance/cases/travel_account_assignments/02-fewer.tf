# refresh: 28
# plan: travel_account_assignments.platform update
# changes: travel_account_assignments.platform assignments permission_sets

resource "travel_account_assignments" "platform" {
  name            = "platform"
  principal_id    = travel_identity_group.platform.group_id
  accounts        = ["111122223333"]
  permission_sets = [travel_permission_set.reader.arn]
}
