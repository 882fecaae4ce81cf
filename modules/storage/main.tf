data "travel_caller" "this" {}

locals {
  arns = { for name, bucket in var.buckets : name => "arn:${data.travel_caller.this.partition}:s3:::${name}" }

  statements = {
    for name, bucket in var.buckets : name => concat(
      [jsonencode({
        Sid       = "OnlyEncryptedConnections"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [local.arns[name], "${local.arns[name]}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      })],
      [for services in [sort(bucket.services)] : jsonencode({
        Sid       = "ServicesLook"
        Effect    = "Allow"
        Principal = { Service = services }
        Action    = ["s3:GetBucketAcl", "s3:ListBucket"]
        Resource  = local.arns[name]
        Condition = { StringEquals = { "aws:SourceAccount" = data.travel_caller.this.account_id } }
      }) if length(services) > 0],
      [for services in [sort(bucket.services)] : jsonencode({
        Sid       = "ServicesWrite"
        Effect    = "Allow"
        Principal = { Service = services }
        Action    = "s3:PutObject"
        Resource  = "${local.arns[name]}/*"
        Condition = { StringEquals = { "aws:SourceAccount" = data.travel_caller.this.account_id } }
      }) if length(services) > 0],
      bucket.statements,
    )
  }
}

resource "travel_bucket" "this" {
  for_each = var.buckets

  name              = each.key
  versioning        = each.value.versioning
  encryption        = each.value.kms_key == null ? "AES256" : "aws:kms"
  kms_key           = each.value.kms_key
  bucket_key        = each.value.kms_key != null
  object_lock       = each.value.lock != null
  default_retention = each.value.lock
  event_bridge      = each.value.event_bridge
  force_destroy     = each.value.force_destroy
  bypass_governance = each.value.force_destroy
  logging           = each.value.log_bucket == null ? null : { bucket = each.value.log_bucket, prefix = "${each.key}/" }
  replication_role  = try(each.value.replicate_to.role, null)
  tags              = each.value.tags

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [for statement in local.statements[each.key] : jsondecode(statement)]
  })

  lifecycle_rules = merge(
    { uploads = { abort_uploads_days = 7 } },
    { for days in [each.value.expiration_days] : "expire" => { expiration_days = days } if days != null },
    { for days in [each.value.archive_days] : "archive" => { transitions = { (each.value.archive_class) = days } } if days != null },
    { for days in [each.value.noncurrent_expiration_days] : "older" => { noncurrent_expiration_days = days } if days != null && each.value.versioning },
  )

  replication_rules = each.value.replicate_to == null ? null : {
    all = {
      priority       = 1
      destination    = each.value.replicate_to.destination
      account        = each.value.replicate_to.account
      kms_key        = each.value.replicate_to.kms_key
      storage_class  = each.value.replicate_to.storage_class
      delete_markers = true
      metrics        = true
    }
  }

  lifecycle {
    postcondition {
      condition     = self.status == "ready"
      error_message = "The bucket is not complete yet. The next apply continues."
    }
  }
}
