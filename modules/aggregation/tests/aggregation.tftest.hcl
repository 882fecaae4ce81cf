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

  mock_resource "travel_role" {
    defaults = { status = "ready", arn = "arn:aws:iam::111122223333:role/all-config-aggregator" }
  }

  mock_resource "travel_config_aggregator" {
    defaults = { status = "ready" }
  }
}

variables {
  name            = "all"
  organization_id = "o-abcdefghij"
  bucket          = "example-recordings"
}

run "only_recorders_of_the_organization_deliver" {
  assert {
    condition     = alltrue([for statement in jsondecode(travel_bucket.this.policy).Statement : statement.Condition.StringEquals["aws:SourceOrgID"] == "o-abcdefghij" if statement.Effect == "Allow"])
    error_message = "The bucket lets in nobody else."
  }

  assert {
    condition     = jsondecode(travel_kms_key.this.policy).Statement[1].Condition.StringEquals["aws:SourceOrgID"] == "o-abcdefghij"
    error_message = "Nor does the key."
  }

  assert {
    condition     = travel_bucket.this.kms_key == travel_kms_key.this.arn
    error_message = "The bucket is encrypted with the key."
  }
}

run "everything_is_gathered" {
  assert {
    condition     = travel_config_aggregator.this.organization_role_arn == travel_role.this.arn && travel_config_aggregator.this.regions == null
    error_message = "It is the organization's, in all regions."
  }
}

run "accounts_can_be_others" {
  variables {
    archive_account    = "444455556666"
    aggregator_account = "777788889999"
    regions            = ["eu-central-1"]
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
    condition     = travel_role.this.account == "777788889999" && travel_config_aggregator.this.account == "777788889999"
    error_message = "The view, with its role, is in the account that has it."
  }

  assert {
    condition     = travel_config_aggregator.this.regions == toset(["eu-central-1"])
    error_message = "It gathers from the regions that are named."
  }
}

run "an_organization_has_an_id" {
  command = plan

  variables {
    organization_id = "organization"
  }

  expect_failures = [var.organization_id]
}
