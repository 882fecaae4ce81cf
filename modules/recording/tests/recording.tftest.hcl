# What the module makes of its inputs; nothing is called.

mock_provider "travel" {
  mock_resource "travel_config_recorder" {
    defaults = { status = "ready", arn = "arn:aws:config:eu-central-1:111122223333:configuration-recorder/default/1" }
  }

  mock_resource "travel_config_rule" {
    defaults = { status = "ready", arn = "arn:aws:config:eu-central-1:111122223333:config-rule/config-rule-1" }
  }
}

variables {
  bucket = "example-recordings"
}

run "everything_is_recorded" {
  assert {
    condition     = travel_config_recorder.this.delivery.bucket == "example-recordings" && travel_config_recorder.this.delivery.snapshot_frequency == "TwentyFour_Hours"
    error_message = "It delivers to the bucket, every day."
  }

  assert {
    condition     = travel_config_recorder.this.global_resource_types && travel_config_recorder.this.retention_days == 2557
    error_message = "IAM is recorded, and all is kept."
  }
}

run "types_can_be_left_out" {
  variables {
    excluded_resource_types = ["AWS::EC2::NetworkInterface"]
    global_resource_types   = false
  }

  assert {
    condition     = travel_config_recorder.this.excluded_resource_types == toset(["AWS::EC2::NetworkInterface"])
    error_message = "The types are left out."
  }
}

run "rules_judge" {
  variables {
    rules = {
      volumes = { managed = "ENCRYPTED_VOLUMES" }
      keys    = { managed = "ACCESS_KEYS_ROTATED", parameters = { maxAccessKeyAge = "90" }, frequency = "One_Hour" }
      tables  = { policy = { text = "rule named { resourceName exists }" }, scope = { resource_types = ["AWS::DynamoDB::Table"] } }
    }
  }

  assert {
    condition     = travel_config_rule.this["keys"].parameters.maxAccessKeyAge == "90" && travel_config_rule.this["keys"].frequency == "One_Hour"
    error_message = "A rule has its parameters."
  }

  assert {
    condition     = travel_config_rule.this["tables"].managed == null && travel_config_rule.this["tables"].scope.resource_types == toset(["AWS::DynamoDB::Table"])
    error_message = "A policy has its scope."
  }

  assert {
    condition     = join(" ", keys(output.rule_arns)) == "keys tables volumes"
    error_message = "All rules are put out."
  }
}

run "a_rule_is_of_one_kind" {
  command = plan

  variables {
    rules = { both = { managed = "ENCRYPTED_VOLUMES", function_arn = "arn:aws:lambda:eu-central-1:111122223333:function:judge" } }
  }

  expect_failures = [var.rules]
}
