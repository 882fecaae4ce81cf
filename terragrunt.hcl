# What all units of live/ share: where their state is, how the provider is configured, which module
# they apply, what is tried again, what is protected. env.hcl of each environment says the rest.

locals {
  # Such as dev/eu-central-1/network. It names the unit in its state and in the ownership tags of
  # everything it makes, so a unit that moves is listed in env.hcl.
  unit   = trimprefix(path_relative_to_include(), "live/")
  module = basename(local.unit)
  env    = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  region = split("/", local.unit)[1] == "global" ? local.env.primary_region : split("/", local.unit)[1]

  organization = read_terragrunt_config("${get_repo_root()}/live/organization/env.hcl").locals

  # Without modules_ref the environment follows the checkout.
  checkout = "${get_repo_root()}/modules//${local.module}"
  tagged   = "git::https://github.com/travelsources/travel.git//modules/${local.module}?ref=${coalesce(local.env.modules_ref, "none")}"

  # The management account is bound by no policy of the organization.
  policies = local.env.account == null ? null : merge(local.organization.policies, { region = local.organization.primary_region })

  destroys = get_terraform_command() == "destroy" || contains(get_terraform_cli_args(), "-destroy")
}

terraform {
  source = local.env.modules_ref == null ? local.checkout : local.tagged

  # The provider's version is pinned in env.hcl, for all units of an environment at once.
  copy_terraform_lock_file = false

  # Where outputs of a unit that was never applied are made up (live/_units/mocks.hcl), the plan
  # says so first, and it cannot be applied: an ephemeral variable has to be given again then.
  before_hook "mocks" {
    commands = ["plan", "validate"]
    execute  = ["sh", "-c", "if [ -f mocks.tf ]; then sed -n 's|^# MOCKS|MOCKS in ${local.unit}|p' mocks.tf; fi"]
  }

  extra_arguments "mocks" {
    commands = ["plan"]
    env_vars = { TF_VAR_plan_with_mocks_cannot_be_applied = "true" }
  }
}

remote_state {
  backend = "s3"

  generate = {
    path      = "backend.tf"
    if_exists = "overwrite"
  }

  config = {
    # In the management account, whose credentials every unit starts from.
    bucket       = "${replace(local.organization.domain, ".", "-")}-terraform-state"
    key          = "${local.unit}/terraform.tfstate"
    region       = local.organization.primary_region
    encrypt      = true
    use_lockfile = true
  }
}

generate "provider" {
  path      = "provider.tf"
  if_exists = "overwrite"
  contents  = <<-EOT
    provider "travel" {
      deployment           = "${local.unit}"
      previous_deployments = ${jsonencode(lookup(local.env.moved, local.unit, []))}
      account              = ${jsonencode(local.env.account)}
      accounts             = ${jsonencode(local.env.accounts)}
      region               = "${local.region}"
      default_tags         = ${jsonencode(local.env.tags)}
      effective_policies   = ${jsonencode(local.policies)}
    }
  EOT
}

generate "provider_version" {
  path      = "versions_override.tf"
  if_exists = "overwrite"
  contents  = <<-EOT
    terraform {
      required_providers {
        travel = {
          source  = "registry.terraform.io/travelsources/travel"
          version = "${local.env.provider_version}"
        }
      }
    }
  EOT
}

exclude {
  if      = local.env.protected && local.destroys
  actions = ["plan", "apply", "destroy"]
  no_run  = true
}

errors {
  retry "transient" {
    # What the provider has tried again by itself is not listed: these are failures around it.
    retryable_errors = [
      "(?s).*Error acquiring the state lock.*",
      "(?s).*(connection reset by peer|TLS handshake timeout|i/o timeout).*",
    ]
    max_attempts       = 3
    sleep_interval_sec = 10
  }
}
