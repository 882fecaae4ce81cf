# Another tier goes out the same way.
# plan: travel_inspection_routes.this update
# changes: travel_inspection_routes.this subnet_ids

resource "travel_inspection_routes" "this" {
  name      = "acceptance"
  vpc_id    = travel_network.this.id
  endpoints = travel_network_firewall.this.endpoints
  subnet_ids = [
    travel_network.this.subnet_ids["private"][0],
    travel_network.this.subnet_ids["private"][1],
    travel_network.this.subnet_ids["spare"][0],
    travel_network.this.subnet_ids["spare"][1],
  ]
}

output "table" {
  value = travel_network.this.route_tables["private/eu-central-1a"].id
}

output "back" {
  value = travel_network.this.route_tables["nat"].id
}

output "cidr" {
  value = travel_network.this.subnets["private/eu-central-1b"].cidr
}

output "gateway" {
  value = travel_network.this.nat_gateways["eu-central-1a"].id
}
