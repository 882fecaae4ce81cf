# Staging: as large as it takes to find what production would.
locals {
  organization = read_terragrunt_config("${get_repo_root()}/live/organization/env.hcl").locals

  account         = "stg"
  primary_region  = local.organization.primary_region
  recovery_region = local.organization.recovery_region
  domain          = local.organization.domain
  # A tag of this repository once there is a release; until then the checkout.
  modules_ref      = null
  provider_version = "0.1.0"
  protected        = false
  # Units that have moved here, with the paths they had before.
  moved = {}
  tags  = { environment = "stg" }

  network = {
    cidr                = "10.20.0.0/16"
    zones               = ["a", "b", "c"]
    nat                 = "single"
    interface_endpoints = ["ecr.api", "ecr.dkr", "sts"]
    log_retention_days  = 30
  }
}
