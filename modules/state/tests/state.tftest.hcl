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
    defaults = {
      arn          = "arn:aws:kms:eu-central-1:111122223333:key/mrk-1"
      replica_arns = { eu-west-1 = "arn:aws:kms:eu-west-1:111122223333:key/mrk-1" }
      status       = "ready"
    }
  }

  mock_resource "travel_role" {
    defaults = { arn = "arn:aws:iam::111122223333:role/states/example-state-copies", status = "ready" }
  }

  mock_resource "travel_bucket" {
    defaults = { arn = "arn:aws:s3:::example", status = "ready" }
  }
}

variables {
  name            = "example"
  bucket          = "example-terraform-state"
  recovery_region = "eu-west-1"
}

run "states_are_kept_encrypted_and_copied" {
  command = plan

  assert {
    condition     = travel_bucket.this.versioning && travel_bucket.this.encryption == "aws:kms" && !travel_bucket.this.force_destroy
    error_message = "Versions must be kept, by a key, and stay."
  }

  assert {
    condition     = travel_bucket.this.lifecycle_rules["older"].noncurrent_expiration_days == 365
    error_message = "Older versions must stay for a year."
  }

  assert {
    condition     = travel_bucket.copies.region == "eu-west-1" && travel_bucket.copies.name == "example-terraform-state-copies"
    error_message = "The copies must stand in the other region."
  }

  assert {
    condition     = travel_bucket.this.replication_rules["all"].delete_markers && keys(travel_kms_key.this.replicas) == tolist(["eu-west-1"])
    error_message = "What goes must go there, too, and the copies need a key."
  }

  assert {
    condition     = length(jsondecode(travel_bucket.this.policy).Statement) == 1 && length(jsondecode(travel_kms_key.this.policy).Statement) == 1
    error_message = "Nobody else is let in unless they are named."
  }
}

run "others_are_let_in_by_prefix" {
  command = plan

  variables {
    access = {
      dev-plan  = { account = "444455556666", roles = ["ci/plan"], prefix = "dev/" }
      dev-apply = { account = "444455556666", roles = ["ci/apply"], prefix = "dev/", write = true }
    }
  }

  assert {
    condition = {
      for statement in jsondecode(travel_bucket.this.policy).Statement : statement.Sid => statement.Resource if startswith(statement.Sid, "Write")
      } == {
      WriteDevPlan  = "arn:aws:s3:::example-terraform-state/dev/*.tflock"
      WriteDevApply = "arn:aws:s3:::example-terraform-state/dev/*"
    }
    error_message = "Who plans must write locks alone."
  }

  assert {
    condition     = alltrue([for statement in jsondecode(travel_bucket.this.policy).Statement : statement.Condition.ArnEquals["aws:PrincipalArn"] == ["arn:aws:iam::444455556666:role/ci/plan"] if endswith(statement.Sid, "DevPlan")])
    error_message = "Only the role is let in, not its account."
  }

  assert {
    condition     = jsondecode(travel_kms_key.this.policy).Statement[1].Condition.ArnEquals["aws:PrincipalArn"] == ["arn:aws:iam::444455556666:role/ci/apply", "arn:aws:iam::444455556666:role/ci/plan"]
    error_message = "They must be able to use the key."
  }
}

run "a_prefix_is_a_folder" {
  command = plan

  variables {
    access = { dev = { account = "444455556666", roles = ["ci/plan"], prefix = "dev" } }
  }

  expect_failures = [var.access]
}

run "roles_are_named_one_by_one" {
  command = plan

  variables {
    access = { dev = { account = "444455556666", roles = ["ci/*"], prefix = "dev/" } }
  }

  expect_failures = [var.access]
}

run "older_versions_stay_for_a_while" {
  command = plan

  variables {
    keep_days = 1
  }

  expect_failures = [var.keep_days]
}

run "copies_need_a_name" {
  command = plan

  variables {
    bucket = "example-terraform-state-of-an-organization-with-a-long-name"
  }

  expect_failures = [var.bucket]
}
