# refresh: 18
# plan: travel_access_analyzer.unused delete create
# plan: travel_access_analyzer.external update
# changes: travel_access_analyzer.external archive_rules

resource "travel_access_analyzer" "external" {
  name                      = "acceptance"
  archive_existing_findings = false
  tags                      = { team = "security" }
}

resource "travel_access_analyzer" "unused" {
  name     = "acceptance-unused"
  analyzes = "UNUSED_ACCESS"
}

resource "travel_access_analyzer" "internal" {
  name          = "acceptance-internal"
  zone_of_trust = "ORGANIZATION"
  tags          = { organization = travel_organization.this.name }
  analyzes      = "INTERNAL_ACCESS"
  inclusions    = [{ resource_types = ["AWS::S3::Bucket", "AWS::RDS::DBSnapshot"] }]
}
