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
}

variables {
  buckets = {
    example-plain = {}
    example-logs = {
      kms_key         = "arn:aws:kms:eu-central-1:111122223333:key/1234"
      lock            = { days = 30 }
      expiration_days = 365
      archive_days    = 90
      services        = ["cloudtrail.amazonaws.com"]
      replicate_to = {
        role        = "arn:aws:iam::111122223333:role/copies"
        destination = "arn:aws:s3:::example-copies"
        kms_key     = "arn:aws:kms:eu-west-1:111122223333:key/5678"
      }
    }
  }
}

run "a_plain_bucket_has_versions_and_takes_encrypted_connections" {
  assert {
    condition     = travel_bucket.this["example-plain"].versioning && travel_bucket.this["example-plain"].encryption == "AES256"
    error_message = "A bucket has versions, and S3's own encryption."
  }

  assert {
    condition     = [for statement in jsondecode(travel_bucket.this["example-plain"].policy).Statement : statement.Sid] == ["OnlyEncryptedConnections"]
    error_message = "Nobody else is let in."
  }
}

run "a_bucket_for_logs_is_locked_encrypted_and_copied" {
  assert {
    condition     = travel_bucket.this["example-logs"].object_lock && travel_bucket.this["example-logs"].default_retention.days == 30
    error_message = "The lock must be there."
  }

  assert {
    condition     = travel_bucket.this["example-logs"].encryption == "aws:kms" && travel_bucket.this["example-logs"].bucket_key
    error_message = "The key must encrypt it."
  }

  assert {
    condition     = keys(travel_bucket.this["example-logs"].lifecycle_rules) == tolist(["archive", "expire", "older", "uploads"])
    error_message = "Objects must move and go."
  }

  assert {
    condition     = [for statement in jsondecode(travel_bucket.this["example-logs"].policy).Statement : statement.Sid] == ["OnlyEncryptedConnections", "ServicesLook", "ServicesWrite"]
    error_message = "The service must be let in."
  }

  assert {
    condition     = travel_bucket.this["example-logs"].replication_rules["all"].destination == "arn:aws:s3:::example-copies"
    error_message = "It must be copied."
  }
}

run "what_is_locked_has_versions" {
  command = plan

  variables {
    buckets = { example-logs = { versioning = false, lock = { days = 1 } } }
  }

  expect_failures = [var.buckets]
}

run "logs_are_written_into_no_bucket_with_a_lock" {
  command = plan

  variables {
    buckets = {
      example-logs = { lock = { days = 1 } }
      example-data = { log_bucket = "example-logs" }
    }
  }

  expect_failures = [var.buckets]
}

run "copies_of_what_a_key_encrypts_need_a_key" {
  command = plan

  variables {
    buckets = {
      example-data = {
        kms_key      = "arn:aws:kms:eu-central-1:111122223333:key/1"
        replicate_to = { role = "arn:aws:iam::111122223333:role/copies", destination = "arn:aws:s3:::example-copies" }
      }
    }
  }

  expect_failures = [var.buckets]
}
