# refused: overlap

resource "travel_network" "this" {
  name           = "acceptance"
  cidr           = "10.20.0.0/16"
  zones          = ["eu-central-1a"]
  nat            = "none"
  other_networks = { stg = ["10.20.128.0/20"] }
}
