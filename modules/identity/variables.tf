variable "ci" {
  description = <<-EOT
    Roles that pipelines work as, by name, without keys: by tokens of an OIDC issuer (GitHub's by default)
    for an audience. Each role says whose tokens it takes by their subjects, which may have * in them, such
    as repo:example/platform:environment:dev; what it may do, by policies; how many hours a session lasts.
    An account has one provider for an issuer: where it is there already, name it by provider_arn.
  EOT
  type = object({
    issuer       = optional(string, "https://token.actions.githubusercontent.com")
    audience     = optional(string, "sts.amazonaws.com")
    provider_arn = optional(string)
    roles = map(object({
      subjects                 = set(string)
      description              = optional(string, "")
      managed_policies         = optional(set(string), [])
      inline_policies          = optional(map(string), {})
      permissions_boundary_arn = optional(string)
      session_hours            = optional(number, 1)
    }))
  })
  default = null

  validation {
    condition     = var.ci == null ? true : can(regex("^https://[^/]+(/.*[^/])?$", var.ci.issuer))
    error_message = "An issuer is an address that begins with https:// and ends with no slash."
  }

  validation {
    condition     = var.ci == null ? true : alltrue([for role in var.ci.roles : length(role.subjects) > 0])
    error_message = "A role names the subjects whose tokens it takes."
  }

  validation {
    # A subject that begins with * is anybody's.
    condition = var.ci == null ? true : alltrue(flatten([
      for role in var.ci.roles : [for subject in role.subjects : can(regex("^[^*?:]+:[^*?]+", subject))]
    ]))
    error_message = "A subject says whose it is before any *, such as repo:example/platform:*."
  }

  validation {
    condition = var.ci == null ? true : alltrue([
      for role in var.ci.roles : role.session_hours >= 1 && role.session_hours <= 12
    ])
    error_message = "A session lasts one to twelve hours."
  }
}

variable "break_glass" {
  description = <<-EOT
    A role for emergencies: its name, the ARNs of those who may assume it, with a second factor that they
    have given within the hour, and its policies.
  EOT
  type = object({
    name             = optional(string, "break-glass")
    principals       = set(string)
    managed_policies = optional(set(string), ["arn:aws:iam::aws:policy/AdministratorAccess"])
  })
  default = null

  validation {
    condition = var.break_glass == null ? true : length(var.break_glass.principals) > 0 && alltrue([
      for principal in var.break_glass.principals : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:(root|user/.+|role/.+)$", principal))
    ])
    error_message = "Those who may assume it go by their ARNs: of users, roles, or an account's root."
  }
}
