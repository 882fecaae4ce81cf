resource "travel_organization" "this" {
  name         = "acceptance"
  policy_types = ["SERVICE_CONTROL_POLICY"]
}

resource "travel_organizational_unit" "workloads" {
  name      = "workloads"
  parent_id = travel_organization.this.root_id
}

resource "travel_bucket" "policies" {
  name          = "acceptance-policies"
  force_destroy = true
}
