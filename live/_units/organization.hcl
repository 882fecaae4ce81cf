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

  policy_types = ["SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY", "TAG_POLICY"]

  trusted_services = [
    "access-analyzer.amazonaws.com",
    "account.amazonaws.com",
    "cloudtrail.amazonaws.com",
    "config.amazonaws.com",
    "config-multiaccountsetup.amazonaws.com",
    "guardduty.amazonaws.com",
    "securityhub.amazonaws.com",
    "sso.amazonaws.com",
  ]

  delegated_administrators = {
    for service in ["access-analyzer", "config", "config-multiaccountsetup"] : "${service}.amazonaws.com" => ["security-tooling"]
  }

  guardrails         = { approved_regions = [local.env.primary_region, local.env.recovery_region] }
  perimeter          = {}
  required_tags      = { environment = {} }
  contacts           = local.env.contacts
  effective_policies = { bucket = local.env.policies.bucket, key = local.env.policies.key }
}
