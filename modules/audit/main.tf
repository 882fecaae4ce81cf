data "travel_caller" "this" {}

locals {
  partition  = data.travel_caller.this.partition
  account    = data.travel_caller.this.account_id
  region     = data.travel_caller.this.region
  cloudtrail = { Service = "cloudtrail.amazonaws.com" }

  # Who keeps the log files need not be who makes the trail.
  keeper = coalesce(var.archive_account, local.account)

  # A trail of the organization belongs to the management account, also where another one makes it.
  owner      = var.organization == null ? local.account : var.organization.management_account_id
  trail_arn  = "arn:${local.partition}:cloudtrail:${local.region}:${local.owner}:trail/${var.name}"
  bucket_arn = "arn:${local.partition}:s3:::${var.bucket}"
  folder     = var.prefix == null ? "${local.bucket_arn}/AWSLogs" : "${local.bucket_arn}/${var.prefix}/AWSLogs"
  writers    = compact([local.owner, try(var.organization.id, null)])
  from_trail = { "aws:SourceArn" = local.trail_arn }
}

resource "travel_kms_key" "this" {
  name                 = "${var.name}/trail"
  description          = "Log files of the trail ${var.name}"
  account              = var.archive_account
  deletion_window_days = var.deletion_window_days
  force_destroy        = var.force_destroy
  tags                 = var.tags

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid       = "Account"
          Effect    = "Allow"
          Principal = { AWS = "arn:${local.partition}:iam::${local.keeper}:root" }
          Action    = "kms:*"
          Resource  = "*"
        },
      ],
      [
        {
          Sid       = "TrailEncrypts"
          Effect    = "Allow"
          Principal = local.cloudtrail
          Action    = "kms:GenerateDataKey*"
          Resource  = "*"
          Condition = {
            StringEquals = local.from_trail
            StringLike   = { "kms:EncryptionContext:aws:cloudtrail:arn" = "arn:${local.partition}:cloudtrail:*:${local.owner}:trail/*" }
          }
        },
      ],
      [
        {
          Sid       = "TrailLooks"
          Effect    = "Allow"
          Principal = local.cloudtrail
          Action    = "kms:DescribeKey"
          Resource  = "*"
          Condition = { StringEquals = local.from_trail }
        },
      ],
      [
        for readers in [sort(var.readers)] : {
          Sid       = "Readers"
          Effect    = "Allow"
          Principal = { AWS = [for account in readers : "arn:${local.partition}:iam::${account}:root"] }
          Action    = ["kms:Decrypt", "kms:DescribeKey"]
          Resource  = "*"
        } if length(readers) > 0
      ],
    )
  })

  lifecycle {
    postcondition {
      condition     = self.status == "ready"
      error_message = "The key is not complete yet. The next apply continues."
    }
  }
}

resource "travel_bucket" "this" {
  name              = var.bucket
  account           = var.archive_account
  versioning        = true
  encryption        = "aws:kms"
  kms_key           = travel_kms_key.this.arn
  bucket_key        = true
  object_lock       = true
  default_retention = var.lock
  force_destroy     = var.force_destroy
  bypass_governance = var.force_destroy
  tags              = var.tags

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
          Sid       = "TrailLooks"
          Effect    = "Allow"
          Principal = local.cloudtrail
          Action    = "s3:GetBucketAcl"
          Resource  = local.bucket_arn
          Condition = { StringEquals = local.from_trail }
        },
      ],
      [
        {
          Sid       = "TrailWrites"
          Effect    = "Allow"
          Principal = local.cloudtrail
          Action    = "s3:PutObject"
          Resource  = [for writer in local.writers : "${local.folder}/${writer}/*"]
          Condition = { StringEquals = merge(local.from_trail, { "s3:x-amz-acl" = "bucket-owner-full-control" }) }
        },
      ],
      [
        for readers in [sort(var.readers)] : {
          Sid       = "Readers"
          Effect    = "Allow"
          Principal = { AWS = [for account in readers : "arn:${local.partition}:iam::${account}:root"] }
          Action    = ["s3:GetObject", "s3:ListBucket"]
          Resource  = [local.bucket_arn, "${local.bucket_arn}/*"]
        } if length(readers) > 0
      ],
    )
  })

  lifecycle_rules = {
    uploads = { abort_uploads_days = 7 }
    expire  = { expiration_days = var.expiration_days, noncurrent_expiration_days = var.lock.days }
  }

  lifecycle {
    postcondition {
      condition     = self.status == "ready"
      error_message = "The bucket is not complete yet. The next apply continues."
    }
  }
}

# CloudTrail asks at once whether the policies of bucket and key let it in.
resource "travel_audit_trail" "this" {
  name            = var.name
  bucket          = travel_bucket.this.name
  prefix          = var.prefix
  kms_key         = travel_kms_key.this.arn
  organization    = var.organization != null
  log_group       = try(var.log_group.arn, null)
  log_group_role  = try(var.log_group.role, null)
  sns_topic       = var.sns_topic
  event_selectors = var.event_selectors
  insights        = var.insights
  aggregations    = var.aggregations
  tags            = var.tags
  depends_on      = [travel_bucket.this]

  lifecycle {
    postcondition {
      condition     = self.status == "ready"
      error_message = "The trail is not complete yet. The next apply continues."
    }
  }
}
