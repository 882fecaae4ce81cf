# What the module makes of its inputs; nothing is called.

mock_provider "travel" {
  mock_resource "travel_parameter" {
    defaults = { arn = "arn:aws:ssm:eu-central-1:111122223333:parameter/one", status = "ready" }
  }
}

variables {
  prefix = "dev/shop/"

  parameters = {
    "database/host" = { value = "database.internal" }
    zones           = { list = ["a", "b"] }
  }

  secrets       = { password = { version = 3 } }
  secret_values = { password = "not to be seen" }
}

run "names_are_below_the_prefix" {
  assert {
    condition     = travel_parameter.this["database/host"].name == "/dev/shop/database/host"
    error_message = "A name must be below the prefix, with one slash."
  }

  assert {
    condition     = travel_parameter.this["zones"].type == "StringList" && travel_parameter.this["zones"].value == "a,b"
    error_message = "A list must be one."
  }

  assert {
    condition     = travel_parameter.secret["password"].type == "SecureString" && travel_parameter.secret["password"].secret_value_version == 3
    error_message = "A secret must be encrypted, and say its version."
  }

  assert {
    condition     = join(" ", keys(output.names)) == "database/host password zones"
    error_message = "All names must be told."
  }
}

run "a_parameter_has_one_value" {
  command = plan

  variables {
    parameters = { both = { value = "a", list = ["b"] } }
  }

  expect_failures = [var.parameters]
}

run "items_have_no_commas" {
  command = plan

  variables {
    parameters = { list = { list = ["a,b"] } }
  }

  expect_failures = [var.parameters]
}

run "a_prefix_is_not_that_of_aws" {
  command = plan

  variables {
    prefix = "/aws/service"
  }

  expect_failures = [var.prefix]
}
