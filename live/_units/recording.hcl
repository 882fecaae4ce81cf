# What there is in an account and a region, and whether it is as it should be.

locals {
  env       = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  mocks     = read_terragrunt_config("${get_repo_root()}/live/_units/mocks.hcl").locals
  is_global = basename(dirname(get_terragrunt_dir())) == local.env.primary_region
}

dependency "aggregation" {
  config_path                             = "${get_repo_root()}/live/organization/${local.env.primary_region}/aggregation"
  mock_outputs                            = local.mocks.outputs.aggregation
  mock_outputs_allowed_terraform_commands = local.mocks.commands
}

generate "mocks" {
  path        = "mocks.tf"
  if_exists   = "overwrite"
  disable     = !can(dependency.aggregation.outputs.mocked)
  if_disabled = "remove"
  contents    = local.mocks.file
}

inputs = {
  bucket                = dependency.aggregation.outputs.bucket
  global_resource_types = local.is_global
  frequency             = local.env.protected ? "CONTINUOUS" : "DAILY"

  rules = merge(
    {
      buckets-are-not-public     = { managed = "S3_BUCKET_PUBLIC_READ_PROHIBITED" }
      databases-are-encrypted    = { managed = "RDS_STORAGE_ENCRYPTED" }
      instances-ask-with-tokens  = { managed = "EC2_IMDSV2_CHECK" }
      keys-are-not-to-be-deleted = { managed = "KMS_CMK_NOT_SCHEDULED_FOR_DELETION" }
      volumes-are-encrypted      = { managed = "ENCRYPTED_VOLUMES" }
      vpcs-keep-flow-logs        = { managed = "VPC_FLOW_LOGS_ENABLED" }
    },
    # IAM is the same in all regions.
    { for name, rule in {
      access-keys-are-young = { managed = "ACCESS_KEYS_ROTATED", parameters = { maxAccessKeyAge = "90" } }
      root-has-mfa          = { managed = "ROOT_ACCOUNT_MFA_ENABLED" }
      root-has-no-keys      = { managed = "IAM_ROOT_ACCESS_KEY_CHECK" }
    } : name => rule if local.is_global },
  )
}
