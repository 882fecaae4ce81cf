# What the firewall lets pass would come to it again.
# plan: travel_inspection_routes.this update
# apply refused: the firewall's own subnet cannot be inspected

resource "travel_inspection_routes" "this" {
  name       = "renamed"
  vpc_id     = travel_network.this.id
  endpoints  = travel_network_firewall.this.endpoints
  subnet_ids = travel_network.this.subnet_ids["firewall"]
}
