resource "travel_organization" "example" {
  name         = "travelsources"
  policy_types = ["SERVICE_CONTROL_POLICY", "TAG_POLICY"]

  trusted_services = [
    "cloudtrail.amazonaws.com",
    "config.amazonaws.com",
  ]
}
