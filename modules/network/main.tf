locals {
  endpoints = merge(
    { for service in var.gateway_endpoints : service => { type = "gateway" } },
    { for service in var.interface_endpoints : service => { type = "interface" } },
  )
}

resource "travel_network" "this" {
  name                = var.name
  cidr                = var.cidr
  zones               = var.zones
  tiers               = var.tiers
  secondary_cidrs     = var.secondary_cidrs
  ipv6                = var.ipv6
  nat                 = var.nat
  nat_tier            = var.nat_tier
  endpoint_tier       = var.endpoint_tier
  endpoints           = local.endpoints
  flow_logs           = var.flow_logs
  clusters            = var.clusters
  karpenter_discovery = var.karpenter_discovery
  other_networks      = var.other_networks
  exclusive           = var.exclusive
  allow_replacement   = var.allow_replacement
  tags                = var.tags

  lifecycle {
    postcondition {
      condition     = self.status == "ready"
      error_message = "The network is not complete yet. The next apply continues."
    }
  }
}
