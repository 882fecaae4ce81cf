# The issuer whose tokens pipelines come with; an account has one provider for it.
resource "travel_oidc_provider" "this" {
  count = var.ci == null || try(var.ci.provider_arn, null) != null ? 0 : 1

  url        = local.issuer
  client_ids = [local.audience]

  lifecycle {
    postcondition {
      condition     = self.status == "ready"
      error_message = "The OIDC provider is not complete yet. The next apply continues."
    }
  }
}

locals {
  issuer   = try(var.ci.issuer, "https://token.actions.githubusercontent.com")
  audience = try(var.ci.audience, "sts.amazonaws.com")
  host     = trimprefix(local.issuer, "https://")
  provider = one(concat(travel_oidc_provider.this[*].arn, compact([try(var.ci.provider_arn, null)])))
}

# What pipelines work as: those whose subject is listed, and no others.
resource "travel_role" "ci" {
  for_each = var.ci == null ? {} : var.ci.roles

  name                     = each.key
  path                     = "/ci/"
  description              = each.value.description
  max_session_seconds      = each.value.session_hours * 3600
  managed_policies         = each.value.managed_policies
  inline_policies          = { for name, text in each.value.inline_policies : name => jsondecode(text) }
  permissions_boundary_arn = each.value.permissions_boundary_arn

  trust_policy = {
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRoleWithWebIdentity"
      Principal = { Federated = local.provider }
      Condition = {
        StringEquals = { "${local.host}:aud" = local.audience }
        StringLike   = { "${local.host}:sub" = sort(each.value.subjects) }
      }
    }]
  }

  lifecycle {
    postcondition {
      condition     = self.status == "ready"
      error_message = "The role is not complete yet. The next apply continues."
    }
  }
}

# For the day when nothing else lets anybody in.
resource "travel_role" "break_glass" {
  count = var.break_glass == null ? 0 : 1

  name                = var.break_glass.name
  description         = "For emergencies: every use of it is to be looked into."
  max_session_seconds = 3600
  managed_policies    = var.break_glass.managed_policies

  trust_policy = {
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = ["sts:AssumeRole", "sts:SetSourceIdentity"]
      Principal = { AWS = sort(var.break_glass.principals) }
      Condition = {
        Bool            = { "aws:MultiFactorAuthPresent" = "true" }
        NumericLessThan = { "aws:MultiFactorAuthAge" = "3600" }
      }
    }]
  }

  lifecycle {
    postcondition {
      condition     = self.status == "ready"
      error_message = "The role is not complete yet. The next apply continues."
    }
  }
}
