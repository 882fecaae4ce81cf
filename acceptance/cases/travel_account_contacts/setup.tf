resource "travel_organization" "this" {
  name             = "acceptance"
  trusted_services = ["account.amazonaws.com"]
}

resource "travel_account" "dev" {
  name      = "dev"
  email     = "aws+dev@example.com"
  parent_id = travel_organization.this.root_id
}
