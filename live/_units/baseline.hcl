# The namespaces of the seven services, with what every pod in them keeps to, and a release that
# proves that pods run.

locals {
  env      = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  mocks    = read_terragrunt_config("${get_repo_root()}/live/_units/mocks.hcl").locals
  services = ["auth", "cart", "catalog", "frontend", "notifications", "orders", "payments"]
}

dependency "cluster" {
  config_path                             = "../cluster"
  mock_outputs                            = local.mocks.outputs.cluster
  mock_outputs_allowed_terraform_commands = local.mocks.commands
}

generate "mocks" {
  path        = "mocks.tf"
  if_exists   = "overwrite"
  disable     = !can(dependency.cluster.outputs.mocked)
  if_disabled = "remove"
  contents    = local.mocks.file
}

inputs = {
  cluster = merge(dependency.cluster.outputs.cluster, { proxy_url = try(local.env.cluster.proxy_url, null) })
  # Those of the module's own version.
  charts     = local.env.modules_ref == null ? "${get_repo_root()}/charts" : "../../charts"
  namespaces = { for name in local.services : name => {} }
  defaults   = { quota = local.env.quota }
}
