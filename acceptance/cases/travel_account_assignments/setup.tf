resource "travel_permission_set" "reader" {
  name             = "reader"
  managed_policies = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]
}

resource "travel_permission_set" "operator" {
  name             = "operator"
  managed_policies = ["arn:aws:iam::aws:policy/PowerUserAccess"]
}

resource "travel_identity_group" "platform" {
  name = "platform"
}

resource "travel_identity_user" "ada" {
  name         = "ada"
  display_name = "Ada Doe"
  given_name   = "Ada"
  family_name  = "Doe"
}
