# What others have added goes, where everything is to be the network's own.
# plan: travel_network.this update
# changes: travel_network.this exclusive foreign

resource "travel_network" "this" {
  name            = "acceptance"
  cidr            = "10.20.0.0/16"
  secondary_cidrs = ["100.64.0.0/16"]
  zones           = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
  nat             = "per_zone"
  ipv6            = true
  endpoints       = { s3 = {}, sts = {}, "ecr.api" = {} }
  flow_logs       = { retention_days = 90 }
  tags            = { team = "network" }
  exclusive       = true

  clusters            = ["dev"]
  karpenter_discovery = "dev"
}
