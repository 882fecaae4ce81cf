# What the module makes of its inputs; nothing is called.

mock_provider "travel" {
  mock_resource "travel_threat_detection" {
    defaults = { detector_id = "0123456789abcdef0123456789abcdef", status = "ready" }
  }

  mock_resource "travel_access_analyzer" {
    defaults = { arn = "arn:aws:access-analyzer:eu-central-1:111122223333:analyzer/one", status = "ready" }
  }
}

variables {
  administrator_id = "111122223333"
  regions          = ["eu-central-1", "eu-west-1"]

  analyzers = {
    external = { archive_rules = { own = { filter = { "principal.AWS" = { eq = ["444455556666"] } } } } }
    unused   = { analyzes = "UNUSED_ACCESS", regions = ["eu-central-1"], unused_access_days = 30 }
  }
}

run "every_region_is_watched" {
  assert {
    condition     = alltrue([for region in var.regions : travel_threat_detection.management[region].administrator_id == "111122223333"])
    error_message = "Each region has the administrator."
  }

  assert {
    condition     = alltrue([for region in var.regions : travel_threat_detection.administrator[region].account == "111122223333"])
    error_message = "The organization is looked after in the administrator's account."
  }

  assert {
    condition     = travel_threat_detection.administrator["eu-west-1"].organization.members == "ALL" && travel_threat_detection.administrator["eu-west-1"].organization.features["EKS_AUDIT_LOGS"] == "ALL"
    error_message = "All accounts take part, in all plans."
  }

  assert {
    condition     = contains(travel_threat_detection.management["eu-central-1"].features["RUNTIME_MONITORING"].agents, "EKS_ADDON_MANAGEMENT")
    error_message = "GuardDuty keeps the agents of clusters."
  }

  assert {
    condition     = travel_threat_detection.administrator["eu-central-1"].publishing == null
    error_message = "Findings are exported only where somebody says so."
  }
}

run "analyzers_are_where_they_are_wanted" {
  assert {
    condition     = join(" ", keys(output.analyzer_arns)) == "external/eu-central-1 external/eu-west-1 unused/eu-central-1"
    error_message = "An analyzer is in all regions, or in its own."
  }

  assert {
    condition     = travel_access_analyzer.this["unused/eu-central-1"].zone_of_trust == "ORGANIZATION" && travel_access_analyzer.this["unused/eu-central-1"].unused_access_days == 30
    error_message = "An analyzer is the organization's."
  }

  assert {
    condition     = travel_access_analyzer.this["external/eu-west-1"].archive_rules["own"].filter["principal.AWS"].eq == toset(["444455556666"])
    error_message = "Rules archive in every region."
  }
}

run "findings_are_exported_by_region" {
  variables {
    publishing = {
      eu-west-1 = {
        destination_arn = "arn:aws:s3:::findings/guardduty"
        kms_key_arn     = "arn:aws:kms:eu-west-1:111122223333:key/01234567-89ab-cdef-0123-456789abcdef"
      }
    }
  }

  assert {
    condition     = travel_threat_detection.administrator["eu-west-1"].publishing.destination_arn == "arn:aws:s3:::findings/guardduty" && travel_threat_detection.administrator["eu-central-1"].publishing == null
    error_message = "Each region has its own destination."
  }
}

run "an_account_is_named_by_its_id" {
  command = plan

  variables {
    administrator_id = "security-tooling"
  }

  expect_failures = [var.administrator_id]
}

run "one_plan_is_in_the_other" {
  command = plan

  variables {
    protection_plans = { EKS_RUNTIME_MONITORING = {}, RUNTIME_MONITORING = {} }
  }

  expect_failures = [var.protection_plans]
}
