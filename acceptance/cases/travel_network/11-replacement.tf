# refused: this network would be replaced

resource "travel_network" "this" {
  name  = "acceptance"
  cidr  = "10.30.0.0/16"
  zones = ["eu-central-1a"]
  nat   = "none"
}
