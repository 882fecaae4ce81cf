# What watches over all accounts: threats and access, looked after by the account security-tooling.

locals {
  env   = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  mocks = read_terragrunt_config("${get_repo_root()}/live/_units/mocks.hcl").locals
}

dependency "organization" {
  config_path                             = "../organization"
  mock_outputs                            = local.mocks.outputs.organization
  mock_outputs_allowed_terraform_commands = local.mocks.commands
}

generate "mocks" {
  path        = "mocks.tf"
  if_exists   = "overwrite"
  disable     = !can(dependency.organization.outputs.mocked)
  if_disabled = "remove"
  contents    = local.mocks.file
}

inputs = {
  administrator_id = dependency.organization.outputs.account_ids["security-tooling"]
  regions          = [local.env.primary_region, local.env.recovery_region]

  analyzers = {
    external = {}
    unused   = { analyzes = "UNUSED_ACCESS", regions = [local.env.primary_region], unused_access_days = 90 }
  }
}
