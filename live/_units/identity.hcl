# The roles that pipelines work as in an environment's account, and the one for emergencies. A pull
# request runs what nobody has read yet, so its role sees what there is, and no data; only a job in the
# environment of the account's name, whose rules say who has to agree, changes anything.

locals {
  env   = read_terragrunt_config(find_in_parent_folders("env.hcl")).locals
  mocks = read_terragrunt_config("${get_repo_root()}/live/_units/mocks.hcl").locals

  repository = local.env.repository
  objects    = [for bucket in [local.env.state_bucket, local.env.policies.bucket] : "arn:aws:s3:::${bucket}/*"]

  no_data = {
    Version = "2012-10-17"
    Statement = [
      { Sid = "Objects", Effect = "Deny", Action = ["s3:GetObject*"], NotResource = local.objects },
      {
        Sid      = "Data"
        Effect   = "Deny"
        Action   = ["athena:GetQueryResults", "dynamodb:*Item*", "dynamodb:Query", "dynamodb:Scan", "logs:GetLogEvents", "logs:GetQueryResults", "secretsmanager:GetSecretValue", "sqs:ReceiveMessage"]
        Resource = "*"
      },
    ]
  }
}

dependency "organization" {
  config_path                             = "${get_repo_root()}/live/organization/global/organization"
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
  ci = {
    roles = {
      plan = {
        description      = "Plans of pull requests, and of what is merged, which look for drift"
        github           = { repository = local.repository, pull_requests = true, branches = ["main"] }
        managed_policies = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]
        inline_policies  = { no-data = jsonencode(local.no_data) }
      }
      apply = {
        description      = "Applies in the environment ${local.env.account}"
        github           = { repository = local.repository, environments = [local.env.account] }
        managed_policies = ["arn:aws:iam::aws:policy/AdministratorAccess"]
        session_hours    = 2
      }
    }
  }

  # Whoever may assume it in the management account, with a second factor.
  break_glass = { principals = ["arn:aws:iam::${dependency.organization.outputs.management_account_id}:root"] }
}
