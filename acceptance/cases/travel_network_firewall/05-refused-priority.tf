# refused: no priority

resource "travel_network_firewall" "this" {
  name       = "acceptance"
  vpc_id     = travel_network.this.id
  subnet_ids = travel_network.this.subnet_ids["spare"]

  stateful_rule_groups = {
    allowed = {
      capacity    = 10
      domain_list = { action = "ALLOWLIST", domains = ["example.org"] }
    }
  }
}
