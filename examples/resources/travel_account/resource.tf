resource "travel_organization" "example" {
  name = "travelsources"
}

resource "travel_organizational_unit" "workloads" {
  name      = "workloads"
  parent_id = travel_organization.example.root_id
}

resource "travel_account" "dev" {
  name      = "dev"
  email     = "aws+dev@travelsources.com"
  parent_id = travel_organizational_unit.workloads.id
}
