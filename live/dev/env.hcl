# Development: follows the checkout, so what is merged is applied.
locals {
  organization = read_terragrunt_config("${get_repo_root()}/live/organization/env.hcl").locals

  account          = "dev"
  primary_region   = local.organization.primary_region
  recovery_region  = local.organization.recovery_region
  domain           = local.organization.domain
  state_bucket     = local.organization.state_bucket
  policies         = local.organization.policies
  repository       = local.organization.repository
  modules_ref      = null
  provider_version = "0.1.0"
  protected        = false
  # Roles to work in, by account, other than OrganizationAccountAccessRole.
  accounts = {}
  # Units that have moved here, with the paths they had before.
  moved = {}
  tags  = { environment = "dev" }

  network = {
    cidr                = "10.10.0.0/16"
    zones               = ["a", "b"]
    nat                 = "single"
    nat_tier            = "nat"
    interface_endpoints = []
    log_retention_days  = 7

    # What is private gets out through the firewall, and then by NAT gateways that stand alone, so that
    # what comes back is led through the firewall, too.
    tiers = {
      public   = { access = "public" }
      nat      = { access = "public", prefix_length = 28, discovery = false }
      firewall = { access = "private", prefix_length = 28, discovery = false }
      private  = { access = "private" }
      data     = { access = "isolated" }
    }
  }

  # What leaves the network for other domains is only told (alert_only): first see what the list lacks.
  firewall = {
    alert_only = true

    allowed_domains = [
      ".amazonaws.com", ".api.aws", ".cloudfront.net", ".docker.com", ".docker.io", ".github.com",
      ".githubusercontent.com", ".pkg.dev", ".quay.io", "ghcr.io", "public.ecr.aws", "registry.k8s.io",
    ]
  }

  # The API is reached from within the network, by runners or a VPN. The units themselves work in
  # the role of the administrators.
  cluster = {
    version             = "1.35"
    public_access_cidrs = []
    administrators      = ["OrganizationAccountAccessRole"]
    log_retention_days  = 14

    node_groups = {
      general = { instance_types = ["m7i.large"], min_size = 2, max_size = 4 }
    }
  }

  # What the pods of each service may ask for.
  quota = { "requests.cpu" = "4", "requests.memory" = "8Gi", "limits.memory" = "16Gi" }
}
