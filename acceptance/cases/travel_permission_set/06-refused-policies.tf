# refused: too many policies

resource "travel_permission_set" "reader" {
  name                      = "reader"
  managed_policies          = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]
  customer_managed_policies = [for number in range(20) : { name = "policy-${number}" }]
}
