# destroy refused: is not empty

resource "travel_organization" "this" {
  name = "acceptance"
}

resource "travel_organizational_unit" "workloads" {
  name      = "workloads"
  parent_id = travel_organization.this.root_id
}

resource "travel_account" "dev" {
  name      = "dev"
  email     = "aws+dev@example.com"
  parent_id = travel_organizational_unit.workloads.id
}
