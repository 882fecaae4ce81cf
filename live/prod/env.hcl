# Production.
locals {
  organization = read_terragrunt_config("${get_repo_root()}/live/organization/env.hcl").locals

  account         = "prod"
  primary_region  = local.organization.primary_region
  recovery_region = local.organization.recovery_region
  domain          = local.organization.domain
  state_bucket    = local.organization.state_bucket
  policies        = local.organization.policies
  repository      = local.organization.repository
  # A tag of this repository once there is a release; until then the checkout.
  modules_ref      = null
  provider_version = "0.1.0"
  protected        = true
  # Roles to work in, by account, other than OrganizationAccountAccessRole.
  accounts = {}
  # Units that have moved here, with the paths they had before.
  moved = {}
  tags  = { environment = "prod" }

  network = {
    cidr                = "10.30.0.0/16"
    zones               = ["a", "b", "c"]
    nat                 = "per_zone"
    interface_endpoints = ["ec2", "ecr.api", "ecr.dkr", "eks", "kms", "logs", "secretsmanager", "sts"]
    log_retention_days  = 365
  }

  # The API is reached from within the network, by runners or a VPN. The units themselves work in
  # the role of the administrators.
  cluster = {
    version             = "1.35"
    public_access_cidrs = []
    administrators      = ["OrganizationAccountAccessRole"]
    log_retention_days  = 365

    node_groups = {
      general = { instance_types = ["m7i.xlarge"], min_size = 3, max_size = 12 }
    }
  }

  # What the pods of each service may ask for.
  quota = { "requests.cpu" = "16", "requests.memory" = "32Gi", "limits.memory" = "64Gi" }
}
