# No call can change these of an analyzer.
# no drift: name zone_of_trust analyzes unused_access_days
# no update: name zone_of_trust analyzes
# drift: travel_access_analyzer.external archive_rules by accessanalyzer PUT /analyzer/acceptance/archive-rule/own {"filter": {"isPublic": {"eq": ["true"]}}}
# drift: travel_access_analyzer.external archive_rules by accessanalyzer DELETE /analyzer/acceptance/archive-rule/own
# drift: travel_access_analyzer.external archive_rules by accessanalyzer PUT /analyzer/acceptance/archive-rule {"ruleName": "theirs", "filter": {"isPublic": {"eq": ["true"]}}}
# drift: travel_access_analyzer.external tags tags_all by accessanalyzer POST /tags/${arn} {"tags": {"team": "theirs"}}
# drift: travel_access_analyzer.unused exclusions by accessanalyzer PUT /analyzer/acceptance-unused {"configuration": {"unusedAccess": {"analysisRule": {"exclusions": [{"resourceTags": [{"team": "theirs"}]}]}}}}
# drift: travel_access_analyzer.internal inclusions by accessanalyzer PUT /analyzer/acceptance-internal {"configuration": {"internalAccess": {"analysisRule": {"inclusions": []}}}}
# drift: travel_access_analyzer.external create by accessanalyzer DELETE /analyzer/acceptance

resource "travel_access_analyzer" "external" {
  name          = "acceptance"
  tags          = { team = "platform" }
  archive_rules = { own = { filter = { "principal.AWS" = { eq = ["111122223333"] } } } }
}

resource "travel_access_analyzer" "unused" {
  name       = "acceptance-unused"
  analyzes   = "UNUSED_ACCESS"
  exclusions = [{ resource_tags = [{ team = "robots" }] }]
}

resource "travel_access_analyzer" "internal" {
  name       = "acceptance-internal"
  analyzes   = "INTERNAL_ACCESS"
  inclusions = [{ resource_types = ["AWS::S3::Bucket"] }]
}

output "arn" {
  value = travel_access_analyzer.external.arn
}
