# plan: travel_eks_platform.this update
# changes: travel_eks_platform.this node_groups security_group_ids

resource "travel_eks_platform" "this" {
  name                   = "acceptance"
  version                = "1.34"
  subnet_ids             = local.subnets
  support_type           = "STANDARD"
  endpoint_public_access = true
  public_access_cidrs    = ["203.0.113.0/24"]
  encryption_key_arn     = travel_kms_key.this.arn
  zonal_shift            = true
  logs                   = { types = ["audit", "scheduler"], retention_days = 30 }
  tags                   = { team = "security" }
  access_entries         = local.access_entries
  node_groups            = local.node_groups
  pod_identities         = local.pod_identities
}
