resource "travel_permission_set" "reader" {
  name             = "reader"
  managed_policies = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]
}

resource "travel_identity_group" "platform" {
  name = "platform"
}

# Each of the permission sets in each of the accounts.
resource "travel_account_assignments" "platform" {
  name            = "platform"
  principal_id    = travel_identity_group.platform.group_id
  accounts        = ["111122223333"]
  permission_sets = [travel_permission_set.reader.arn]
}
