# plan: travel_organizational_unit.prod delete create

resource "travel_organization" "this" {
  name = "acceptance"
}

resource "travel_organizational_unit" "workloads" {
  name      = "work"
  parent_id = travel_organization.this.root_id
}

resource "travel_organizational_unit" "prod" {
  name      = "prod"
  parent_id = travel_organization.this.root_id
}
