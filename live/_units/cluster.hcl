# The cluster of an environment in a region.

locals {
  env     = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  mocks   = read_terragrunt_config("${get_repo_root()}/live/_units/mocks.hcl").locals
  cluster = local.env.cluster
}

dependency "encryption" {
  config_path                             = "../encryption"
  mock_outputs                            = local.mocks.outputs.encryption
  mock_outputs_allowed_terraform_commands = local.mocks.commands
}

dependency "network" {
  config_path                             = "../network"
  mock_outputs                            = local.mocks.outputs.network
  mock_outputs_allowed_terraform_commands = local.mocks.commands
}

generate "mocks" {
  path        = "mocks.tf"
  if_exists   = "overwrite"
  disable     = !can(dependency.encryption.outputs.mocked) && !can(dependency.network.outputs.mocked)
  if_disabled = "remove"
  contents    = local.mocks.file
}

inputs = {
  name                = local.env.account
  kubernetes_version  = local.cluster.version
  subnet_ids          = dependency.network.outputs.subnet_ids.private
  public_access_cidrs = local.cluster.public_access_cidrs
  encryption_key_arn  = dependency.encryption.outputs.arns.secrets
  administrators      = local.cluster.administrators
  access_entries      = try(local.cluster.access_entries, {})
  node_groups         = local.cluster.node_groups
  deletion_protection = local.env.protected

  logs = {
    retention_days = local.cluster.log_retention_days
    kms_key_arn    = dependency.encryption.outputs.arns.logs
  }
}
