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
