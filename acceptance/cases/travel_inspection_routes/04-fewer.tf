# A tier leaves, and goes out directly again.
# plan: travel_inspection_routes.this update
# changes: travel_inspection_routes.this subnet_ids

resource "travel_inspection_routes" "this" {
  name       = "acceptance"
  vpc_id     = travel_network.this.id
  endpoints  = travel_network_firewall.this.endpoints
  subnet_ids = travel_network.this.subnet_ids["spare"]
}
