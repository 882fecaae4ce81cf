variable "name" {
  description = "The trail's name, with which that of its key begins."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9]+([._-][a-zA-Z0-9]+)*$", var.name)) && length(var.name) >= 3 && length(var.name) <= 128
    error_message = "The name must have 3 to 128 letters, digits or single ones of ._- between them."
  }
}

variable "bucket" {
  description = "The name of the bucket for the log files, which no other bucket of the partition has."
  type        = string
  nullable    = false
}

variable "prefix" {
  description = "What the log files' keys begin with, in front of /AWSLogs/."
  type        = string
  default     = null
}

variable "organization" {
  description = <<-EOT
    The organization whose accounts all get into the trail, by its id (`o-…`) and that of its management
    account; without it, the trail is the account's own. It needs `cloudtrail.amazonaws.com` among
    the organization's trusted services.
  EOT
  type = object({
    id                    = string
    management_account_id = string
  })
  default = null

  validation {
    condition     = var.organization == null ? true : can(regex("^o-[a-z0-9]{10,32}$", var.organization.id)) && can(regex("^[0-9]{12}$", var.organization.management_account_id))
    error_message = "An organization is named by its id (o-…), and its management account by twelve digits."
  }
}

variable "archive_account" {
  description = "The account that keeps bucket and key, by id; by default the one that makes the trail. Who can do anything in one can then do nothing to the log files in the other."
  type        = string
  default     = null

  validation {
    condition     = var.archive_account == null ? true : can(regex("^[0-9]{12}$", var.archive_account))
    error_message = "An account is named by the twelve digits of its id."
  }
}

variable "lock" {
  description = "How long each log file is kept from being changed or removed; COMPLIANCE lets nobody past it."
  type = object({
    mode = optional(string, "GOVERNANCE")
    days = optional(number, 365)
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["GOVERNANCE", "COMPLIANCE"], var.lock.mode) && var.lock.days >= 1
    error_message = "A lock is of mode GOVERNANCE or COMPLIANCE, and for one day at least."
  }
}

variable "expiration_days" {
  description = "After how many days log files go."
  type        = number
  default     = 730
  nullable    = false

  validation {
    condition     = var.expiration_days >= var.lock.days
    error_message = "Log files cannot go before their lock ends."
  }
}

variable "readers" {
  description = "Accounts, by id, whose roles may read the log files as far as their own policies let them."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for account in var.readers : can(regex("^[0-9]{12}$", account))])
    error_message = "An account is named by the twelve digits of its id."
  }
}

variable "event_selectors" {
  description = "Which events the trail takes, as of travel_audit_trail; without any, all management events."
  type = list(object({
    name          = optional(string)
    category      = string
    resource_type = optional(string)
    access        = optional(string)
    conditions = optional(map(object({
      equals          = optional(set(string))
      not_equals      = optional(set(string))
      starts_with     = optional(set(string))
      not_starts_with = optional(set(string))
      ends_with       = optional(set(string))
      not_ends_with   = optional(set(string))
    })))
  }))
  default  = []
  nullable = false
}

variable "insights" {
  description = "What is worth an event of its own, with the categories that are looked at, as of travel_audit_trail."
  type        = map(set(string))
  nullable    = false

  default = {
    ApiCallRateInsight  = ["Management"]
    ApiErrorRateInsight = ["Management"]
  }
}

variable "aggregations" {
  description = "How data events are summed up: API_ACTIVITY, RESOURCE_ACCESS, USER_ACTIONS."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "log_group" {
  description = "The ARN of a log group that gets the events, too, and that of the role to write to it."
  type = object({
    arn  = string
    role = string
  })
  default = null
}

variable "sns_topic" {
  description = "The ARN of a topic in the trail's region that hears of each log file."
  type        = string
  default     = null
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
  description = "Whether a destroy takes the log files along, as far as their lock is of mode GOVERNANCE."
  type        = bool
  default     = false
  nullable    = false
}

variable "tags" {
  description = "Tags of the trail, its bucket and its key."
  type        = map(string)
  default     = {}
  nullable    = false
}
