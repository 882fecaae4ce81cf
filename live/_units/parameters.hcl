# What other units and the services of an environment look up by name: of its network, cluster, keys and
# buckets.

locals {
  env   = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  mocks = read_terragrunt_config("${get_repo_root()}/live/_units/mocks.hcl").locals
}

dependency "cluster" {
  config_path                             = "../cluster"
  mock_outputs                            = local.mocks.outputs.cluster
  mock_outputs_allowed_terraform_commands = local.mocks.commands
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

dependency "storage" {
  config_path                             = "../storage"
  mock_outputs                            = local.mocks.outputs.storage
  mock_outputs_allowed_terraform_commands = local.mocks.commands
}

generate "mocks" {
  path        = "mocks.tf"
  if_exists   = "overwrite"
  disable     = !can(dependency.cluster.outputs.mocked) && !can(dependency.encryption.outputs.mocked) && !can(dependency.network.outputs.mocked) && !can(dependency.storage.outputs.mocked)
  if_disabled = "remove"
  contents    = local.mocks.file
}

inputs = {
  prefix = "/travel/${local.env.account}"
  key_id = lookup(dependency.encryption.outputs.arns, "parameters", null)

  parameters = merge(
    {
      "cluster/name" = { value = dependency.cluster.outputs.cluster.name }
      "network/id"   = { value = dependency.network.outputs.id }
    },
    { for tier, ids in dependency.network.outputs.subnet_ids : "network/subnets/${tier}" => { list = ids } if length(ids) > 0 },
    { for purpose, arn in dependency.encryption.outputs.arns : "keys/${purpose}" => { value = arn } },
    { for bucket in keys(dependency.storage.outputs.arns) : "buckets/${element(split("-", bucket), -1)}" => { value = bucket } },
  )
}
