# What nobody in the accounts may do, whatever their own policies allow.

locals {
  exempt = var.guardrails == null ? [] : [
    for role in var.guardrails.exempt_roles : "arn:*:iam::*:role/${role}"
  ]
  not_exempt = length(local.exempt) == 0 ? {} : { ArnNotLike = { "aws:PrincipalArn" = local.exempt } }

  approved_regions = var.guardrails == null ? [] : sort(var.guardrails.approved_regions)

  # Services whose calls all go to one region, wherever they come from.
  global_actions = [
    "account:*", "aws-portal:*", "billing:*", "budgets:*", "ce:*", "chatbot:*", "cloudfront:*", "consolidatedbilling:*",
    "cur:*", "freetier:*", "globalaccelerator:*", "health:*", "iam:*", "invoicing:*", "networkmanager:*",
    "organizations:*", "payments:*", "pricing:*", "route53:*", "route53-recovery-control-config:*",
    "route53-recovery-readiness:*", "route53domains:*", "s3:GetAccountPublicAccessBlock", "s3:ListAllMyBuckets",
    "s3:PutAccountPublicAccessBlock", "savingsplans:*", "shield:*", "sts:*", "support:*", "supportplans:*", "tax:*",
    "trustedadvisor:*", "waf:*", "wellarchitected:*",
  ]

  guardrails = {
    membership = {
      description = "Accounts stay in the organization, and nobody works as their root user."
      statements = [
        {
          Sid      = "Leaving"
          Effect   = "Deny"
          Action   = ["organizations:LeaveOrganization"]
          Resource = "*"
        },
        {
          Sid       = "Root"
          Effect    = "Deny"
          Action    = ["*"]
          Resource  = "*"
          Condition = { ArnLike = { "aws:PrincipalArn" = ["arn:*:iam::*:root"] } }
        },
      ]
    }

    audit = {
      description = "Trails, recorders, detectors and analyzers stay on."
      statements = [merge(
        {
          Sid    = "Audit"
          Effect = "Deny"
          Action = [
            "access-analyzer:DeleteAnalyzer",
            "cloudtrail:DeleteTrail",
            "cloudtrail:PutEventSelectors",
            "cloudtrail:StopLogging",
            "cloudtrail:UpdateTrail",
            "config:DeleteConfigurationRecorder",
            "config:DeleteDeliveryChannel",
            "config:StopConfigurationRecorder",
            "guardduty:DeleteDetector",
            "guardduty:Disassociate*",
            "guardduty:StopMonitoringMembers",
            "guardduty:UpdateDetector",
            "securityhub:DeleteInvitations",
            "securityhub:DisableSecurityHub",
            "securityhub:Disassociate*",
          ]
          Resource = "*"
        },
        length(local.exempt) == 0 ? {} : { Condition = local.not_exempt },
      )]
    }

    regions = {
      description = "Nothing outside of the approved regions, but for what is global."
      statements = [{
        Sid       = "Regions"
        Effect    = "Deny"
        NotAction = local.global_actions
        Resource  = "*"
        Condition = merge(
          { StringNotEquals = { "aws:RequestedRegion" = local.approved_regions } },
          local.not_exempt,
        )
      }]
    }

    storage = {
      description = "Nothing is stored unencrypted."
      statements = [
        {
          Sid       = "Volumes"
          Effect    = "Deny"
          Action    = ["ec2:CreateVolume", "ec2:RunInstances"]
          Resource  = "arn:*:ec2:*:*:volume/*"
          Condition = { Bool = { "ec2:Encrypted" = "false" } }
        },
        {
          Sid      = "Defaults"
          Effect   = "Deny"
          Action   = ["ec2:DisableEbsEncryptionByDefault"]
          Resource = "*"
        },
        {
          Sid       = "FileSystems"
          Effect    = "Deny"
          Action    = ["elasticfilesystem:CreateFileSystem"]
          Resource  = "*"
          Condition = { Bool = { "elasticfilesystem:Encrypted" = "false" } }
        },
        {
          Sid       = "Databases"
          Effect    = "Deny"
          Action    = ["rds:CreateDBCluster", "rds:CreateDBInstance"]
          Resource  = "*"
          Condition = { Bool = { "rds:StorageEncrypted" = "false" } }
        },
      ]
    }
  }
}

resource "travel_organization_policy" "guardrail" {
  for_each = { for name, policy in local.guardrails : name => policy if var.guardrails != null }

  name        = each.key
  type        = "SERVICE_CONTROL_POLICY"
  description = each.value.description
  content     = jsonencode({ Version = "2012-10-17", Statement = each.value.statements })
  targets     = local.guarded

  lifecycle {
    postcondition {
      condition     = self.status == "ready"
      error_message = "The policy is not complete yet. The next apply continues."
    }
  }
}

locals {
  # The root, unless units are named.
  guarded = var.guardrails == null || try(var.guardrails.units, null) == null ? [
    travel_organization.this.root_id
    ] : [
    for unit in var.guardrails.units : travel_organizational_unit.this[unit].id
  ]
}
