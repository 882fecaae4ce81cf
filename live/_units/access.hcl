# Who may do what in which accounts. Identity Center itself has to be enabled before, in the primary
# region, which AWS leaves to a person.

locals {
  env   = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  mocks = read_terragrunt_config("${get_repo_root()}/live/_units/mocks.hcl").locals

  # Accounts by what is done in them.
  workloads  = ["dev", "stg", "prod"]
  everywhere = concat(local.workloads, ["shared-services", "backup", "log-archive", "security-tooling"])

  assignments = {
    platform-dev        = { group = "platform", accounts = ["dev"], permission_sets = ["administrator"] }
    platform-workloads  = { group = "platform", accounts = local.workloads, permission_sets = ["operator", "reader"] }
    platform-shared     = { group = "platform", accounts = ["shared-services"], permission_sets = ["operator", "reader"] }
    developers-dev      = { group = "developers", accounts = ["dev"], permission_sets = ["operator"] }
    developers-others   = { group = "developers", accounts = ["stg", "prod"], permission_sets = ["reader"] }
    security-everywhere = { group = "security", accounts = local.everywhere, permission_sets = ["auditor"] }
  }
}

dependency "organization" {
  config_path                             = "../organization"
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

inputs = {
  permission_sets = {
    administrator = { description = "Everything, for an hour", managed_policies = ["arn:aws:iam::aws:policy/AdministratorAccess"] }
    operator      = { description = "Everything but users and roles", managed_policies = ["arn:aws:iam::aws:policy/PowerUserAccess"], session_minutes = 480 }
    reader        = { description = "What there is, without what is in it", managed_policies = ["arn:aws:iam::aws:policy/job-function/ViewOnlyAccess"], session_minutes = 480 }
    auditor       = { description = "What concerns security", managed_policies = ["arn:aws:iam::aws:policy/SecurityAudit"], session_minutes = 480 }
  }

  users = { for name, person in local.env.people : name => { given_name = person.given_name, family_name = person.family_name, email = person.email } }

  groups = {
    for name, description in { platform = "Who runs the platform", developers = "Who writes the services", security = "Who looks after security" } : name => {
      description                       = description
      members                           = [for person, it in local.env.people : person if contains(it.groups, name)]
    }
  }

  assignments = {
    for name, it in local.assignments : name => merge(it, { accounts = [for account in it.accounts : dependency.organization.outputs.account_ids[account]] })
  }
}
