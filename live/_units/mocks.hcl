# What units that were never applied seem to put out, so that what depends on them can be validated
# and planned. A plan that stands on it says so first, and cannot be applied.

locals {
  commands = ["validate", "plan"]

  outputs = {
    organization = {
      mocked                = true
      id                    = "o-0000000000"
      management_account_id = "000000000000"
      account_ids           = { for name in ["backup", "dev", "log-archive", "prod", "security-tooling", "shared-services", "stg"] : name => "000000000000" }
    }
    aggregation = {
      mocked = true
      bucket = "mocked-recordings"
    }
    storage = {
      mocked = true
      arns   = { for use in ["backups", "logs"] : "mocked-${use}" => "arn:aws:s3:::mocked-${use}" }
    }
    encryption = {
      mocked = true
      arns   = { for purpose in ["backups", "buckets", "databases", "logs", "parameters", "secrets", "volumes"] : purpose => "arn:aws:kms:eu-central-1:000000000000:key/mrk-00000000000000000000000000000000" }
    }
    network = {
      mocked     = true
      id         = "vpc-00000000000000000"
      subnet_ids = { for tier in ["data", "private", "public"] : tier => ["subnet-00000000000000000", "subnet-00000000000000001"] }
    }
    cluster = {
      mocked = true
      cluster = {
        name        = "mocked"
        region      = "eu-central-1"
        account     = "000000000000"
        incarnation = "https://oidc.eks.eu-central-1.amazonaws.com/id/00000000000000000000000000000000"
      }
    }
  }

  # The file that makes the plan say so. An ephemeral variable is not kept in a plan: who applies it
  # would have to give it again.
  file = <<-EOT
    # MOCKS: this plan stands on made-up outputs of units that were never applied, and cannot be applied.

    variable "plan_with_mocks_cannot_be_applied" {
      description = "Given by Terragrunt to plans, and to nothing else."
      type        = bool
      ephemeral   = true
    }

    locals {
      outputs_are_real = false
    }

    check "mocks" {
      assert {
        condition     = local.outputs_are_real
        error_message = "This plan stands on made-up outputs of units that were never applied, and cannot be applied."
      }
    }
  EOT
}
