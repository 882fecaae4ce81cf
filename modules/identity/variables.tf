variable "ci" {
  description = <<-EOT
    Roles that pipelines work as, by name, without keys: by tokens of an OIDC issuer (GitHub's by default)
    for an audience. Each role says whose tokens it takes: of GitHub, by a repository and its environments,
    branches, tags or pull requests (those of forks get no tokens); or by their subjects, which may have *
    in them, such as repo:example/platform:environment:dev. It says what it may do, by policies, and how
    many hours a session lasts. A job in an environment has the environment's subject whatever its branch
    is: which branches may use it, the environment says.
    An account has one provider for an issuer: where it is there already, name it by provider_arn.
  EOT
  type = object({
    issuer       = optional(string, "https://token.actions.githubusercontent.com")
    audience     = optional(string, "sts.amazonaws.com")
    provider_arn = optional(string)
    roles = map(object({
      subjects                 = optional(set(string), [])
      description              = optional(string, "")
      managed_policies         = optional(set(string), [])
      inline_policies          = optional(map(string), {})
      permissions_boundary_arn = optional(string)
      session_hours            = optional(number, 1)
      github = optional(object({
        repository    = string
        environments  = optional(set(string), [])
        branches      = optional(set(string), [])
        tags          = optional(set(string), [])
        pull_requests = optional(bool, false)
      }))
    }))
  })
  default = null

  validation {
    condition     = var.ci == null ? true : can(regex("^https://[^/]+(/.*[^/])?$", var.ci.issuer))
    error_message = "An issuer is an address that begins with https:// and ends with no slash."
  }

  validation {
    condition = var.ci == null ? true : alltrue([
      for role in var.ci.roles : length(role.subjects) > 0 || (role.github == null ? false :
      role.github.pull_requests || length(role.github.environments) + length(role.github.branches) + length(role.github.tags) > 0)
    ])
    error_message = "A role says whose tokens it takes: by subjects, or by environments, branches, tags or pull requests of a repository."
  }

  validation {
    condition = var.ci == null ? true : alltrue([
      for role in var.ci.roles : role.github == null ? true : can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", role.github.repository))
    ])
    error_message = "A repository is named with its owner, and without any *: example/platform."
  }

  validation {
    # A colon is the separator of a subject: GitHub writes it as %3A, which the role has to say, too.
    condition = var.ci == null ? true : alltrue(flatten([
      for role in var.ci.roles : role.github == null ? [true] : [
        for name in setunion(role.github.environments, role.github.branches, role.github.tags) : length(name) > 0 && !strcontains(name, ":")
      ]
    ]))
    error_message = "Environments, branches and tags are named without a colon; write it as %3A, as the tokens do."
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
