resource "travel_organization" "example" {
  name         = "travelsources"
  policy_types = ["SERVICE_CONTROL_POLICY", "TAG_POLICY"]
}

resource "travel_organizational_unit" "workloads" {
  name      = "workloads"
  parent_id = travel_organization.example.root_id
}

resource "travel_organization_policy" "regions" {
  name        = "regions"
  type        = "SERVICE_CONTROL_POLICY"
  description = "Nothing outside of our regions, but for what is global."
  targets     = [travel_organizational_unit.workloads.id]

  content = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "Regions"
      Effect    = "Deny"
      NotAction = ["cloudfront:*", "iam:*", "organizations:*", "route53:*", "sts:*", "support:*"]
      Resource  = "*"
      Condition = {
        StringNotEquals = { "aws:RequestedRegion" = ["eu-central-1", "eu-west-1"] }
      }
    }]
  })
}

resource "travel_organization_policy" "tags" {
  name    = "tags"
  type    = "TAG_POLICY"
  targets = [travel_organization.example.root_id]
  content = jsonencode({
    tags = { team = { tag_key = { "@@assign" = "team" } } }
  })
}
