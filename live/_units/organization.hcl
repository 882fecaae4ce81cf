# The organization with its accounts, which all other units work in.

locals {
  env = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals

  accounts = {
    dev              = "workloads"
    stg              = "workloads"
    prod             = "workloads"
    shared-services  = "infrastructure"
    backup           = "infrastructure"
    log-archive      = "security"
    security-tooling = "security"
  }
}

inputs = {
  name     = replace(local.env.domain, ".", "-")
  units    = toset(values(local.accounts))
  accounts = { for name, unit in local.accounts : name => { email = "aws+${name}@${local.env.domain}", unit = unit } }

  trusted_services = [
    "cloudtrail.amazonaws.com",
    "config.amazonaws.com",
    "guardduty.amazonaws.com",
    "securityhub.amazonaws.com",
    "sso.amazonaws.com",
  ]

  guardrails         = { approved_regions = [local.env.primary_region, local.env.recovery_region] }
  effective_policies = { bucket = local.env.policies.bucket, key = local.env.policies.key }
}
