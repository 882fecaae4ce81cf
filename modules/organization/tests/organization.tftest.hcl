# What the module makes of its inputs; nothing is called.

mock_provider "travel" {
  mock_resource "travel_organization" {
    defaults = { root_id = "r-1234", status = "ready" }
  }

  mock_resource "travel_organizational_unit" {
    defaults = { id = "ou-1234-12345678", status = "ready" }
  }

  mock_resource "travel_account" {
    defaults = { id = "111122223333", status = "ready" }
  }

  mock_resource "travel_delegated_administrator" {
    defaults = { status = "ready" }
  }

  mock_resource "travel_account_contacts" {
    defaults = { status = "ready" }
  }

  mock_resource "travel_bucket" {
    defaults = { status = "ready" }
  }

  mock_resource "travel_effective_policies" {
    defaults = { status = "ready" }
  }

  mock_resource "travel_organization_policy" {
    defaults = { id = "p-12345678", status = "ready" }
  }
}

variables {
  name  = "example"
  units = ["workloads"]

  accounts = {
    dev    = { email = "aws+dev@example.com", unit = "workloads" }
    backup = { email = "aws+backup@example.com" }
  }
}

run "accounts_stand_in_their_units" {
  assert {
    condition     = travel_account.this["dev"].parent_id == travel_organizational_unit.this["workloads"].id
    error_message = "dev must stand in workloads."
  }

  assert {
    condition     = travel_account.this["backup"].parent_id == travel_organization.this.root_id
    error_message = "backup must stand in the root."
  }

  assert {
    condition     = !travel_account.this["dev"].close_on_destroy
    error_message = "A destroy must not close accounts unless asked to."
  }

  assert {
    condition     = keys(output.account_ids) == ["backup", "dev"]
    error_message = "The ids must be told by name."
  }
}

run "a_unit_must_be_named" {
  command = plan

  variables {
    accounts = { dev = { email = "aws+dev@example.com", unit = "sandbox" } }
  }

  expect_failures = [var.accounts]
}

run "an_address_serves_once" {
  command = plan

  variables {
    accounts = {
      dev = { email = "aws@example.com" }
      stg = { email = "aws@example.com" }
    }
  }

  expect_failures = [var.accounts]
}

run "a_service_is_a_principal" {
  command = plan

  variables {
    trusted_services = ["config"]
  }

  expect_failures = [var.trusted_services]
}

run "nothing_is_denied_unless_asked_for" {
  assert {
    condition     = length(travel_organization_policy.guardrail) == 0 && output.effective_policies == null
    error_message = "Without guardrails there must be no policies."
  }
}

run "guardrails_hold_for_all" {
  variables {
    guardrails         = { approved_regions = ["eu-west-1", "eu-central-1"] }
    effective_policies = { bucket = "example-policies" }
  }

  assert {
    condition     = join(" ", keys(output.guardrail_ids)) == "audit membership regions storage"
    error_message = "There must be a policy for each concern."
  }

  assert {
    condition     = alltrue([for policy in travel_organization_policy.guardrail : policy.targets == toset(["r-1234"])])
    error_message = "They must hold for the whole organization."
  }

  assert {
    condition     = alltrue([for policy in travel_organization_policy.guardrail : length(policy.content) < 5120])
    error_message = "They must leave room for more."
  }

  assert {
    condition     = jsondecode(travel_organization_policy.guardrail["regions"].content).Statement[0].Condition.StringNotEquals["aws:RequestedRegion"] == ["eu-central-1", "eu-west-1"]
    error_message = "Only the approved regions must be allowed."
  }

  assert {
    condition     = output.effective_policies.key == "effective-policies.json"
    error_message = "The policies must be published."
  }
}

run "guardrails_hold_for_units" {
  variables {
    guardrails = { approved_regions = ["eu-central-1"], exempt_roles = [], units = ["workloads"] }
  }

  assert {
    condition     = travel_organization_policy.guardrail["audit"].targets == toset(["ou-1234-12345678"])
    error_message = "They must hold for the unit."
  }

  assert {
    condition     = !can(jsondecode(travel_organization_policy.guardrail["audit"].content).Statement[0].Condition)
    error_message = "Nobody must be exempt."
  }
}

run "a_region_must_be_approved" {
  command = plan

  variables {
    guardrails = { approved_regions = [] }
  }

  expect_failures = [var.guardrails]
}

run "guardrails_hold_for_units_that_there_are" {
  command = plan

  variables {
    guardrails = { approved_regions = ["eu-central-1"], units = ["sandbox"] }
  }

  expect_failures = [var.guardrails]
}

