# refresh: 18
# plan: travel_access_analyzer.external update
# plan: travel_access_analyzer.unused update
# plan: travel_access_analyzer.internal update
# changes: travel_access_analyzer.external archive_existing_findings archive_rules tags tags_all
# changes: travel_access_analyzer.unused exclusions
# changes: travel_access_analyzer.internal inclusions

resource "travel_access_analyzer" "external" {
  name                      = "acceptance"
  archive_existing_findings = false
  tags                      = { team = "security" }

  archive_rules = {
    errors = { filter = { error = { exists = false } } }
    public = { filter = { resource = { contains = ["logs"] } } }
  }
}

resource "travel_access_analyzer" "unused" {
  name               = "acceptance-unused"
  analyzes           = "UNUSED_ACCESS"
  unused_access_days = 30
}

resource "travel_access_analyzer" "internal" {
  name          = "acceptance-internal"
  zone_of_trust = "ORGANIZATION"
  tags          = { organization = travel_organization.this.name }
  analyzes      = "INTERNAL_ACCESS"
  inclusions    = [{ resource_types = ["AWS::S3::Bucket", "AWS::RDS::DBSnapshot"] }]
}
