resource "travel_organization" "this" {
  name = "travelsources"
}

data "travel_organization" "this" {
  depends_on = [travel_organization.this]
}

output "organization_id" {
  value = data.travel_organization.this.id
}
