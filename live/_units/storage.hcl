# The buckets of an environment in a region: logs that other buckets and services write, and backups.

locals {
  env   = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  mocks = read_terragrunt_config("${get_repo_root()}/live/_units/mocks.hcl").locals
  name  = "${replace(local.env.domain, ".", "-")}-${local.env.account}"
}

dependency "encryption" {
  config_path                             = "../encryption"
  mock_outputs                            = local.mocks.outputs.encryption
  mock_outputs_allowed_terraform_commands = local.mocks.commands
}

generate "mocks" {
  path        = "mocks.tf"
  if_exists   = "overwrite"
  disable     = !can(dependency.encryption.outputs.mocked)
  if_disabled = "remove"
  contents    = local.mocks.file
}

inputs = {
  buckets = {
    # S3 writes its logs into no bucket that a key of KMS encrypts.
    "${local.name}-logs" = {
      expiration_days = local.env.protected ? 365 : 30
      services        = ["delivery.logs.amazonaws.com", "logging.s3.amazonaws.com"]
      force_destroy   = !local.env.protected
    }
    "${local.name}-backups" = {
      kms_key       = dependency.encryption.outputs.arns.buckets
      log_bucket    = "${local.name}-logs"
      lock          = local.env.protected ? { days = 14 } : null
      force_destroy = !local.env.protected
    }
  }
}
