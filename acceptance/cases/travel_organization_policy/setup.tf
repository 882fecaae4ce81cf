resource "travel_organization" "this" {
  name = "acceptance"

  policy_types = [
    "BACKUP_POLICY",
    "RESOURCE_CONTROL_POLICY",
    "SERVICE_CONTROL_POLICY",
    "TAG_POLICY",
  ]
}

resource "travel_organizational_unit" "workloads" {
  name      = "workloads"
  parent_id = travel_organization.this.root_id
}

resource "travel_organizational_unit" "sandbox" {
  name      = "sandbox"
  parent_id = travel_organization.this.root_id
}
