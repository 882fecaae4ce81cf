data "travel_caller" "this" {}

locals {
  roles = "arn:${data.travel_caller.this.partition}:iam::${data.travel_caller.this.account_id}:role"
}

resource "travel_network" "main" {
  name     = "main"
  cidr     = "10.20.0.0/16"
  zones    = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
  nat      = "per_zone"
  clusters = ["main"]
}

resource "travel_kms_key" "secrets" {
  name = "secrets"
}

# A cluster whose API is reached from within the network, with a group of nodes that always runs
# and one of spot nodes for work that can wait.
resource "travel_eks_platform" "main" {
  name               = "main"
  version            = "1.35"
  subnet_ids         = travel_network.main.subnet_ids["private"]
  encryption_key_arn = travel_kms_key.secrets.arn

  logs = {
    types          = ["api", "audit", "authenticator"]
    retention_days = 365
  }

  # Whoever makes the cluster gets no access by that.
  access_entries = {
    administrators = {
      principal_arn = "${local.roles}/platform-administrator"
      policies      = { AmazonEKSClusterAdminPolicy = {} }
    }
    shop = {
      principal_arn = "${local.roles}/shop-developer"
      policies      = { AmazonEKSEditPolicy = { namespaces = ["shop", "shop-*"] } }
    }
  }

  node_groups = {
    general = {
      instance_types = ["m7i.large"]
      min_size       = 3
      max_size       = 6
      auto_repair    = true
    }
    batch = {
      instance_types = ["m7i.xlarge", "m7a.xlarge", "m6i.xlarge"]
      capacity_type  = "SPOT"
      min_size       = 0
      max_size       = 10
      labels         = { workload = "batch" }
      taints         = [{ key = "workload", value = "batch", effect = "NO_SCHEDULE" }]
    }
  }

  # Without versions each is the newest that fits the cluster, and goes along with its upgrades.
  addons = {
    vpc-cni                = {}
    kube-proxy             = {}
    coredns                = { configuration_values = jsonencode({ replicaCount = 3 }) }
    eks-pod-identity-agent = {}
    aws-ebs-csi-driver     = { pod_identities = { ebs-csi-controller-sa = "${local.roles}/ebs-csi" } }
  }

  pod_identities = {
    "shop/cart" = { role_arn = "${local.roles}/shop-cart" }
  }

  deletion_protection = true

  tags = {
    team = "platform"
  }
}

# A cluster that is there already is brought in by its name, REGION/NAME, ACCOUNT/REGION/NAME, or
# its ARN:
#
#   import {
#     to = travel_eks_platform.main
#     id = "main"
#   }

output "cluster" {
  value = travel_eks_platform.main.cluster
}
