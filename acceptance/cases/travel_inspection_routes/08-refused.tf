# refused: ids of endpoints by zone

resource "travel_inspection_routes" "this" {
  name       = "acceptance"
  vpc_id     = travel_network.this.id
  endpoints  = { eu-central-1a = "nat-0abc" }
  subnet_ids = travel_network.this.subnet_ids["spare"]
}
