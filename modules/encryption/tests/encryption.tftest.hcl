# What the module makes of its inputs; nothing is called.

mock_provider "travel" {
  mock_data "travel_caller" {
    defaults = {
      account_id = "111122223333"
      region     = "eu-central-1"
      partition  = "aws"
      dns_suffix = "amazonaws.com"
    }
  }

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

run "policies_let_in_whom_they_name" {
  assert {
    condition     = [for statement in jsondecode(travel_kms_key.this["plain"].policy).Statement : statement.Sid] == ["Account"]
    error_message = "A plain key is the account's alone."
  }

  assert {
    condition = [
      for statement in jsondecode(travel_kms_key.this["logs"].policy).Statement : statement.Principal.Service if statement.Sid != "Account"
    ] == ["logs.eu-central-1.amazonaws.com", "logs.eu-west-1.amazonaws.com"]
    error_message = "Log groups are encrypted where the key and its replicas are."
  }

  assert {
    condition = [
      for statement in jsondecode(travel_kms_key.this["volumes"].policy).Statement : statement.Sid
    ] == ["Account", "Roles", "RolesGrant", "Accounts", "AccountsGrant"]
    error_message = "Roles and accounts use the key, and grant its use to resources."
  }

  assert {
    condition     = jsondecode(travel_kms_key.this["volumes"].policy).Statement[2].Condition.Bool["kms:GrantIsForAWSResource"] == "true"
    error_message = "Grants are for AWS resources only."
  }

  assert {
    condition     = jsondecode(travel_kms_key.this["volumes"].policy).Statement[1].Condition.ArnEquals["aws:PrincipalArn"] == ["arn:aws:iam::111122223333:role/nodes"]
    error_message = "A role is named by its ARN, existing or not."
  }

  assert {
    condition     = jsondecode(travel_kms_key.this["trail"].policy).Statement[1].Condition.StringEquals["aws:SourceAccount"] == "111122223333"
    error_message = "A service works on behalf of the account alone."
  }
}

run "a_key_can_be_held_by_another_account" {
  variables {
    keys = { backups = { description = "Backups", account = "backup", roles = ["keeper"] } }
  }

  override_data {
    target = data.travel_caller.other
    values = { account_id = "444455556666" }
  }

  assert {
    condition     = travel_kms_key.this["backups"].account == "backup"
    error_message = "The key is made in the account that it names."
  }

  assert {
    condition = (
      jsondecode(travel_kms_key.this["backups"].policy).Statement[0].Principal.AWS == "arn:aws:iam::444455556666:root" &&
      jsondecode(travel_kms_key.this["backups"].policy).Statement[1].Condition.ArnEquals["aws:PrincipalArn"] == ["arn:aws:iam::444455556666:role/keeper"]
    )
    error_message = "The key belongs to the account that it is in."
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
