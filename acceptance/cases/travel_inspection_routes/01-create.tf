# The network takes 12 calls at most, the firewall five, the routes four.
# refresh: 21
# import: travel_inspection_routes.this ${vpc}/acceptance

resource "travel_inspection_routes" "this" {
  name       = "acceptance"
  vpc_id     = travel_network.this.id
  endpoints  = travel_network_firewall.this.endpoints
  subnet_ids = travel_network.this.subnet_ids["private"]
}

output "vpc" {
  value = travel_network.this.id
}
