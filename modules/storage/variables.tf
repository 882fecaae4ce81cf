variable "buckets" {
  description = <<-EOT
    The buckets by name, which no other bucket of the partition has. Nobody gets at them without
    encryption on the way. One with a `kms_key` is encrypted by it, otherwise by S3's own keys.
    `lock` keeps versions from being removed, by a mode and days; with `force_destroy`, a destroy goes
    past one of mode GOVERNANCE. `expiration_days` removes objects,
    and `noncurrent_expiration_days` older versions; `archive_days` moves objects to `archive_class`.
    `services` may write to it on behalf of the account, as a trail or a log does; `statements` stand
    in the policy beside these, each as it would in JSON. `replicate_to` copies all to a bucket, by
    `role`.
  EOT
  type = map(object({
    kms_key                    = optional(string)
    versioning                 = optional(bool, true)
    lock                       = optional(object({ mode = optional(string, "GOVERNANCE"), days = number }))
    expiration_days            = optional(number)
    noncurrent_expiration_days = optional(number, 90)
    archive_days               = optional(number)
    archive_class              = optional(string, "GLACIER_IR")
    services                   = optional(set(string), [])
    statements                 = optional(list(string), [])
    log_bucket                 = optional(string)
    event_bridge               = optional(bool, false)
    force_destroy              = optional(bool, false)
    tags                       = optional(map(string), {})
    replicate_to = optional(object({
      role          = string
      destination   = string
      account       = optional(string)
      kms_key       = optional(string)
      storage_class = optional(string)
    }))
  }))
  nullable = false

  validation {
    condition     = alltrue([for bucket in var.buckets : bucket.versioning || (bucket.lock == null && bucket.replicate_to == null)])
    error_message = "A bucket with a lock or a copy must have versioning."
  }

  validation {
    condition     = alltrue([for bucket in var.buckets : bucket.lock == null ? true : contains(["GOVERNANCE", "COMPLIANCE"], bucket.lock.mode) && bucket.lock.days >= 1])
    error_message = "A lock is of mode GOVERNANCE or COMPLIANCE, and for one day at least."
  }

  validation {
    condition     = alltrue([for bucket in var.buckets : bucket.kms_key == null || bucket.replicate_to == null ? true : bucket.replicate_to.kms_key != null])
    error_message = "S3 copies what a key encrypts only where replicate_to has a kms_key for the copies."
  }

  validation {
    condition     = alltrue([for bucket in var.buckets : bucket.lock == null || length(setintersection(bucket.services, ["config.amazonaws.com", "logging.s3.amazonaws.com"])) == 0])
    error_message = "AWS Config and the access logs of S3 write into no bucket with a lock. Give them a bucket without one."
  }

  validation {
    condition     = alltrue([for bucket in var.buckets : try(var.buckets[bucket.log_bucket].lock, null) == null])
    error_message = "The access logs of S3 are written into no bucket with a lock. Name a log_bucket without one."
  }

  validation {
    condition     = alltrue(flatten([for bucket in var.buckets : [for statement in bucket.statements : can(jsondecode(statement).Effect)]]))
    error_message = "A statement is an object in JSON with an Effect."
  }
}
