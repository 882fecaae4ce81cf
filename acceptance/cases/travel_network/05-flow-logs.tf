# The flow log gets another log group and another role: then the old ones go.
# plan: travel_network.this update
# changes: travel_network.this flow_logs
# import identity: travel_network.this region=eu-central-1 name=acceptance exclusive

resource "travel_network" "this" {
  name            = "acceptance"
  cidr            = "10.20.0.0/16"
  secondary_cidrs = ["100.64.0.0/16"]
  zones           = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
  nat             = "per_zone"
  ipv6            = true
  endpoints       = { s3 = {}, sts = {}, "ecr.api" = {} }
  tags            = { team = "network" }
  exclusive       = true

  clusters            = ["dev"]
  karpenter_discovery = "dev"

  flow_logs = {
    retention_days = 90
    log_group      = "/acceptance/traffic"
    role           = "acceptance-traffic"
  }
}
