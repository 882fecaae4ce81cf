# One of each, and the usual add-ons. Network and key take 17 calls, the platform 20.
# refresh: 37

resource "travel_eks_platform" "this" {
  name                = "acceptance"
  version             = "1.34"
  subnet_ids          = local.subnets
  authentication_mode = "API_AND_CONFIG_MAP"
  tags                = { team = "platform" }

  access_entries = {
    admin = {
      principal_arn = "${local.roles}/acceptance-admin"
      policies      = { AmazonEKSClusterAdminPolicy = {} }
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
    "shop/cart" = { role_arn = "${local.roles}/acceptance-cart" }
  }
}
