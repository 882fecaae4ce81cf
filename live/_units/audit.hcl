# What was done in all accounts: a trail of the organization, whose log files the account log-archive
# keeps, where nobody works.

locals {
  env   = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  mocks = read_terragrunt_config("${get_repo_root()}/live/_units/mocks.hcl").locals
  name  = replace(local.env.domain, ".", "-")
}

dependency "organization" {
  config_path                             = "../../global/organization"
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
  name            = local.name
  bucket          = "${local.name}-trail"
  archive_account = dependency.organization.outputs.account_ids["log-archive"]
  readers         = [dependency.organization.outputs.account_ids["security-tooling"]]

  organization = {
    id                    = dependency.organization.outputs.id
    management_account_id = dependency.organization.outputs.management_account_id
  }
}
