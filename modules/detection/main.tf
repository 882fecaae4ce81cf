locals {
  plans = { for name, plan in var.protection_plans : name => plan }

  # An analyzer in each of its regions.
  analyzers = merge([
    for name, analyzer in var.analyzers : {
      for region in coalesce(analyzer.regions, var.regions) : "${name}/${region}" => merge(analyzer, { name = name, region = region })
    }
  ]...)
}

# In the management account: who administers GuardDuty for the organization.
resource "travel_threat_detection" "management" {
  for_each = var.regions

  region            = each.key
  administrator_id  = var.administrator_id
  finding_frequency = var.finding_frequency
  tags              = var.tags

  features = {
    for name, plan in local.plans : name => { enabled = true, agents = plan.agents }
  }

  lifecycle {
    postcondition {
      condition     = self.status == "ready"
      error_message = "Threat detection is not complete yet. The next apply continues."
    }
  }
}

# In that account: what all accounts take part in, and where findings go.
resource "travel_threat_detection" "administrator" {
  for_each = var.regions

  account           = travel_threat_detection.management[each.key].administrator_id
  region            = each.key
  finding_frequency = var.finding_frequency
  tags              = var.tags

  features = {
    for name, plan in local.plans : name => { enabled = true, agents = plan.agents }
  }

  organization = {
    members  = var.members
    features = { for name, plan in local.plans : name => plan.members }
  }

  publishing = try(var.publishing[each.key], null)

  lifecycle {
    postcondition {
      condition     = self.status == "ready"
      error_message = "Threat detection is not complete yet. The next apply continues."
    }
  }
}

# Access Analyzer is delegated to the same account.
resource "travel_access_analyzer" "this" {
  for_each = local.analyzers

  name               = each.value.name
  account            = var.administrator_id
  region             = each.value.region
  zone_of_trust      = each.value.zone_of_trust
  analyzes           = each.value.analyzes
  unused_access_days = each.value.unused_access_days
  exclusions         = each.value.exclusions
  inclusions         = each.value.inclusions
  archive_rules      = each.value.archive_rules
  tags               = var.tags

  lifecycle {
    postcondition {
      condition     = self.status == "ready"
      error_message = "The analyzer is not complete yet. The next apply continues."
    }
  }
}
