# plan: travel_eks_platform.this update
# changes: travel_eks_platform.this access_entries pod_identities

resource "travel_eks_platform" "this" {
  name       = "acceptance"
  version    = "1.34"
  subnet_ids = local.subnets
  tags       = { team = "platform" }

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
      instance_types = ["m7i.large"]
      min_size       = 1
      max_size       = 3
    }
  }

  pod_identities = {
    "shop/cart"    = { role_arn = "${local.roles}/acceptance-shop", disable_session_tags = true }
    "shop/catalog" = { role_arn = "${local.roles}/acceptance-cart" }
  }
}
