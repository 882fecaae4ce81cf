variable "name" {
  description = "What the names of key and role begin with, such as the account's name."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9_-]{1,50}$", var.name))
    error_message = "The name must have 1 to 50 letters, digits, dashes or underscores."
  }
}

variable "bucket" {
  description = "The name of the bucket. That of its copies has -copies behind it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,54}[a-z0-9]$", var.bucket))
    error_message = "The name must have 3 to 56 lower case letters, digits and hyphens: -copies has to fit behind it."
  }
}

variable "recovery_region" {
  description = "The region of the copies, which is another than the bucket's."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}$", var.recovery_region))
    error_message = "A region is named like eu-west-1."
  }
}

variable "keep_days" {
  description = "For how many days older versions of a state are kept."
  type        = number
  default     = 365
  nullable    = false

  validation {
    condition     = var.keep_days >= 30
    error_message = "Keep older versions for 30 days at least: they are what a state is brought back from."
  }
}

variable "access" {
  description = <<-EOT
    Who works in other accounts with states in this bucket, by a name of your own: roles, by path and name,
    of an account, by id, with what stands below a prefix that ends with a slash, such as dev/. Without
    `write` they read it, and take its locks, as plans do.
  EOT
  type = map(object({
    account = string
    roles   = set(string)
    prefix  = string
    write   = optional(bool, false)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for it in var.access : can(regex("^[0-9]{12}$", it.account))])
    error_message = "An account goes by its id: twelve digits."
  }

  validation {
    condition     = alltrue([for it in var.access : can(regex("^[^/*?][^*?]*/$", it.prefix))])
    error_message = "A prefix ends with a slash and has no * or ?: dev/."
  }

  validation {
    condition     = alltrue([for it in var.access : length(it.roles) > 0 && alltrue([for role in it.roles : can(regex("^[A-Za-z0-9_+=,.@/-]+$", role))])])
    error_message = "Roles go by path and name, without any *: ci/plan."
  }

  validation {
    condition     = length(distinct([for name in keys(var.access) : replace(title(name), "/[^A-Za-z0-9]/", "")])) == length(var.access)
    error_message = "The names differ by letters and digits: statements of the policy are named after them."
  }
}
