# What the module makes of its inputs; nothing is called.

mock_provider "travel" {
  mock_resource "travel_oidc_provider" {
    defaults = { arn = "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com", status = "ready" }
  }

  mock_resource "travel_role" {
    defaults = { arn = "arn:aws:iam::111122223333:role/one", status = "ready" }
  }
}

variables {
  ci = {
    roles = {
      plan  = { subjects = ["repo:example/platform:pull_request"] }
      apply = { subjects = ["repo:example/platform:ref:refs/heads/main", "repo:example/platform:environment:dev"], session_hours = 2 }
    }
  }

  break_glass = { principals = ["arn:aws:iam::111122223333:user/ada"] }
}

run "each_role_trusts_its_subjects" {
  assert {
    condition     = travel_role.ci["plan"].trust_policy.Statement[0].Condition.StringLike["token.actions.githubusercontent.com:sub"][0] == "repo:example/platform:pull_request"
    error_message = "Only pull requests may plan."
  }

  assert {
    condition     = travel_role.ci["apply"].trust_policy.Statement[0].Condition.StringEquals["token.actions.githubusercontent.com:aud"] == "sts.amazonaws.com"
    error_message = "Only tokens for AWS may be taken."
  }

  assert {
    condition     = travel_role.ci["apply"].trust_policy.Statement[0].Principal.Federated == output.provider_arn
    error_message = "The provider of the module must be trusted."
  }

  assert {
    condition     = travel_role.ci["apply"].max_session_seconds == 7200
    error_message = "A session must last as long as it says."
  }

  assert {
    condition     = travel_role.break_glass[0].trust_policy.Statement[0].Condition.Bool["aws:MultiFactorAuthPresent"] == "true"
    error_message = "A second factor must be given."
  }
}

run "a_provider_may_be_there_already" {
  variables {
    ci = {
      provider_arn = "arn:aws:iam::111122223333:oidc-provider/gitlab.com"
      issuer       = "https://gitlab.com"
      roles        = { apply = { subjects = ["project_path:example/platform:ref_type:branch:ref:main"] } }
    }
    break_glass = null
  }

  assert {
    condition     = length(travel_oidc_provider.this) == 0 && output.provider_arn == "arn:aws:iam::111122223333:oidc-provider/gitlab.com"
    error_message = "No second provider must be made."
  }

  assert {
    condition     = output.break_glass_arn == null
    error_message = "Without break_glass there must be no such role."
  }
}

run "a_subject_is_somebodys" {
  command = plan

  variables {
    ci = { roles = { apply = { subjects = ["*"] } } }
  }

  expect_failures = [var.ci]
}

run "a_session_ends" {
  command = plan

  variables {
    ci = { roles = { apply = { subjects = ["repo:example/platform:*"], session_hours = 24 } } }
  }

  expect_failures = [var.ci]
}

run "an_emergency_is_somebodys" {
  command = plan

  variables {
    break_glass = { principals = ["*"] }
  }

  expect_failures = [var.break_glass]
}
