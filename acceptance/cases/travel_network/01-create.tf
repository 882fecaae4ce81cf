# refresh: 16

resource "travel_network" "this" {
  name            = "acceptance"
  cidr            = "10.20.0.0/16"
  secondary_cidrs = ["100.64.0.0/16"]
  zones           = ["eu-central-1a", "eu-central-1b"]
  nat             = "single"
  ipv6            = true
  endpoints       = { s3 = {}, sts = {} }
  flow_logs       = {}
  tags            = { team = "platform" }

  clusters            = ["dev"]
  karpenter_discovery = "dev"
}
