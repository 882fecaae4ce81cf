# A network for a cluster: three tiers over three zones, a NAT gateway per zone, endpoints for what
# nodes call most, and logs of the traffic.
resource "travel_network" "main" {
  name  = "main"
  cidr  = "10.20.0.0/16"
  zones = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
  nat   = "per_zone"

  # Pods get addresses of their own, in a block that never leaves the network.
  secondary_cidrs = ["100.64.0.0/16"]
  tiers = {
    public  = { access = "public" }
    private = { access = "private" }
    data    = { access = "isolated" }
    pods    = { access = "private", cidr = "100.64.0.0/16", prefix_length = 18, discovery = false }
  }

  endpoints = {
    s3        = {}
    "ecr.api" = {}
    "ecr.dkr" = {}
    sts       = {}
  }
  endpoint_tier = "private"

  flow_logs = {
    retention_days = 90
  }

  clusters            = ["main"]
  karpenter_discovery = "main"

  # A plan that overlaps one of these is refused.
  other_networks = {
    stg  = ["10.30.0.0/16"]
    prod = ["10.40.0.0/16"]
  }

  tags = {
    team = "platform"
  }
}

output "private_subnets" {
  value = travel_network.main.subnet_ids["private"]
}

output "egress_addresses" {
  value = [for gateway in travel_network.main.nat_gateways : gateway.public_ip]
}
