# An add-on that somebody else has installed is not taken over, and outlives its refusal: 09-drift looks for it.
# outside: eks POST /clusters/acceptance/addons {"addonName": "snapshot-controller"}
# plan: travel_eks_platform.this update
# changes: travel_eks_platform.this addons
# apply refused: add-on snapshot-controller exists already

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

  access_entries = {
    admin = {
      principal_arn = "${local.roles}/acceptance-admin"
      policies      = { AmazonEKSAdminPolicy = { namespaces = ["shop", "shop-*"] } }
    }
    viewer = {
      principal_arn     = "${local.roles}/acceptance-viewer"
      kubernetes_groups = ["viewers"]
      policies          = { AmazonEKSViewPolicy = {} }
      tags              = { team = "support" }
    }
  }

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
      max_size        = 4
      labels          = { workload = "jobs" }
      taints          = [{ key = "spot", value = "true", effect = "NO_EXECUTE" }]
      max_unavailable = 2
      auto_repair     = true
    }
  }

  addons = {
    vpc-cni                = { configuration_values = jsonencode({ enableNetworkPolicy = "true", env = { WARM_IP_TARGET = "2" } }) }
    kube-proxy             = {}
    coredns                = { configuration_values = jsonencode({ replicaCount = 3 }) }
    eks-pod-identity-agent = {}
    snapshot-controller    = {}
    metrics-server         = { tags = { team = "platform" } }
  }

  pod_identities = {
    "shop/cart"    = { role_arn = "${local.roles}/acceptance-shop", disable_session_tags = true }
    "shop/catalog" = { role_arn = "${local.roles}/acceptance-cart" }
  }
}
