# What the module makes of its inputs; nothing is called.

mock_provider "travel" {
  mock_resource "travel_permission_set" {
    defaults = { arn = "arn:aws:sso:::permissionSet/ssoins-1/ps-1", status = "ready" }
  }

  mock_resource "travel_identity_user" {
    defaults = { user_id = "user-1", status = "ready" }
  }

  mock_resource "travel_identity_group" {
    defaults = { group_id = "group-1", status = "ready" }
  }

  mock_resource "travel_account_assignments" {
    defaults = { status = "ready" }
  }
}

variables {
  permission_sets = {
    reader   = { managed_policies = ["arn:aws:iam::aws:policy/ReadOnlyAccess"] }
    operator = { session_minutes = 480 }
  }

  users  = { ada = { given_name = "Ada", family_name = "Doe", email = "ada@example.com" } }
  groups = { platform = { members = ["ada"] } }

  assignments = {
    platform = { group = "platform", accounts = ["111122223333"], permission_sets = ["operator", "reader"] }
    ada      = { user = "ada", accounts = ["111122223333"], permission_sets = ["reader"] }
    others   = { group_id = "group-9", accounts = ["111122223333"], permission_sets = ["reader"] }
  }
}

run "each_has_what_it_is_assigned" {
  assert {
    condition     = travel_account_assignments.this["platform"].principal_id == "group-1" && travel_account_assignments.this["platform"].principal_type == "GROUP"
    error_message = "A group of the module must have it by its id."
  }

  assert {
    condition     = travel_account_assignments.this["ada"].principal_id == "user-1" && travel_account_assignments.this["ada"].principal_type == "USER"
    error_message = "A user of the module must have it by its id."
  }

  assert {
    condition     = travel_account_assignments.this["others"].principal_id == "group-9" && travel_account_assignments.this["others"].principal_type == "GROUP"
    error_message = "A group of the directory goes by its id."
  }

  assert {
    condition     = travel_identity_user.this["ada"].display_name == "Ada Doe"
    error_message = "A user is called by both names."
  }

  assert {
    condition     = travel_identity_group.this["platform"].members == toset(["user-1"])
    error_message = "A group has its members."
  }

  assert {
    condition     = join(" ", keys(output.permission_set_arns)) == "operator reader"
    error_message = "The ARNs must be told by name."
  }
}

run "an_assignment_is_for_one" {
  command = plan

  variables {
    assignments = {
      both = { group = "platform", user = "ada", accounts = ["111122223333"], permission_sets = ["reader"] }
    }
  }

  expect_failures = [var.assignments]
}

run "what_is_assigned_is_there" {
  command = plan

  variables {
    assignments = { none = { group = "platform", accounts = ["111122223333"], permission_sets = ["writer"] } }
  }

  expect_failures = [var.assignments]
}

run "an_account_goes_by_its_id" {
  command = plan

  variables {
    assignments = { dev = { group = "platform", accounts = ["dev"], permission_sets = ["reader"] } }
  }

  expect_failures = [var.assignments]
}

run "members_are_users" {
  command = plan

  variables {
    groups = { platform = { members = ["bob"] } }
  }

  expect_failures = [var.groups]
}

run "a_name_is_short" {
  command = plan

  variables {
    permission_sets = { "a name with spaces" = {} }
    assignments     = {}
  }

  expect_failures = [var.permission_sets]
}
