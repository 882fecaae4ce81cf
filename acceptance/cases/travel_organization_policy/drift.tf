# The type is for ever.
# no drift: type
# drift: travel_organization_policy.this name by organizations UpdatePolicy {"PolicyId": "${policy}", "Name": "theirs"}
# drift: travel_organization_policy.this description by organizations UpdatePolicy {"PolicyId": "${policy}", "Description": "Theirs."}
# drift: travel_organization_policy.this content by organizations UpdatePolicy {"PolicyId": "${policy}", "Content": "{\"Version\":\"2012-10-17\",\"Statement\":[]}"}
# drift: travel_organization_policy.this targets by organizations DetachPolicy {"PolicyId": "${policy}", "TargetId": "${workloads}"}
# drift: travel_organization_policy.this targets by organizations AttachPolicy {"PolicyId": "${policy}", "TargetId": "${sandbox}"}
# drift: travel_organization_policy.this tags tags_all by organizations TagResource {"ResourceId": "${policy}", "Tags": [{"Key": "team", "Value": "theirs"}]}
# drift: travel_organization_policy.this tags tags_all by organizations UntagResource {"ResourceId": "${policy}", "TagKeys": ["team"]}
# drift: travel_organization_policy.this create by organizations DetachPolicy {"PolicyId": "${policy}", "TargetId": "${workloads}"} then organizations DeletePolicy {"PolicyId": "${policy}"}

resource "travel_organization_policy" "this" {
  name        = "guard"
  type        = "SERVICE_CONTROL_POLICY"
  description = "What no account may do."
  targets     = [travel_organizational_unit.workloads.id]
  tags        = { team = "platform" }

  content = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Deny", Action = "organizations:LeaveOrganization", Resource = "*" }]
  })
}

output "policy" {
  value = travel_organization_policy.this.id
}

output "workloads" {
  value = travel_organizational_unit.workloads.id
}

output "sandbox" {
  value = travel_organizational_unit.sandbox.id
}
