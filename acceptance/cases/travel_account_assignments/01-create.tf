# refresh: 28

resource "travel_account_assignments" "platform" {
  name            = "platform"
  principal_id    = travel_identity_group.platform.group_id
  accounts        = ["111122223333"]
  permission_sets = [travel_permission_set.reader.arn, travel_permission_set.operator.arn]
}
