data "travel_caller" "this" {}

# The other accounts that hold keys.
data "travel_caller" "other" {
  for_each = toset([for key in var.keys : key.account if key.account != null])

  account = each.key
}

locals {
  region    = data.travel_caller.this.region
  partition = data.travel_caller.this.partition
  suffix    = data.travel_caller.this.dns_suffix
  iam       = "arn:${local.partition}:iam"
  accounts  = { for purpose, key in var.keys : purpose => key.account == null ? data.travel_caller.this.account_id : data.travel_caller.other[key.account].account_id }
  use       = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
  to_grant  = ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"]
  resources = { Bool = { "kms:GrantIsForAWSResource" = "true" } }

  # In the order of a policy: the account itself, then who else may use the key.
  statements = {
    for purpose, key in var.keys : purpose => concat(
      [{
        Sid       = "Account"
        Effect    = "Allow"
        Principal = { AWS = "${local.iam}::${local.accounts[purpose]}:root" }
        Action    = ["kms:*"]
        Resource  = "*"
        Condition = {}
      }],
      [for region in key.log_groups ? concat([local.region], sort(key.replica_regions)) : [] : {
        Sid       = "Logs${replace(title(region), "-", "")}"
        Effect    = "Allow"
        Principal = { Service = "logs.${region}.${local.suffix}" }
        Action    = local.use
        Resource  = "*"
        Condition = {
          ArnLike = {
            "kms:EncryptionContext:aws:logs:arn" = "arn:${local.partition}:logs:${region}:${local.accounts[purpose]}:log-group:*"
          }
        }
      }],
      [for services in [sort(key.services)] : {
        Sid       = "Services"
        Effect    = "Allow"
        Principal = { Service = services }
        Action    = local.use
        Resource  = "*"
        Condition = { StringEquals = { "aws:SourceAccount" = local.accounts[purpose] } }
      } if length(services) > 0],
      # As a principal each role would have to exist already.
      [for grant in [false, true] : {
        Sid       = grant ? "RolesGrant" : "Roles"
        Effect    = "Allow"
        Principal = { AWS = "*" }
        Action    = grant ? local.to_grant : local.use
        Resource  = "*"
        Condition = merge(
          { ArnEquals = { "aws:PrincipalArn" = [for role in sort(key.roles) : "${local.iam}::${local.accounts[purpose]}:role/${role}"] } },
          { for name, condition in local.resources : name => condition if grant },
        )
      } if length(key.roles) > 0],
      [for grant in [false, true] : {
        Sid       = grant ? "AccountsGrant" : "Accounts"
        Effect    = "Allow"
        Principal = { AWS = [for account in sort(key.accounts) : "${local.iam}::${account}:root"] }
        Action    = grant ? local.to_grant : local.use
        Resource  = "*"
        Condition = { for name, condition in local.resources : name => condition if grant }
      } if length(key.accounts) > 0],
    )
  }
}

resource "travel_kms_key" "this" {
  for_each = var.keys

  name                 = "${var.name}/${each.key}"
  account              = each.value.account
  description          = each.value.description
  multi_region         = each.value.multi_region
  rotation_period_days = each.value.rotation_period_days
  deletion_window_days = var.deletion_window_days
  force_destroy        = var.force_destroy
  replicas             = { for region in each.value.replica_regions : region => {} }
  tags                 = each.value.tags

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [for statement in local.statements[each.key] : {
      for name, value in statement : name => value if name != "Condition" || length(value) > 0
    }]
  })

  lifecycle {
    postcondition {
      condition     = self.status == "ready"
      error_message = "The key is not complete yet. The next apply continues."
    }
  }
}