run "the_perimeter_keeps_others_out" {
  variables {
    policy_types = ["RESOURCE_CONTROL_POLICY"]
    perimeter    = { trusted_accounts = ["444455556666"], units = ["workloads"] }
  }

  assert {
    condition     = travel_organization_policy.this["perimeter"].type == "RESOURCE_CONTROL_POLICY" && travel_organization_policy.this["perimeter"].targets == toset(["ou-1234-12345678"])
    error_message = "It must be a resource control policy of the unit."
  }

  assert {
    condition = jsondecode(travel_organization_policy.this["perimeter"].content).Statement[0].Condition.StringNotEqualsIfExists == {
      "aws:PrincipalOrgID"   = travel_organization.this.id
      "aws:PrincipalAccount" = ["444455556666"]
    }
    error_message = "Only the organization and the account it trusts must be let in."
  }

  assert {
    condition     = length(travel_organization_policy.this["perimeter"].content) < 2560
    error_message = "It must leave room for more."
  }
}

run "tags_are_spelt_as_they_are_required" {
  variables {
    required_tags = { Team = { values = ["b", "a"], enforced_for = ["s3:bucket"] }, cost = {} }
  }

  assert {
    condition = jsondecode(travel_organization_policy.this["tags"].content).tags == {
      cost = { tag_key = { "@@assign" = "cost" } }
      team = {
        tag_key      = { "@@assign" = "Team" }
        tag_value    = { "@@assign" = ["a", "b"] }
        enforced_for = { "@@assign" = ["s3:bucket"] }
      }
    }
    error_message = "The policy must say which tags there are."
  }
}

run "backups_are_planned" {
  variables {
    policy_types = ["BACKUP_POLICY"]

    backup_plans = {
      daily = {
        regions = ["eu-central-1"]
        tag     = { key = "backup", values = ["daily"] }
        rules   = { night = { schedule = "cron(0 3 * * ? *)", retain_days = 35, copies = { "arn:aws:backup:eu-west-1:$account:backup-vault:Default" = 90 } } }
      }
    }
  }

  assert {
    condition     = jsondecode(travel_organization_policy.this["backups"].content).plans.daily.rules.night.lifecycle == { delete_after_days = { "@@assign" = "35" } }
    error_message = "Backups must go after their days, which are written as a text."
  }

  assert {
    condition     = keys(jsondecode(travel_organization_policy.this["backups"].content).plans.daily.rules.night.copy_actions) == ["arn:aws:backup:eu-west-1:$account:backup-vault:Default"]
    error_message = "They must be copied."
  }

  assert {
    condition     = endswith(jsondecode(travel_organization_policy.this["backups"].content).plans.daily.selections.tags.tagged.iam_role_arn["@@assign"], ":iam::$account:role/service-role/AWSBackupDefaultServiceRole")
    error_message = "Each account's own role must make them."
  }
}

run "services_are_delegated_and_contacts_told" {
  variables {
    trusted_services         = ["account.amazonaws.com", "config.amazonaws.com"]
    delegated_administrators = { "config.amazonaws.com" = ["backup", "dev"] }
    contacts                 = { security = { name = "Security", title = "On call", email = "security@example.com", phone_number = "+1 555 0100" } }
  }

  assert {
    condition     = output.delegated_administrators == { "config.amazonaws.com" = ["111122223333", "111122223333"] }
    error_message = "Both accounts must administer it."
  }

  assert {
    condition     = length(travel_account_contacts.this) == 2 && travel_account_contacts.management[0].security.email == "security@example.com"
    error_message = "The contacts must stand with all accounts."
  }
}

run "what_is_delegated_is_trusted" {
  command = plan

  variables {
    delegated_administrators = { "config.amazonaws.com" = ["dev"] }
  }

  expect_failures = [var.delegated_administrators]
}

run "contacts_of_members_need_trust" {
  command = plan

  variables {
    contacts = { security = { name = "Security", title = "On call", email = "security@example.com", phone_number = "+1 555 0100" } }
  }

  expect_failures = [var.contacts]
}

run "types_of_policies_are_enabled" {
  command = plan

  variables {
    perimeter = {}
    policies  = { more = { type = "CHATBOT_POLICY", content = "{}" } }
  }

  expect_failures = [var.perimeter, var.policies]
}

run "the_modules_own_names_are_taken" {
  command = plan

  variables {
    policies = { audit = { type = "TAG_POLICY", content = "{\"tags\":{}}" } }
  }

  expect_failures = [var.policies]
}

run "cold_storage_is_for_long" {
  command = plan

  variables {
    policy_types = ["BACKUP_POLICY"]
    backup_plans = {
      daily = {
        regions = ["eu-central-1"]
        tag     = { key = "backup", values = ["daily"] }
        rules   = { night = { schedule = "cron(0 3 * * ? *)", retain_days = 35, cold_after_days = 10 } }
      }
    }
  }

  expect_failures = [var.backup_plans]
}
