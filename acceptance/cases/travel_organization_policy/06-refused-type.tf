# apply refused: policies of the type AISERVICES_OPT_OUT_POLICY are not enabled
# plan: travel_organization_policy.tags update
# plan: travel_organization_policy.opt_out create

resource "travel_organization_policy" "tags" {
  name    = "tags"
  type    = "SERVICE_CONTROL_POLICY"
  targets = [travel_organizational_unit.sandbox.id]

  content = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Deny"
      Action    = "*"
      Resource  = "*"
      Condition = { ArnNotLike = { "aws:PrincipalArn" = "arn:aws:iam::*:role/OrganizationAccountAccessRole" } }
    }]
  })
}

resource "travel_organization_policy" "opt_out" {
  name    = "opt-out"
  type    = "AISERVICES_OPT_OUT_POLICY"
  content = jsonencode({ services = { default = { opt_out_policy = { "@@assign" = "optOut" } } } })
  targets = [travel_organization.this.root_id]
}
