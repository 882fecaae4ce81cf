resource "travel_organization" "this" {
  name             = "acceptance"
  policy_types     = ["SERVICE_CONTROL_POLICY"]
  trusted_services = ["config.amazonaws.com"]
}
