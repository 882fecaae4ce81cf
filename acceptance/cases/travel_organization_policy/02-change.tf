# Another text of the same meaning is no change.
# plan: travel_organization_policy.guard update
# changes: travel_organization_policy.guard allow_lockout content description maximum_size name tags tags_all targets
# plan: travel_organization_policy.tags update
# changes: travel_organization_policy.tags targets
# plan: travel_organization_policy.backup update
# changes: travel_organization_policy.backup targets

resource "travel_organization_policy" "guard" {
  name        = "guardrail"
  type        = "SERVICE_CONTROL_POLICY"
  description = "What nobody may do."

  allow_lockout = true
  maximum_size  = 20000

  content = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "Leave"
      Effect   = "Deny"
      Action   = ["organizations:LeaveOrganization", "account:CloseAccount"]
      Resource = "*"
    }]
  })

  targets = [
    travel_organizational_unit.workloads.id,
    travel_organizational_unit.sandbox.id,
  ]
}

resource "travel_organization_policy" "transport" {
  name = "transport"
  type = "RESOURCE_CONTROL_POLICY"

  content = <<-JSON
    {
      "Version": "2012-10-17",
      "Statement": {
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": ["s3:*"],
        "Resource": ["*"],
        "Condition": {"BoolIfExists": {"aws:SecureTransport": false}}
      }
    }
  JSON

  targets = [travel_organization.this.root_id]
}

resource "travel_organization_policy" "tags" {
  name    = "tags"
  type    = "TAG_POLICY"
  content = "{ \"tags\": { \"team\": { \"tag_key\": { \"@@assign\": \"team\" } } } }"
  targets = []
}

resource "travel_organization_policy" "backup" {
  name    = "backup"
  type    = "BACKUP_POLICY"
  content = jsonencode({ plans = {} })
  targets = [travel_organizational_unit.workloads.id]
}
