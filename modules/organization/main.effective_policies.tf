# The policies as they hold for each account, where plans in the accounts can read them.

locals {
  published = var.effective_policies == null ? {} : { this = var.effective_policies }
}

data "travel_partition" "this" {}

resource "travel_bucket" "policies" {
  for_each = local.published

  name          = each.value.bucket
  versioning    = true
  force_destroy = true

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Organization"
        Effect    = "Allow"
        Principal = "*"
        Action    = "s3:GetObject"
        Resource  = "arn:${data.travel_partition.this.partition}:s3:::${each.value.bucket}/${each.value.key}"
        Condition = { StringEquals = { "aws:PrincipalOrgID" = travel_organization.this.id } }
      },
      {
        Sid       = "Transport"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = ["arn:${data.travel_partition.this.partition}:s3:::${each.value.bucket}", "arn:${data.travel_partition.this.partition}:s3:::${each.value.bucket}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })

  lifecycle_rules = {
    older = { noncurrent_expiration_days = 90 }
  }

  lifecycle {
    postcondition {
      condition     = self.status == "ready"
      error_message = "The bucket is not complete yet. The next apply continues."
    }
  }
}

resource "travel_effective_policies" "this" {
  for_each = local.published

  bucket = travel_bucket.policies[each.key].name
  key    = each.value.key

  # What changes of them is published in the same apply.
  triggers = merge(
    { for name, policy in travel_organization_policy.guardrail : "policy ${name}" => policy.content },
    { for name, account in travel_account.this : "account ${name}" => account.parent_id },
  )

  lifecycle {
    postcondition {
      condition     = self.status == "ready"
      error_message = "The policies are not published yet. The next apply continues."
    }
  }
}
