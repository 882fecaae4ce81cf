data "travel_caller" "this" {}

# One key for the platform's volumes and logs, readable in the recovery region too.
resource "travel_kms_key" "platform" {
  name         = "platform"
  description  = "Volumes, snapshots and logs of the platform"
  multi_region = true

  rotation_period_days = 180
  deletion_window_days = 14

  access = {
    log_groups   = true
    via_services = ["ec2", "secretsmanager"]

    services = {
      "cloudtrail.amazonaws.com" = { encryption_context = { "aws:cloudtrail:arn" = ["arn:aws:cloudtrail:*:${data.travel_caller.this.account_id}:trail/*"] } }
    }
  }

  replicas = {
    eu-west-1 = {
      alias = "alias/platform-recovery"
    }
  }

  tags = {
    purpose = "encryption"
  }
}

# An existing key is brought in by its id, its ARN, its alias, or REGION/NAME:
#
#   import {
#     to = travel_kms_key.platform
#     id = "alias/platform"
#   }

output "recovery_key_arn" {
  value = travel_kms_key.platform.replica_arns["eu-west-1"]
}
