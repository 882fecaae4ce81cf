variable "policies" {
  description = <<-EOT
    The snapshot policies by name. A policy is for the volumes that carry any one of `target_tags`
    (values by key). Its `schedules` say when (`interval_hours`, counted from `start` in UTC, or
    `cron`), how long snapshots are kept (`retain`: a `count`, or an `interval` and its `unit`),
    whether they are copied to the regions of `recovery_kms_key_arns` (`copy`, for as long as
    `retain_copies` says) and to the backup account (`backup`, for as long as `retain_backups` of
    the policy says). A plan that cannot keep `rpo_minutes` is refused: it counts `copy_minutes`
    for every 20 of `most_volumes`. With a `lock`, whatever is deleted can be brought back from the
    Recycle Bin for `retain_days`, in all regions and both accounts, and nobody can change that
    before `unlock_delay_days` have passed since it was set to `unlocked`.
  EOT
  type = map(object({
    description    = optional(string)
    target_tags    = map(set(string))
    rpo_minutes    = optional(number)
    copy_minutes   = optional(number, 60)
    most_volumes   = optional(number, 20)
    retain_backups = optional(object({ interval = number, unit = string }), { interval = 30, unit = "DAYS" })
    tags           = optional(map(string), {})
    lock           = optional(object({ retain_days = number, unlock_delay_days = optional(number, 7), unlocked = optional(bool, false) }))
    schedules = map(object({
      interval_hours = optional(number)
      start          = optional(string, "00:00")
      cron           = optional(string)
      copy           = optional(bool, true)
      backup         = optional(bool, true)
      retain         = object({ count = optional(number), interval = optional(number), unit = optional(string) })
      retain_copies  = optional(object({ interval = number, unit = string }), { interval = 7, unit = "DAYS" })
    }))
  }))
  nullable = false

  validation {
    condition     = alltrue(flatten([for policy in var.policies : [for schedule in policy.schedules : (schedule.interval_hours == null) != (schedule.cron == null)]]))
    error_message = "A schedule has either interval_hours or cron."
  }

  validation {
    condition     = alltrue([for policy in var.policies : length(policy.schedules) >= 1 && length(policy.schedules) <= 4])
    error_message = "A policy has one to four schedules."
  }
}

variable "volume_kms_key_arns" {
  description = "The ARNs of the keys that encrypt the volumes. The backup account is granted their use."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "recovery_kms_key_arns" {
  description = "The regions that snapshots are copied to, up to three, with the ARN of the key there that encrypts the copies."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = length(var.recovery_kms_key_arns) <= 3
    error_message = "Snapshots are copied to three regions at most."
  }
}

variable "backup" {
  description = <<-EOT
    The backup account, by name or id, with the regions to copy to and the ARN of the key of that
    account there. Copies are made from snapshots that are shared with it, for as long as
    `unshare_after` says.
  EOT
  type = object({
    account       = string
    kms_key_arns  = map(string)
    unshare_after = optional(object({ interval = number, unit = string }), { interval = 1, unit = "DAYS" })
  })
  default = null

  validation {
    condition     = var.backup == null ? true : length(var.backup.kms_key_arns) >= 1 && length(var.backup.kms_key_arns) <= 3
    error_message = "Backups are copied to one to three regions."
  }
}

variable "enabled" {
  description = "Whether the policies are at work."
  type        = bool
  default     = true
  nullable    = false
}
