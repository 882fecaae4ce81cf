variable "name" {
  description = "The aggregator's name, with which those of its role and of the key begin."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,40}$", var.name))
    error_message = "The name must have 1 to 40 letters, digits or any of _-."
  }
}

variable "organization_id" {
  description = "The organization whose recorders may deliver, and which is gathered from, by its id (`o-…`). It needs `config.amazonaws.com` among its trusted services."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^o-[a-z0-9]{10,32}$", var.organization_id))
    error_message = "An organization is named by its id (o-…)."
  }
}

variable "bucket" {
  description = "The name of the bucket that all recorders deliver to, which no other bucket of the partition has."
  type        = string
  nullable    = false
}

variable "archive_account" {
  description = "The account that keeps bucket and key, by id; by default the one of the credentials."
  type        = string
  default     = null

  validation {
    condition     = var.archive_account == null ? true : can(regex("^[0-9]{12}$", var.archive_account))
    error_message = "An account is named by the twelve digits of its id."
  }
}

variable "aggregator_account" {
  description = "The account that has the view of all accounts, by id: the management account, which is meant by default, or the one that Config is delegated to."
  type        = string
  default     = null

  validation {
    condition     = var.aggregator_account == null ? true : can(regex("^[0-9]{12}$", var.aggregator_account))
    error_message = "An account is named by the twelve digits of its id."
  }
}

variable "regions" {
  description = "The regions that are gathered from; without any, all there are and will be."
  type        = set(string)
  default     = null
}

variable "expiration_days" {
  description = "After how many days what was delivered goes."
  type        = number
  default     = 2557
  nullable    = false

  validation {
    condition     = var.expiration_days >= 1
    error_message = "It is kept for one day at least."
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
  description = "Whether a destroy takes what was delivered along."
  type        = bool
  default     = false
  nullable    = false
}

variable "tags" {
  description = "Tags of all of it."
  type        = map(string)
  default     = {}
  nullable    = false
}
