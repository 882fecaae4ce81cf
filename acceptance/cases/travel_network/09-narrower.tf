# plan: travel_network.this update
# import: travel_network.this eu-central-1/acceptance
# import identity: travel_network.this region=eu-central-1 name=acceptance

resource "travel_network" "this" {
  name  = "acceptance"
  cidr  = "10.20.0.0/16"
  zones = ["eu-central-1a"]
  nat   = "none"
}
