# The organization takes ten calls at most, an analyzer two.
# refresh: 18
# import: travel_access_analyzer.unused eu-central-1/acceptance-unused
# import: travel_access_analyzer.external arn:aws:access-analyzer:eu-central-1:${account}:analyzer/acceptance

resource "travel_access_analyzer" "external" {
  name = "acceptance"
  tags = { team = "platform" }

  archive_rules = {
    own    = { filter = { "principal.AWS" = { eq = ["111122223333", "444455556666"] } } }
    public = { filter = { isPublic = { eq = ["false"] }, resourceType = { neq = ["AWS::S3::Bucket"] } } }
  }
}

resource "travel_access_analyzer" "unused" {
  name               = "acceptance-unused"
  analyzes           = "UNUSED_ACCESS"
  unused_access_days = 30
  exclusions         = [{ resource_tags = [{ team = "robots", kind = "" }, { purpose = "tests" }] }]
}

resource "travel_access_analyzer" "internal" {
  name          = "acceptance-internal"
  zone_of_trust = "ORGANIZATION"
  tags          = { organization = travel_organization.this.name }
  analyzes      = "INTERNAL_ACCESS"

  inclusions = [
    { resource_types = ["AWS::S3::Bucket"], account_ids = ["111122223333"] },
    { resource_arns = ["arn:aws:dynamodb:eu-central-1:*:table/orders-*"] },
  ]
}

output "account" {
  value = travel_access_analyzer.external.account_id
}
