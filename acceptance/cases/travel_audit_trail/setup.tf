# outside: logs CreateLogGroup {"logGroupName": "acceptance-trail"}
# outside: sns CreateTopic Name=acceptance-trail Attributes.entry.1.key=Policy Attributes.entry.1.value={"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"sns:Publish","Resource":"*"}]}

locals {
  account    = travel_organization.this.management_account_id
  cloudtrail = { Service = "cloudtrail.amazonaws.com" }
}

resource "travel_organization" "this" {
  name             = "acceptance"
  trusted_services = ["cloudtrail.amazonaws.com"]
}

resource "travel_kms_key" "logs" {
  name                 = "acceptance/trail"
  deletion_window_days = 7

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Principal = { AWS = "arn:aws:iam::${local.account}:root" }, Action = "kms:*", Resource = "*" },
      { Effect = "Allow", Principal = local.cloudtrail, Action = ["kms:GenerateDataKey*", "kms:DescribeKey"], Resource = "*" },
    ]
  })
}

resource "travel_bucket" "logs" {
  name = "acceptance-trail"

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      { Effect = "Allow", Principal = local.cloudtrail, Action = "s3:GetBucketAcl", Resource = "arn:aws:s3:::acceptance-trail" },
      { Effect = "Allow", Principal = local.cloudtrail, Action = "s3:PutObject", Resource = "arn:aws:s3:::acceptance-trail/*" },
    ]
  })
}

resource "travel_bucket" "theirs" {
  name = "acceptance-trail-theirs"

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "cloudtrail.amazonaws.com" }, Action = ["s3:GetBucketAcl", "s3:PutObject"], Resource = ["arn:aws:s3:::acceptance-trail-theirs", "arn:aws:s3:::acceptance-trail-theirs/*"] }]
  })
}

resource "travel_bucket" "closed" {
  name = "acceptance-trail-closed"
}

resource "travel_role" "logs" {
  name = "acceptance-trail"

  trust_policy = {
    Version   = "2012-10-17"
    Statement = { Effect = "Allow", Action = "sts:AssumeRole", Principal = local.cloudtrail }
  }

  inline_policies = {
    logs = {
      Version   = "2012-10-17"
      Statement = { Effect = "Allow", Action = ["logs:CreateLogStream", "logs:PutLogEvents"], Resource = "*" }
    }
  }
}
