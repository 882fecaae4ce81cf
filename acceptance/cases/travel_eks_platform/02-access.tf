# plan: travel_eks_platform.this update
# changes: travel_eks_platform.this access_entries pod_identities

resource "travel_eks_platform" "this" {
  name                = "acceptance"
  version             = "1.34"
  subnet_ids          = local.subnets
  authentication_mode = "API_AND_CONFIG_MAP"
  tags                = { team = "platform" }
  access_entries      = local.access_entries
  pod_identities      = local.pod_identities

  node_groups = {
    general = {
      instance_types = ["m7i.large"]
      min_size       = 1
      max_size       = 3
    }
  }
}
