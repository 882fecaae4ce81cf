data "travel_caller" "this" {}

locals {
  account   = data.travel_caller.this.account_id
  partition = data.travel_caller.this.partition
  arns      = { for name in [var.bucket, local.copies] : name => "arn:${local.partition}:s3:::${name}" }
  copies    = "${var.bucket}-copies"

  # Whoever works in another account with states of its own, by the ARN it comes with: as a principal
  # each role would have to exist already.
  principals = {
    for name, it in var.access : name => [for role in sort(it.roles) : "arn:${local.partition}:iam::${it.account}:role/${role}"]
  }

  accounts = sort(distinct([for it in var.access : it.account]))

  transport = {
    for name, arn in local.arns : name => {
      Sid       = "Transport"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [arn, "${arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }
  }

  statements = flatten([
    for name, it in var.access : [
      {
        Sid       = "List${replace(title(name), "/[^A-Za-z0-9]/", "")}"
        Effect    = "Allow"
        Principal = { AWS = "arn:${local.partition}:iam::${it.account}:root" }
        Action    = ["s3:ListBucket", "s3:ListBucketVersions"]
        Resource  = local.arns[var.bucket]
        Condition = {
          ArnEquals  = { "aws:PrincipalArn" = local.principals[name] }
          StringLike = { "s3:prefix" = ["${it.prefix}*"] }
        }
      },
      {
        Sid       = "Read${replace(title(name), "/[^A-Za-z0-9]/", "")}"
        Effect    = "Allow"
        Principal = { AWS = "arn:${local.partition}:iam::${it.account}:root" }
        Action    = ["s3:GetObject"]
        Resource  = "${local.arns[var.bucket]}/${it.prefix}*"
        Condition = { ArnEquals = { "aws:PrincipalArn" = local.principals[name] } }
      },
      {
        # A plan that changes nothing still takes the lock, an object beside the state.
        Sid       = "Write${replace(title(name), "/[^A-Za-z0-9]/", "")}"
        Effect    = "Allow"
        Principal = { AWS = "arn:${local.partition}:iam::${it.account}:root" }
        Action    = ["s3:DeleteObject", "s3:PutObject"]
        Resource  = "${local.arns[var.bucket]}/${it.prefix}*${it.write ? "" : ".tflock"}"
        Condition = { ArnEquals = { "aws:PrincipalArn" = local.principals[name] } }
      },
    ]
  ])
}

resource "travel_kms_key" "this" {
  name                 = "${var.name}/state"
  description          = "States of Terraform"
  multi_region         = true
  replicas             = { (var.recovery_region) = {} }
  deletion_window_days = 30

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid       = "Account"
        Effect    = "Allow"
        Principal = { AWS = "arn:${local.partition}:iam::${local.account}:root" }
        Action    = ["kms:*"]
        Resource  = "*"
      }],
      [for accounts in [local.accounts] : {
        Sid       = "States"
        Effect    = "Allow"
        Principal = { AWS = [for account in accounts : "arn:${local.partition}:iam::${account}:root"] }
        Action    = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey*"]
        Resource  = "*"
        Condition = {
          ArnEquals  = { "aws:PrincipalArn" = sort(distinct(flatten(values(local.principals)))) }
          StringLike = { "kms:ViaService" = "s3.*.${data.travel_caller.this.dns_suffix}" }
        }
      } if length(accounts) > 0],
    )
  })

  lifecycle {
    postcondition {
      condition     = self.status == "ready"
      error_message = "The key is not complete yet. The next apply continues."
    }
  }
}

# What S3 copies the states by.
resource "travel_role" "copies" {
  name        = "${var.name}-state-copies"
  path        = "/states/"
  description = "S3 copies the states of Terraform to ${var.recovery_region}."

  trust_policy = {
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "s3.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  }

  inline_policies = {
    copies = {
      Version = "2012-10-17"
      Statement = [
        { Effect = "Allow", Action = ["s3:GetReplicationConfiguration", "s3:ListBucket"], Resource = local.arns[var.bucket] },
        {
          Effect   = "Allow"
          Action   = ["s3:GetObjectVersionAcl", "s3:GetObjectVersionForReplication", "s3:GetObjectVersionTagging"]
          Resource = "${local.arns[var.bucket]}/*"
        },
        {
          Effect   = "Allow"
          Action   = ["s3:ReplicateDelete", "s3:ReplicateObject", "s3:ReplicateTags"]
          Resource = "${local.arns[local.copies]}/*"
        },
        { Effect = "Allow", Action = ["kms:Decrypt"], Resource = travel_kms_key.this.arn },
        { Effect = "Allow", Action = ["kms:Encrypt", "kms:GenerateDataKey*"], Resource = travel_kms_key.this.replica_arns[var.recovery_region] },
      ]
    }
  }

  lifecycle {
    postcondition {
      condition     = self.status == "ready"
      error_message = "The role is not complete yet. The next apply continues."
    }
  }
}

# A bucket with states in it is not destroyed, nor is the key that encrypts them.
resource "travel_bucket" "copies" {
  name          = local.copies
  region        = var.recovery_region
  force_destroy = false
  versioning    = true
  encryption    = "aws:kms"
  kms_key       = travel_kms_key.this.replica_arns[var.recovery_region]
  bucket_key    = true
  policy        = jsonencode({ Version = "2012-10-17", Statement = [local.transport[local.copies]] })

  lifecycle_rules = {
    older = { noncurrent_expiration_days = var.keep_days }
  }

  lifecycle {
    postcondition {
      condition     = self.status == "ready"
      error_message = "The bucket is not complete yet. The next apply continues."
    }
  }
}

resource "travel_bucket" "this" {
  name             = var.bucket
  force_destroy    = false
  versioning       = true
  encryption       = "aws:kms"
  kms_key          = travel_kms_key.this.arn
  bucket_key       = true
  policy           = jsonencode({ Version = "2012-10-17", Statement = concat([local.transport[var.bucket]], local.statements) })
  replication_role = travel_role.copies.arn

  # Delete markers are copied, too: a lock that is gone here would stand there for good.
  replication_rules = {
    all = {
      priority       = 1
      destination    = travel_bucket.copies.arn
      kms_key        = travel_kms_key.this.replica_arns[var.recovery_region]
      delete_markers = true
      metrics        = true
    }
  }

  lifecycle_rules = {
    older   = { noncurrent_expiration_days = var.keep_days }
    uploads = { abort_uploads_days = 7 }
  }

  lifecycle {
    postcondition {
      condition     = self.status == "ready"
      error_message = "The bucket is not complete yet. The next apply continues."
    }
  }
}
