data "travel_caller" "this" {}

locals {
  partition  = data.travel_caller.this.partition
  account    = data.travel_caller.this.account_id
  config     = { Service = "config.amazonaws.com" }
  keeper     = coalesce(var.archive_account, local.account)
  bucket_arn = "arn:${local.partition}:s3:::${var.bucket}"

  # The recorders of all accounts of the organization, and no others.
  from_organization = { "aws:SourceOrgID" = var.organization_id }
}

resource "travel_kms_key" "this" {
  name                 = "${var.name}/recordings"
  description          = "What the recorders of AWS Config deliver"
  account              = var.archive_account
  deletion_window_days = var.deletion_window_days
  force_destroy        = var.force_destroy
  tags                 = var.tags

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Account"
        Effect    = "Allow"
        Principal = { AWS = "arn:${local.partition}:iam::${local.keeper}:root" }
        Action    = "kms:*"
        Resource  = "*"
      },
      {
        Sid       = "RecordersEncrypt"
        Effect    = "Allow"
        Principal = local.config
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = "*"
        Condition = { StringEquals = local.from_organization }
      },
    ]
  })

  lifecycle {
    postcondition {
      condition     = self.status == "ready"
      error_message = "The key is not complete yet. The next apply continues."
    }
  }
}

resource "travel_bucket" "this" {
  name          = var.bucket
  account       = var.archive_account
  versioning    = true
  encryption    = "aws:kms"
  kms_key       = travel_kms_key.this.arn
  bucket_key    = true
  force_destroy = var.force_destroy
  tags          = var.tags

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid       = "OnlyEncryptedConnections"
          Effect    = "Deny"
          Principal = "*"
          Action    = "s3:*"
          Resource  = [local.bucket_arn, "${local.bucket_arn}/*"]
          Condition = { Bool = { "aws:SecureTransport" = "false" } }
        },
      ],
      [
        {
          Sid       = "RecordersLook"
          Effect    = "Allow"
          Principal = local.config
          Action    = ["s3:GetBucketAcl", "s3:ListBucket"]
          Resource  = local.bucket_arn
          Condition = { StringEquals = local.from_organization }
        },
      ],
      [
        {
          Sid       = "RecordersWrite"
          Effect    = "Allow"
          Principal = local.config
          Action    = "s3:PutObject"
          Resource  = "${local.bucket_arn}/AWSLogs/*/Config/*"
          Condition = { StringEquals = merge(local.from_organization, { "s3:x-amz-acl" = "bucket-owner-full-control" }) }
        },
      ],
    )
  })

  lifecycle_rules = {
    uploads = { abort_uploads_days = 7 }
    expire  = { expiration_days = var.expiration_days, noncurrent_expiration_days = 30 }
  }

  lifecycle {
    postcondition {
      condition     = self.status == "ready"
      error_message = "The bucket is not complete yet. The next apply continues."
    }
  }
}

# What the service asks the organization with.
resource "travel_role" "this" {
  name             = "${var.name}-config-aggregator"
  account          = var.aggregator_account
  managed_policies = ["arn:${local.partition}:iam::aws:policy/service-role/AWSConfigRoleForOrganizations"]
  tags             = var.tags

  trust_policy = {
    Version   = "2012-10-17"
    Statement = { Effect = "Allow", Principal = local.config, Action = "sts:AssumeRole" }
  }

  lifecycle {
    postcondition {
      condition     = self.status == "ready"
      error_message = "The role is not complete yet. The next apply continues."
    }
  }
}

resource "travel_config_aggregator" "this" {
  name                  = var.name
  account               = var.aggregator_account
  organization_role_arn = travel_role.this.arn
  regions               = var.regions
  tags                  = var.tags

  lifecycle {
    postcondition {
      condition     = self.status == "ready"
      error_message = "The aggregator is not complete yet. The next apply continues."
    }
  }
}
