# Another name is another inspection, which takes the place of the first.
# plan: travel_inspection_routes.this delete create

resource "travel_inspection_routes" "this" {
  name       = "renamed"
  vpc_id     = travel_network.this.id
  endpoints  = travel_network_firewall.this.endpoints
  subnet_ids = travel_network.this.subnet_ids["spare"]
}
