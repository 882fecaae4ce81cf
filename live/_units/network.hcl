# The network of an environment in a region.

locals {
  env    = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  region = basename(dirname(get_terragrunt_dir()))
  mocks  = read_terragrunt_config("${get_repo_root()}/live/_units/mocks.hcl").locals

  others = {
    for name in ["dev", "stg", "prod"] : name => [read_terragrunt_config("${get_repo_root()}/live/${name}/env.hcl").locals.network.cidr]
    if name != local.env.account
  }
}

dependency "encryption" {
  config_path                             = "../encryption"
  mock_outputs                            = local.mocks.outputs.encryption
  mock_outputs_allowed_terraform_commands = local.mocks.commands
}

generate "mocks" {
  path        = "mocks.tf"
  if_exists   = "overwrite"
  disable     = !can(dependency.encryption.outputs.mocked)
  if_disabled = "remove"
  contents    = local.mocks.file
}

inputs = {
  name                = local.env.account
  cidr                = local.env.network.cidr
  zones               = [for zone in local.env.network.zones : "${local.region}${zone}"]
  tiers               = try(local.env.network.tiers, null)
  nat                 = local.env.network.nat
  nat_tier            = try(local.env.network.nat_tier, null)
  endpoint_tier       = length(local.env.network.interface_endpoints) > 0 ? "private" : null
  interface_endpoints = local.env.network.interface_endpoints
  karpenter_discovery = local.env.account
  clusters            = [local.env.account]
  other_networks      = local.others

  flow_logs = {
    retention_days = local.env.network.log_retention_days
    kms_key_arn    = dependency.encryption.outputs.arns.logs
  }
}
