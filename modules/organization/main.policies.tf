# What holds for the resources of the accounts, whoever asks; how they are tagged; what is backed up.

locals {
  # Services whose resources let others in by policies of their own. STS is not among them: pipelines
  # come in by tokens of issuers outside.
  perimeter_actions = ["kms:*", "s3:*", "secretsmanager:*", "sqs:*"]

  trusted_accounts = var.perimeter == null ? [] : sort(var.perimeter.trusted_accounts)

  perimeter = {
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Organization"
        Effect    = "Deny"
        Principal = "*"
        Action    = local.perimeter_actions
        Resource  = "*"
        Condition = {
          StringNotEqualsIfExists = merge(
            { "aws:PrincipalOrgID" = travel_organization.this.id },
            length(local.trusted_accounts) == 0 ? {} : { "aws:PrincipalAccount" = local.trusted_accounts },
          )
          BoolIfExists = { "aws:PrincipalIsAWSService" = "false" }
        }
      },
      {
        # A service that works for somebody elsewhere must not be talked into using what is ours.
        Sid       = "Services"
        Effect    = "Deny"
        Principal = "*"
        Action    = local.perimeter_actions
        Resource  = "*"
        Condition = {
          StringNotEqualsIfExists = merge(
            { "aws:SourceOrgID" = travel_organization.this.id },
            length(local.trusted_accounts) == 0 ? {} : { "aws:SourceAccount" = local.trusted_accounts },
          )
          Null = { "aws:SourceAccount" = "false" }
          Bool = { "aws:PrincipalIsAWSService" = "true" }
        }
      },
      {
        Sid       = "Transport"
        Effect    = "Deny"
        Principal = "*"
        Action    = local.perimeter_actions
        Resource  = "*"
        Condition = { BoolIfExists = { "aws:SecureTransport" = "false" } }
      },
    ]
  }

  tag_policy = {
    tags = {
      for key, tag in var.required_tags : lower(key) => merge(
        { tag_key = { "@@assign" = key } },
        { for values in [tag.values] : "tag_value" => { "@@assign" = sort(values) } if length(values) > 0 },
        { for types in [tag.enforced_for] : "enforced_for" => { "@@assign" = sort(types) } if length(types) > 0 },
      )
    }
  }

  # All numbers of a backup policy are written as texts.
  backup_policy = {
    plans = {
      for name, plan in var.backup_plans : name => {
        regions = { "@@assign" = sort(plan.regions) }
        rules = {
          for rule_name, rule in plan.rules : rule_name => merge(
            {
              schedule_expression            = { "@@assign" = rule.schedule }
              target_backup_vault_name       = { "@@assign" = rule.vault }
              start_backup_window_minutes    = { "@@assign" = tostring(rule.start_within_minutes) }
              complete_backup_window_minutes = { "@@assign" = tostring(rule.complete_within_minutes) }
              lifecycle = merge(
                { delete_after_days = { "@@assign" = tostring(rule.retain_days) } },
                { for days in [rule.cold_after_days] : "move_to_cold_storage_after_days" => { "@@assign" = tostring(days) } if days != null },
              )
            },
            {
              for copies in [rule.copies] : "copy_actions" => {
                for vault, days in copies : vault => {
                  target_backup_vault_arn = { "@@assign" = vault }
                  lifecycle               = { delete_after_days = { "@@assign" = tostring(days) } }
                }
              } if length(copies) > 0
            },
          )
        }
        selections = {
          tags = {
            tagged = {
              iam_role_arn = { "@@assign" = "arn:${data.travel_partition.this.partition}:iam::$account:role/${plan.role}" }
              tag_key      = { "@@assign" = plan.tag.key }
              tag_value    = { "@@assign" = sort(plan.tag.values) }
            }
          }
        }
      }
    }
  }

  policies = merge(
    { for name in ["perimeter"] : name => {
      type        = "RESOURCE_CONTROL_POLICY"
      description = "What is in the accounts is for the organization, by encrypted connections."
      content     = jsonencode(local.perimeter)
      units       = try(var.perimeter.units, null)
    } if var.perimeter != null },
    { for name in ["tags"] : name => {
      type        = "TAG_POLICY"
      description = "How resources are tagged."
      content     = jsonencode(local.tag_policy)
      units       = null
    } if length(var.required_tags) > 0 },
    { for name in ["backups"] : name => {
      type        = "BACKUP_POLICY"
      description = "What is backed up, and for how long."
      content     = jsonencode(local.backup_policy)
      units       = null
    } if length(var.backup_plans) > 0 },
    { for name, policy in var.policies : name => policy },
  )
}

resource "travel_organization_policy" "this" {
  for_each = local.policies

  name        = each.key
  type        = each.value.type
  description = each.value.description
  content     = each.value.content

  # The root, unless units are named.
  targets = each.value.units == null ? [travel_organization.this.root_id] : [
    for unit in each.value.units : travel_organizational_unit.this[unit].id
  ]

  lifecycle {
    postcondition {
      condition     = self.status == "ready"
      error_message = "The policy is not complete yet. The next apply continues."
    }
  }
}
