# The network takes 15 calls at most, the firewall eight.
# refresh: 23
# import: travel_network_firewall.this acceptance

resource "travel_network_firewall" "this" {
  name       = "acceptance"
  vpc_id     = travel_network.this.id
  subnet_ids = travel_network.this.subnet_ids["firewall"]

  stateful_default_actions = ["aws:drop_established", "aws:alert_established"]
  variables                = { HOME_NET = ["10.20.0.0/16"] }

  stateful_rule_groups = {
    allowed = {
      capacity    = 100
      priority    = 10
      domain_list = { action = "ALLOWLIST", domains = [".amazonaws.com", "example.com"] }
    }
    written = {
      capacity       = 10
      priority       = 20
      suricata_rules = "pass icmp any any -> any any (sid:1;)\n"
      ip_sets        = { OFFICE = ["192.0.2.0/24"] }
    }
  }
  stateless_rule_groups = {
    first = {
      capacity = 10
      priority = 1
      rules = [
        { priority = 1, actions = ["aws:drop"], sources = ["198.51.100.0/24"], protocols = [6, 17] },
        { priority = 2, actions = ["aws:pass"], destination_ports = ["123"] },
      ]
    }
  }
  other_rule_groups = [{
    arn      = "arn:aws:network-firewall:eu-central-1:aws-managed:stateful-rulegroup/BotNetCommandAndControlDomainsStrictOrder"
    priority = 1
  }]
  logging = {
    alert = { log_group = "/firewall/alert" }
    flow  = { bucket = "acceptance-flow-logs", prefix = "firewall" }
  }
  tags = { team = "platform" }
}
