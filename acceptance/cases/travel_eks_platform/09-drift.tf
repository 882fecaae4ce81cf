# What others have changed is changed back.
# outside: eks DELETE /clusters/acceptance/addons/metrics-server
# outside: eks DELETE /clusters/acceptance/access-entries/arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Facceptance-viewer
# outside: eks DELETE /clusters/acceptance/access-entries/arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Facceptance-admin/access-policies/arn%3Aaws%3Aeks%3A%3Aaws%3Acluster-access-policy%2FAmazonEKSAdminPolicy
# outside: logs DeleteRetentionPolicy {"logGroupName": "/aws/eks/acceptance/cluster"}
# outside: iam DetachRolePolicy RoleName=travel-acceptance-eu-central-1-node PolicyArn=arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy
# outside: iam UntagRole RoleName=travel-acceptance-eu-central-1-cluster TagKeys.member.1=travel:deployment
# outside: eks GET /clusters/acceptance/addons/snapshot-controller
# plan: travel_eks_platform.this update
# changes: travel_eks_platform.this access_entries addons logs mistagged roles

resource "travel_eks_platform" "this" {
  name                   = "acceptance"
  version                = "1.35"
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
    metrics-server         = { tags = { team = "platform" } }
  }

  pod_identities = {
    "shop/cart"    = { role_arn = "${local.roles}/acceptance-shop", disable_session_tags = true }
    "shop/catalog" = { role_arn = "${local.roles}/acceptance-cart" }
  }
}
