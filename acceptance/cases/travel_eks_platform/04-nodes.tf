# Another instance type is another group, which takes over before the old one goes.
# plan: travel_eks_platform.this update
# changes: travel_eks_platform.this node_groups

resource "travel_eks_platform" "this" {
  name                   = "acceptance"
  version                = "1.34"
  subnet_ids             = local.subnets
  security_group_ids     = local.security_groups
  support_type           = "STANDARD"
  endpoint_public_access = true
  public_access_cidrs    = ["203.0.113.0/24"]
  encryption_key_arn     = travel_kms_key.this.arn
  zonal_shift            = true
  logs                   = { types = ["audit", "scheduler"], retention_days = 30 }
  tags                   = { team = "security" }
  access_entries         = local.access_entries
  pod_identities         = local.pod_identities

  node_groups = {
    general = {
      instance_types = ["m7i.xlarge"]
      min_size       = 1
      max_size       = 3
    }
    spot = {
      instance_types  = ["m7i.large", "m7a.large"]
      capacity_type   = "SPOT"
      min_size        = 1
      max_size        = 2
      labels          = { workload = "batch" }
      taints          = [{ key = "spot", value = "true", effect = "NO_SCHEDULE" }]
      max_unavailable = 2
      auto_repair     = true
    }
  }
}
