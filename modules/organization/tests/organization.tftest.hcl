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
