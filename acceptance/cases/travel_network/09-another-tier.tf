# NAT gateways and endpoints stand in other tiers, with the same addresses and names.
# plan: travel_network.this update

resource "travel_network" "this" {
  name            = "acceptance"
  cidr            = "10.20.0.0/16"
  secondary_cidrs = ["100.64.0.0/16"]
  zones           = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
  nat             = "per_zone"
  ipv6            = true
  endpoints       = { s3 = {}, sts = {} }
  flow_logs       = { retention_days = 90 }
  tags            = { team = "network" }

  clusters            = ["dev"]
  karpenter_discovery = "dev"

  nat_tier      = "edge"
  endpoint_tier = "data"

  tiers = {
    public  = { access = "public" }
    edge    = { access = "public" }
    private = { access = "private" }
    data    = { access = "isolated" }
  }
}
