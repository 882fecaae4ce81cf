# A network with a tier for the endpoints, and one that they can move to.

resource "travel_network" "this" {
  name  = "acceptance"
  cidr  = "10.20.0.0/16"
  zones = ["eu-central-1a", "eu-central-1b"]
  nat   = "none"

  tiers = {
    firewall = { access = "isolated" }
    spare    = { access = "isolated" }
  }
}
