resource "travel_organization" "this" {
  name = "travelsources"
}

data "travel_accounts" "all" {
  parent_ids = [travel_organization.this.root_id]
}

output "account_ids" {
  value = data.travel_accounts.all.ids
}
