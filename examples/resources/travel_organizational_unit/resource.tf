resource "travel_organization" "example" {
  name = "travelsources"
}

resource "travel_organizational_unit" "workloads" {
  name      = "workloads"
  parent_id = travel_organization.example.root_id
}
