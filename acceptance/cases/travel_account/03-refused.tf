# refused: an account's email cannot be changed here
# destroy refused: is not empty

resource "travel_organization" "this" {
  name = "acceptance"
}

resource "travel_account" "dev" {
  name      = "dev"
  email     = "aws+other@example.com"
  parent_id = travel_organization.this.root_id
}
