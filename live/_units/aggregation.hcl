# Where what all accounts record comes together: the account log-archive keeps it, and security-tooling
# has the view.

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
  name               = local.name
  organization_id    = dependency.organization.outputs.id
  bucket             = "${local.name}-recordings"
  archive_account    = dependency.organization.outputs.account_ids["log-archive"]
  aggregator_account = dependency.organization.outputs.account_ids["security-tooling"]
}
