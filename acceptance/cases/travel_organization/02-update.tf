# plan: travel_organization.this update
# changes: travel_organization.this name policy_types tags tags_all trusted_services

resource "travel_organization" "this" {
  name             = "renamed"
  policy_types     = ["SERVICE_CONTROL_POLICY", "TAG_POLICY"]
  trusted_services = ["cloudtrail.amazonaws.com"]
  tags             = { team = "platform" }
}
