variable "administrator_id" {
  description = "The account that administers detection for the organization, by id: Access Analyzer has to be delegated to it already."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}$", var.administrator_id))
    error_message = "An account is named by the twelve digits of its id."
  }
}

variable "regions" {
  description = "The regions that are watched: all that anybody may work in."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.regions) > 0
    error_message = "Name at least one region."
  }
}

variable "members" {
  description = "Which accounts take part in threat detection: ALL, NEW ones as they join, or NONE."
  type        = string
  default     = "ALL"
  nullable    = false

  validation {
    condition     = contains(["ALL", "NEW", "NONE"], var.members)
    error_message = "Members are ALL, NEW or NONE."
  }
}

variable "protection_plans" {
  description = "The protection plans of GuardDuty by name: for whom (ALL, NEW or NONE), and which agents it keeps by itself."
  type = map(object({
    members = optional(string, "ALL")
    agents  = optional(set(string), [])
  }))
  default = {
    EBS_MALWARE_PROTECTION = {}
    EKS_AUDIT_LOGS         = {}
    RUNTIME_MONITORING     = { agents = ["EC2_AGENT_MANAGEMENT", "EKS_ADDON_MANAGEMENT"] }
    S3_DATA_EVENTS         = {}
  }
  nullable = false

  validation {
    condition     = alltrue([for plan in var.protection_plans : contains(["ALL", "NEW", "NONE"], plan.members)])
    error_message = "A plan is turned on for ALL, NEW or NONE."
  }

  validation {
    condition     = length(setintersection(keys(var.protection_plans), ["EKS_RUNTIME_MONITORING", "RUNTIME_MONITORING"])) < 2
    error_message = "RUNTIME_MONITORING has EKS_RUNTIME_MONITORING in it. Name one of them."
  }
}

variable "finding_frequency" {
  description = "How often further occurrences of a finding are published: FIFTEEN_MINUTES, ONE_HOUR or SIX_HOURS."
  type        = string
  default     = "FIFTEEN_MINUTES"
  nullable    = false

  validation {
    condition     = contains(["FIFTEEN_MINUTES", "ONE_HOUR", "SIX_HOURS"], var.finding_frequency)
    error_message = "The frequency is FIFTEEN_MINUTES, ONE_HOUR or SIX_HOURS."
  }
}

variable "publishing" {
  description = "Where the findings of a region are exported to, by region: the ARN of a bucket, with a prefix if there is one, and that of a key."
  type = map(object({
    destination_arn = string
    kms_key_arn     = string
  }))
  default  = {}
  nullable = false
}

variable "analyzers" {
  description = "Analyzers of access by name, for the organization unless they say otherwise, in all regions or in their own. What it finds of unused access is the same everywhere, so that one region is enough."
  type = map(object({
    zone_of_trust      = optional(string, "ORGANIZATION")
    analyzes           = optional(string, "EXTERNAL_ACCESS")
    regions            = optional(set(string))
    unused_access_days = optional(number)
    exclusions = optional(list(object({
      account_ids   = optional(set(string))
      resource_tags = optional(list(map(string)))
    })), [])
    inclusions = optional(list(object({
      account_ids    = optional(set(string))
      resource_types = optional(set(string))
      resource_arns  = optional(set(string))
    })), [])
    archive_rules = optional(map(object({
      filter = map(object({
        eq       = optional(set(string))
        neq      = optional(set(string))
        contains = optional(set(string))
        exists   = optional(bool)
      }))
    })), {})
  }))
  default  = { external = {} }
  nullable = false

  validation {
    condition     = alltrue([for it in var.analyzers : contains(["ACCOUNT", "ORGANIZATION"], it.zone_of_trust)])
    error_message = "A zone of trust is ACCOUNT or ORGANIZATION."
  }

  validation {
    condition     = alltrue([for it in var.analyzers : contains(["EXTERNAL_ACCESS", "INTERNAL_ACCESS", "UNUSED_ACCESS"], it.analyzes)])
    error_message = "An analyzer analyzes EXTERNAL_ACCESS, INTERNAL_ACCESS or UNUSED_ACCESS."
  }
}

variable "tags" {
  description = "Tags of all of it, beside the provider's."
  type        = map(string)
  default     = {}
  nullable    = false
}
