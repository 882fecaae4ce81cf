# Private subnets that get out through a firewall: private tier -> firewall -> NAT gateway. Load
# balancers are in another tier than the NAT gateways, and reach private subnets directly.
resource "travel_network" "main" {
  name     = "main"
  cidr     = "10.20.0.0/16"
  zones    = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
  nat      = "per_zone"
  nat_tier = "nat"

  tiers = {
    public   = { access = "public" }
    nat      = { access = "public", prefix_length = 28, discovery = false }
    firewall = { access = "private", prefix_length = 28, discovery = false }
    private  = { access = "private" }
  }
}

resource "travel_network_firewall" "egress" {
  name       = "egress"
  vpc_id     = travel_network.main.id
  subnet_ids = travel_network.main.subnet_ids["firewall"]

  stateful_default_actions = ["aws:drop_established", "aws:alert_established"]
  variables                = { HOME_NET = [travel_network.main.cidr] }

  stateful_rule_groups = {
    allowed = {
      capacity    = 200
      priority    = 10
      domain_list = { action = "ALLOWLIST", domains = [".amazonaws.com"] }
    }
  }
}

resource "travel_inspection_routes" "egress" {
  name       = "egress"
  vpc_id     = travel_network.main.id
  endpoints  = travel_network_firewall.egress.endpoints
  subnet_ids = travel_network.main.subnet_ids["private"]
}
