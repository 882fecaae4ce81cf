# What the module makes of its inputs; nothing is called.

mock_provider "travel" {
  mock_resource "travel_kms_key" {
    defaults = { status = "ready" }
  }
}

variables {
  name = "dev"

  keys = {
    plain   = { description = "Plain" }
    logs    = { description = "Logs", log_groups = true, replica_regions = ["eu-west-1"] }
    volumes = { description = "Volumes", roles = ["nodes"], accounts = ["444455556666"] }
    trail   = { description = "Trail", services = ["cloudtrail.amazonaws.com"] }
  }
}

run "keys_are_named_after_their_purpose" {
  assert {
    condition     = travel_kms_key.this["plain"].name == "dev/plain" && travel_kms_key.this["plain"].multi_region
    error_message = "A key is named after its purpose, and can have replicas."
  }

  assert {
    condition     = keys(travel_kms_key.this["logs"].replicas) == tolist(["eu-west-1"])
    error_message = "logs must have its replica."
  }

  assert {
    condition     = keys(output.arns) == ["logs", "plain", "trail", "volumes"]
    error_message = "The ARNs must be told by purpose."
  }
}

run "keys_let_in_whom_they_name" {
  assert {
    condition = (
      !travel_kms_key.this["plain"].access.log_groups &&
      length(travel_kms_key.this["plain"].access.services) == 0 &&
      length(travel_kms_key.this["plain"].access.users) == 0 &&
      length(travel_kms_key.this["plain"].access.users_like) == 0
    )
    error_message = "A plain key is the account's alone."
  }

  assert {
    condition     = travel_kms_key.this["logs"].access.log_groups
    error_message = "Log groups are encrypted with the key."
  }

  assert {
    condition = (
      travel_kms_key.this["volumes"].access.users_like == toset(["role/nodes"]) &&
      travel_kms_key.this["volumes"].access.users == toset(["444455556666"])
    )
    error_message = "Roles use the key, existing or not, and so do accounts."
  }

  assert {
    condition     = keys(travel_kms_key.this["trail"].access.services) == tolist(["cloudtrail.amazonaws.com"])
    error_message = "A service uses the key by its principal."
  }
}

run "a_key_can_be_held_by_another_account" {
  variables {
    keys = { backups = { description = "Backups", account = "backup", roles = ["keeper"] } }
  }

  assert {
    condition     = travel_kms_key.this["backups"].account == "backup"
    error_message = "The key is made in the account that it names."
  }
}

run "a_replica_needs_a_multi_region_key" {
  command = plan

  variables {
    keys = { plain = { description = "Plain", multi_region = false, replica_regions = ["eu-west-1"] } }
  }

  expect_failures = [var.keys]
}

run "an_account_is_named_by_its_id" {
  command = plan

  variables {
    keys = { plain = { description = "Plain", accounts = ["backup"] } }
  }

  expect_failures = [var.keys]
}

run "windows_are_7_to_30_days" {
  command = plan

  variables {
    deletion_window_days = 5
  }

  expect_failures = [var.deletion_window_days]
}
