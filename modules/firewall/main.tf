locals {
  # In the order in which rules are looked at; between them is room for more.
  priorities = { denied = 100, suricata = 200, allowed = 300 }

  denied = length(var.denied_domains) == 0 ? {} : {
    denied = {
      capacity    = var.capacities.denied
      priority    = local.priorities.denied
      description = "Domains that nobody gets at"
      domain_list = { action = "DENYLIST", domains = var.denied_domains }
      ip_sets     = { HOME_NET = var.home_networks }
    }
  }

  suricata = var.suricata_rules == null ? {} : {
    suricata = {
      capacity       = var.capacities.suricata
      priority       = local.priorities.suricata
      description    = "Rules written for Suricata"
      suricata_rules = var.suricata_rules
      ip_sets        = { HOME_NET = var.home_networks }
    }
  }

  # A rule by name: the firewall drops whatever nothing has passed.
  allowed = length(var.allowed_domains) == 0 ? {} : {
    allowed = {
      capacity = var.capacities.allowed
      priority = local.priorities.allowed

      description = "Domains that everybody gets at"
      ip_sets     = { HOME_NET = var.home_networks }

      suricata_rules = join("", [
        for index, domain in sort(var.allowed_domains) : format(
          "%s%s",
          "pass tls $HOME_NET any -> any any (tls.sni; ${startswith(domain, ".") ? "dotprefix; " : "startswith; "}content:\"${domain}\"; endswith; nocase; flow:to_server, established; sid:${100000 + 2 * index};)\n",
          "pass http $HOME_NET any -> any any (http.host; ${startswith(domain, ".") ? "dotprefix; " : "startswith; "}content:\"${domain}\"; endswith; flow:to_server, established; sid:${100001 + 2 * index};)\n",
        )
      ])
    }
  }

  log_groups = { for kind, log in var.logs : kind => log if log != null }
}

resource "travel_network_firewall" "this" {
  name        = var.name
  description = var.description
  vpc_id      = var.network_id
  subnet_ids  = var.subnet_ids
  kms_key_arn = var.kms_key_arn
  tags        = var.tags

  delete_protection        = var.protected
  subnet_change_protection = var.protected

  # The handshake has to come through before a name can be seen: what is not established yet passes.
  stateful_rule_order      = "STRICT_ORDER"
  stateful_default_actions = var.alert_only ? ["aws:alert_established"] : ["aws:drop_established", "aws:alert_established"]
  stateful_rule_groups     = merge(local.denied, local.suricata, local.allowed)

  # Fragments of UDP tell no port, and are good for little but to hide.
  stateless_default_actions          = ["aws:forward_to_sfe"]
  stateless_fragment_default_actions = ["aws:drop"]

  other_rule_groups = [
    for group in var.managed_rule_groups : {
      arn        = group.arn
      priority   = group.priority
      alert_only = var.alert_only || group.alert_only
    }
  ]

  logging = length(local.log_groups) == 0 ? null : local.log_groups

  lifecycle {
    postcondition {
      condition     = self.status == "ready"
      error_message = "The firewall is not complete yet. The next apply continues."
    }
  }
}

resource "travel_inspection_routes" "this" {
  count = length(var.inspected_subnet_ids) > 0 ? 1 : 0

  name       = var.name
  vpc_id     = var.network_id
  endpoints  = travel_network_firewall.this.endpoints
  subnet_ids = var.inspected_subnet_ids

  lifecycle {
    postcondition {
      condition     = self.status == "ready"
      error_message = "Not all traffic goes through the firewall yet. The next apply continues."
    }
  }
}
