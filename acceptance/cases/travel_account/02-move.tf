# An account goes back to the root, and nothing else of it changes.
# plan: travel_account.dev update
# changes: travel_account.dev parent_id tags tags_all
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
  parent_id = travel_organization.this.root_id
  tags      = { environment = "dev" }
}
