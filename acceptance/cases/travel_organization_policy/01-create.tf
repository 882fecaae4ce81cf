# refresh: 22

resource "travel_organization_policy" "guard" {
  name        = "guard"
  type        = "SERVICE_CONTROL_POLICY"
  description = "What no account may do."

  content = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "Leave"
      Effect   = "Deny"
      Action   = ["organizations:LeaveOrganization"]
      Resource = "*"
    }]
  })

  targets = [
    travel_organizational_unit.workloads.id,
    travel_organization.this.management_account_id,
  ]

  tags = { team = "platform" }
}

resource "travel_organization_policy" "transport" {
  name = "transport"
  type = "RESOURCE_CONTROL_POLICY"

  content = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = "*"
      Condition = { BoolIfExists = { "aws:SecureTransport" = "false" } }
    }]
  })

  targets = [travel_organization.this.root_id]
}

resource "travel_organization_policy" "tags" {
  name    = "tags"
  type    = "TAG_POLICY"
  content = jsonencode({ tags = { team = { tag_key = { "@@assign" = "team" } } } })
  targets = [travel_organization.this.root_id]
}

resource "travel_organization_policy" "backup" {
  name    = "backup"
  type    = "BACKUP_POLICY"
  content = jsonencode({ plans = {} })
}
