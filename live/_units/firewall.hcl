# The firewall of an environment in a region, through which its private subnets get out.

locals {
  env   = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  mocks = read_terragrunt_config("${get_repo_root()}/live/_units/mocks.hcl").locals
}

dependency "network" {
  config_path                             = "../network"
  mock_outputs_allowed_terraform_commands = local.mocks.commands

  mock_outputs = merge(local.mocks.outputs.network, {
    subnet_ids = merge(local.mocks.outputs.network.subnet_ids, { firewall = ["subnet-00000000000000002", "subnet-00000000000000003"] })
  })
}

dependency "storage" {
  config_path                             = "../storage"
  mock_outputs                            = local.mocks.outputs.storage
  mock_outputs_allowed_terraform_commands = local.mocks.commands
}

generate "mocks" {
  path        = "mocks.tf"
  if_exists   = "overwrite"
  disable     = !can(dependency.network.outputs.mocked) && !can(dependency.storage.outputs.mocked)
  if_disabled = "remove"
  contents    = local.mocks.file
}

inputs = {
  name                 = local.env.account
  network_id           = dependency.network.outputs.id
  subnet_ids           = dependency.network.outputs.subnet_ids.firewall
  inspected_subnet_ids = dependency.network.outputs.subnet_ids.private
  home_networks        = [local.env.network.cidr]
  allowed_domains      = local.env.firewall.allowed_domains
  alert_only           = local.env.firewall.alert_only
  protected            = local.env.protected

  logs = {
    alert = {
      bucket = one([for bucket in keys(dependency.storage.outputs.arns) : bucket if endswith(bucket, "-logs")])
      prefix = "firewall"
    }
  }
}
