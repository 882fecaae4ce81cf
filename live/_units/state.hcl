# The bucket with the state of all units, its own included. Terragrunt makes it with the first apply,
# for there is no state before; from then on it is this unit's. Pipelines of an environment's account get
# at the states of that environment.

locals {
  env   = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  mocks = read_terragrunt_config("${get_repo_root()}/live/_units/mocks.hcl").locals
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

generate "bucket" {
  path      = "bucket.tf"
  if_exists = "overwrite"
  contents  = <<-EOT
    import {
      to = travel_bucket.this
      id = "${local.env.primary_region}/${local.env.state_bucket}"
    }
  EOT
}

inputs = {
  name            = "organization"
  bucket          = local.env.state_bucket
  recovery_region = local.env.recovery_region

  access = merge([
    for name in ["dev", "stg", "prod"] : {
      "${name}-plan"  = { account = dependency.organization.outputs.account_ids[name], roles = ["ci/plan"], prefix = "${name}/" }
      "${name}-apply" = { account = dependency.organization.outputs.account_ids[name], roles = ["ci/apply"], prefix = "${name}/", write = true }
    }
  ]...)
}
