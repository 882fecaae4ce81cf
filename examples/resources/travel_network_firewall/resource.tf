# A firewall that lets connections go to some domains only, and logs what it drops.
resource "travel_network" "main" {
  name  = "main"
  cidr  = "10.20.0.0/16"
  zones = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]

  tiers = {
    public   = { access = "public" }
    firewall = { access = "isolated" }
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
      capacity = 200
      priority = 10
      domain_list = {
        action  = "ALLOWLIST"
        domains = [".amazonaws.com", ".eks.amazonaws.com", "registry.example.com"]
      }
    }
  }
  other_rule_groups = [{
    arn      = "arn:aws:network-firewall:eu-central-1:aws-managed:stateful-rulegroup/BotNetCommandAndControlDomainsStrictOrder"
    priority = 1
  }]

  logging = {
    alert = { log_group = "/firewall/egress" }
  }

  delete_protection = true
}

# For travel_inspection_routes, which lead traffic to it.
output "firewall_endpoints" {
  value = travel_network_firewall.egress.endpoints
}
