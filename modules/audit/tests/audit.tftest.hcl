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

  mock_resource "travel_bucket" {
    defaults = { status = "ready" }
  }

  mock_resource "travel_kms_key" {
    defaults = { status = "ready", arn = "arn:aws:kms:eu-central-1:111122223333:key/1234" }
  }

  mock_resource "travel_audit_trail" {
    defaults = { status = "ready" }
  }
}

variables {
  name   = "audit"
  bucket = "example-trail"
}

run "a_trail_is_the_accounts_own_and_encrypted" {
  assert {
    condition     = !travel_audit_trail.this.organization && travel_audit_trail.this.kms_key == travel_kms_key.this.arn
    error_message = "The trail must be the account's, with the key."
  }

  assert {
    condition     = travel_bucket.this.object_lock && travel_bucket.this.default_retention.days == 365
    error_message = "The bucket must have a lock."
  }

  assert {
    condition     = [for statement in jsondecode(travel_bucket.this.policy).Statement : statement.Sid] == ["OnlyEncryptedConnections", "TrailLooks", "TrailWrites"]
    error_message = "Only the trail is let in."
  }

  assert {
    condition     = jsondecode(travel_bucket.this.policy).Statement[2].Resource == ["arn:aws:s3:::example-trail/AWSLogs/111122223333/*"]
    error_message = "The trail writes into the account's folder."
  }

  assert {
    condition     = jsondecode(travel_kms_key.this.policy).Statement[1].Condition.StringEquals["aws:SourceArn"] == "arn:aws:cloudtrail:eu-central-1:111122223333:trail/audit"
    error_message = "The key is for this trail."
  }
}

run "a_trail_of_the_organization_is_the_management_accounts" {
  variables {
    prefix       = "all"
    readers      = ["777722223333"]
    organization = { id = "o-abcdefghij", management_account_id = "999922223333" }
  }

  assert {
    condition     = travel_audit_trail.this.organization
    error_message = "It must be the organization's."
  }

  assert {
    condition     = jsondecode(travel_bucket.this.policy).Statement[2].Resource == ["arn:aws:s3:::example-trail/all/AWSLogs/999922223333/*", "arn:aws:s3:::example-trail/all/AWSLogs/o-abcdefghij/*"]
    error_message = "It writes into the folders of the management account and of the organization."
  }

  assert {
    condition     = jsondecode(travel_bucket.this.policy).Statement[1].Condition.StringEquals["aws:SourceArn"] == "arn:aws:cloudtrail:eu-central-1:999922223333:trail/audit"
    error_message = "It has the management account's ARN."
  }

  assert {
    condition     = jsondecode(travel_bucket.this.policy).Statement[3].Sid == "Readers" && jsondecode(travel_kms_key.this.policy).Statement[3].Sid == "Readers"
    error_message = "Readers must be let in, by the key, too."
  }
}

run "files_do_not_go_before_their_lock" {
  command = plan

  variables {
    lock            = { days = 400 }
    expiration_days = 365
  }

  expect_failures = [var.expiration_days]
}

run "an_organization_has_an_id" {
  command = plan

  variables {
    organization = { id = "organization", management_account_id = "999922223333" }
  }

  expect_failures = [var.organization]
}

run "another_account_can_keep_the_log_files" {
  variables {
    archive_account = "444455556666"
  }

  assert {
    condition     = travel_bucket.this.account == "444455556666" && travel_kms_key.this.account == "444455556666"
    error_message = "Bucket and key are in the account that keeps them."
  }

  assert {
    condition     = jsondecode(travel_kms_key.this.policy).Statement[0].Principal.AWS == "arn:aws:iam::444455556666:root"
    error_message = "The key belongs to the account that it is in."
  }

  assert {
    condition     = jsondecode(travel_bucket.this.policy).Statement[2].Resource == ["arn:aws:s3:::example-trail/AWSLogs/111122223333/*"]
    error_message = "The trail writes into its own account's folder."
  }
}
