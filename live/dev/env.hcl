# Development: follows the checkout, so what is merged is applied.
locals {
  organization = read_terragrunt_config("${get_repo_root()}/live/organization/env.hcl").locals

  account          = "dev"
  primary_region   = local.organization.primary_region
  recovery_region  = local.organization.recovery_region
  domain           = local.organization.domain
  modules_ref      = null
  provider_version = "0.1.0"
  protected        = false
  # Units that have moved here, with the paths they had before.
  moved = {}
  tags  = { environment = "dev" }

  network = {
    cidr                = "10.10.0.0/16"
    zones               = ["a", "b"]
    nat                 = "single"
    interface_endpoints = []
    log_retention_days  = 7
  }
}
