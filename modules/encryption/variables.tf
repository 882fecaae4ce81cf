variable "name" {
  description = "What the names and aliases of the keys begin with, such as dev for alias/dev/volumes."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9_-]{1,100}$", var.name))
    error_message = "The name must have 1 to 100 letters, digits, dashes or underscores."
  }
}

variable "keys" {
  description = <<-EOT
    The keys by purpose, such as volumes. IAM policies of the account decide who uses a key; beside
    them may use it: `log_groups` of the account in CloudWatch Logs; `services`, by principal, on
    behalf of the account; `roles` of the account, by path and name, whether they exist yet or not;
    other `accounts`, by id. `replica_regions` get a replica, readable with the same key material.
    A key that is not `multi_region` can never have one. A key with an `account`, by name or id, is
    held by that one instead of the provider's.
  EOT
  type = map(object({
    description          = string
    account              = optional(string)
    log_groups           = optional(bool, false)
    services             = optional(set(string), [])
    roles                = optional(set(string), [])
    accounts             = optional(set(string), [])
    multi_region         = optional(bool, true)
    replica_regions      = optional(set(string), [])
    rotation_period_days = optional(number, 365)
    tags                 = optional(map(string), {})
  }))
  nullable = false

  validation {
    condition     = alltrue([for key in var.keys : key.multi_region || length(key.replica_regions) == 0])
    error_message = "A key with replica_regions must be multi_region."
  }

  validation {
    condition     = alltrue(flatten([for key in var.keys : [for account in key.accounts : can(regex("^[0-9]{12}$", account))]]))
    error_message = "An account is named by the twelve digits of its id."
  }

  validation {
    condition     = alltrue([for key in var.keys : key.rotation_period_days >= 90 && key.rotation_period_days <= 2560])
    error_message = "Keys rotate every 90 to 2560 days."
  }
}

variable "deletion_window_days" {
  description = "How many days a destroyed key can still be returned."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.deletion_window_days >= 7 && var.deletion_window_days <= 30
    error_message = "The window is 7 to 30 days."
  }
}

variable "force_destroy" {
  description = "Whether a destroy goes on where something is found that a key still encrypts."
  type        = bool
  default     = false
  nullable    = false
}
