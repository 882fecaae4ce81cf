# A network whose NAT gateway stands in a tier of its own, with a firewall in front of it.
# Everything in it is to be its own: what is inspected is left to the routes all the same.

resource "travel_network" "this" {
  name      = "acceptance"
  cidr      = "10.20.0.0/16"
  zones     = ["eu-central-1a", "eu-central-1b"]
  exclusive = true

  tiers = {
    nat      = { access = "public", prefix_length = 28 }
    firewall = { access = "private", prefix_length = 28, discovery = false }
    private  = { access = "private" }
    spare    = { access = "private" }
  }
}

resource "travel_network_firewall" "this" {
  name       = "acceptance"
  vpc_id     = travel_network.this.id
  subnet_ids = travel_network.this.subnet_ids["firewall"]
}
