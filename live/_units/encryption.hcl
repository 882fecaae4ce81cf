# The keys of a region, one for each purpose. The primary region's are readable in the recovery
# region; there, snapshots that are copied over are encrypted with a key of its own, and those in
# the backup account with one of that account.

locals {
  env    = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  region = basename(dirname(get_terragrunt_dir()))

  # Auto Scaling starts the clusters' nodes. Where their volumes are encrypted with this key, as when
  # the account encrypts with it by default, its role has to open them.
  volumes = {
    description = "Volumes and their snapshots"
    roles       = ["aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"]
  }

  keys = {
    primary = {
      volumes    = local.volumes
      logs       = { description = "Log groups", log_groups = true }
      secrets    = { description = "Secrets, in Secrets Manager and in clusters", replica_regions = [local.env.recovery_region] }
      buckets    = { description = "Buckets", replica_regions = [local.env.recovery_region] }
      parameters = { description = "Parameters", replica_regions = [local.env.recovery_region] }
      databases  = { description = "Databases and their backups", replica_regions = [local.env.recovery_region] }
    }
    recovery = {
      volumes = local.volumes
      backups = { description = "Backups of ${local.env.account}", account = "backup" }
    }
  }
}

dependencies {
  paths = ["${get_repo_root()}/live/organization/global/organization"]
}

inputs = {
  name = local.env.account
  keys = local.keys[local.region == local.env.primary_region ? "primary" : "recovery"]
}
