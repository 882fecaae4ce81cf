resource "travel_organization" "this" {
  name = "acceptance"
}

resource "travel_organizational_unit" "workloads" {
  name      = "workloads"
  parent_id = travel_organization.this.root_id
  tags      = { team = "platform" }
}

resource "travel_organizational_unit" "prod" {
  name      = "prod"
  parent_id = travel_organizational_unit.workloads.id
}
