data "travel_caller" "this" {}

# One key for the platform's volumes and logs, readable in the recovery region too.
resource "travel_kms_key" "platform" {
  name         = "platform"
  description  = "Volumes, snapshots and logs of the platform"
  multi_region = true

  rotation_period_days = 180
  deletion_window_days = 14

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Administration"
        Effect    = "Allow"
        Principal = { AWS = "arn:${data.travel_caller.this.partition}:iam::${data.travel_caller.this.account_id}:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Sid       = "Logs"
        Effect    = "Allow"
        Principal = { Service = "logs.${data.travel_caller.this.region}.${data.travel_caller.this.dns_suffix}" }
        Action    = ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"]
        Resource  = "*"
      },
    ]
  })

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
