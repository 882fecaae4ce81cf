# Who gets at resources of the account from outside.
resource "travel_access_analyzer" "external" {
  name = "external"

  archive_rules = {
    backups = {
      filter = {
        "resourceType"  = { eq = ["AWS::KMS::Key"] }
        "principal.AWS" = { eq = ["444455556666"] }
      }
    }
  }
}

# What roles and users of the organization have not used for half a year, but for those of pipelines.
resource "travel_access_analyzer" "unused" {
  name               = "unused"
  zone_of_trust      = "ORGANIZATION"
  analyzes           = "UNUSED_ACCESS"
  unused_access_days = 180

  exclusions = [
    { account_ids = ["777788889999"] },
    { resource_tags = [{ purpose = "pipeline" }] },
  ]
}

# An existing analyzer is brought in by its ARN, its name, or REGION/NAME:
#
#   import {
#     to = travel_access_analyzer.external
#     id = "eu-central-1/external"
#   }
