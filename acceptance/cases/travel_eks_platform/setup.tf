# outside: iam CreateRole RoleName=acceptance-admin AssumeRolePolicyDocument={"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole"}]}
# outside: iam CreateRole RoleName=acceptance-viewer AssumeRolePolicyDocument={"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"111122223333"},"Action":"sts:AssumeRole"}]}
# outside: iam CreateRole RoleName=acceptance-cart AssumeRolePolicyDocument={"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"pods.eks.amazonaws.com"},"Action":["sts:AssumeRole","sts:TagSession"]}]}
# outside: iam CreateRole RoleName=acceptance-shop AssumeRolePolicyDocument={"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"pods.eks.amazonaws.com"},"Action":["sts:AssumeRole","sts:TagSession"]}]}
# outside: iam CreateRole RoleName=acceptance-node AssumeRolePolicyDocument={"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}
# outside: iam AttachRolePolicy RoleName=acceptance-node PolicyArn=arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy
# outside: iam AttachRolePolicy RoleName=acceptance-node PolicyArn=arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly
# outside: iam AttachRolePolicy RoleName=acceptance-node PolicyArn=arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy

# A network without a way out but to one service, and a key.

resource "travel_network" "this" {
  name      = "acceptance"
  cidr      = "10.20.0.0/16"
  zones     = ["eu-central-1a", "eu-central-1b"]
  nat       = "none"
  clusters  = ["acceptance"]
  endpoints = { sts = {} }

  tiers = {
    private = { access = "isolated", discovery = true }
    data    = { access = "isolated" }
  }
}

resource "travel_kms_key" "this" {
  name                 = "acceptance/secrets"
  deletion_window_days = 7
  force_destroy        = true
}

locals {
  roles           = "arn:aws:iam::111122223333:role"
  subnets         = travel_network.this.subnet_ids["private"]
  security_groups = [travel_network.this.endpoint_security_group.id]

  # What step after step has from where it comes in.
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
