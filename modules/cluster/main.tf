data "travel_caller" "this" {}

locals {
  roles = "arn:${data.travel_caller.this.partition}:iam::${data.travel_caller.this.account_id}:role"

  # Each kind of access with the policy of EKS that gives it.
  access = {
    for policy, roles in {
      AmazonEKSClusterAdminPolicy = var.administrators
      AmazonEKSViewPolicy         = var.viewers
      } : policy => {
      for role in roles : role => {
        principal_arn = startswith(role, "arn:") ? role : "${local.roles}/${role}"
        policies      = { (policy) = {} }
      }
    }
  }
}

resource "travel_eks_platform" "this" {
  name                   = var.name
  version                = var.kubernetes_version
  support_type           = var.support_type
  subnet_ids             = var.subnet_ids
  endpoint_public_access = length(var.public_access_cidrs) > 0
  public_access_cidrs    = length(var.public_access_cidrs) > 0 ? var.public_access_cidrs : null
  encryption_key_arn     = var.encryption_key_arn
  logs                   = var.logs
  node_groups            = var.node_groups
  addons                 = var.addons
  pod_identities         = { for account, role_arn in var.pod_identities : account => { role_arn = role_arn } }
  deletion_protection    = var.deletion_protection
  force_destroy          = var.force_destroy
  allow_replacement      = var.allow_replacement
  tags                   = var.tags

  access_entries = merge(
    local.access.AmazonEKSClusterAdminPolicy,
    local.access.AmazonEKSViewPolicy,
    var.access_entries,
  )

  lifecycle {
    postcondition {
      condition     = self.status == "ready"
      error_message = "The cluster is not complete yet. The next apply continues."
    }
  }
}
