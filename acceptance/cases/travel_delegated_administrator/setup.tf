resource "travel_organization" "this" {
  name             = "acceptance"
  trusted_services = ["guardduty.amazonaws.com", "ssm.amazonaws.com"]
}

resource "travel_account" "security" {
  name      = "security"
  email     = "aws+security@example.com"
  parent_id = travel_organization.this.root_id
}
