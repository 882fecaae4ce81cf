# The snapshots of an environment's volumes, with copies in the recovery region: in the same account,
# and in the backup account.

locals {
  env   = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  mocks = read_terragrunt_config("${get_repo_root()}/live/_units/mocks.hcl").locals

  # What is protected loses four hours at most, and can be brought back when somebody deletes it; what
  # is not, a day and what a copy takes.
  policies = {
    protected = {
      rpo_minutes  = 240
      copy_minutes = 30
      most_volumes = 40
      lock         = { retain_days = 14, unlock_delay_days = 7 }

      schedules = {
        hourly = { interval_hours = 1, retain = { count = 24 }, retain_copies = { interval = 2, unit = "DAYS" } }
        daily  = { interval_hours = 24, start = "03:00", retain = { interval = 35, unit = "DAYS" }, retain_copies = { interval = 35, unit = "DAYS" } }
      }
    }
    other = {
      schedules = {
        daily = { interval_hours = 24, start = "03:00", retain = { count = 7 } }
      }
    }
  }
}

dependency "encryption" {
  config_path                             = "../encryption"
  mock_outputs                            = local.mocks.outputs.encryption
  mock_outputs_allowed_terraform_commands = local.mocks.commands
}

dependency "recovery_encryption" {
  config_path                             = "../../${local.env.recovery_region}/encryption"
  mock_outputs_allowed_terraform_commands = local.mocks.commands

  mock_outputs = merge(local.mocks.outputs.encryption, {
    arns = { for purpose, arn in local.mocks.outputs.encryption.arns : purpose => replace(arn, local.env.primary_region, local.env.recovery_region) }
  })
}

# Not for what it puts out: a policy says which volumes it finds, so these should be there.
dependencies {
  paths = ["../cluster"]
}

generate "mocks" {
  path        = "mocks.tf"
  if_exists   = "overwrite"
  disable     = !can(dependency.encryption.outputs.mocked) && !can(dependency.recovery_encryption.outputs.mocked)
  if_disabled = "remove"
  contents    = local.mocks.file
}

inputs = {
  volume_kms_key_arns   = [dependency.encryption.outputs.arns.volumes]
  recovery_kms_key_arns = { (local.env.recovery_region) = dependency.recovery_encryption.outputs.arns.volumes }

  backup = {
    account      = "backup"
    kms_key_arns = { (local.env.recovery_region) = dependency.recovery_encryption.outputs.arns.backups }
  }

  # The CSI driver gives this tag to every volume of a claim.
  policies = {
    claims = merge(local.policies[local.env.protected ? "protected" : "other"], { target_tags = { "ebs.csi.aws.com/cluster" = ["true"] } })
  }
}
