variable "bucket" {
  description = "The name of the bucket that is delivered to, as of the module aggregation."
  type        = string
  nullable    = false
}

variable "global_resource_types" {
  description = "Whether what IAM has is recorded here. One region of an account is enough."
  type        = bool
  default     = true
  nullable    = false
}

variable "excluded_resource_types" {
  description = "Types that are not recorded, such as `AWS::EC2::NetworkInterface`. Those of IAM are then recorded as the others are."
  type        = set(string)
  default     = null
}

variable "frequency" {
  description = "Whether each change is recorded (CONTINUOUS), or how things stand once a day (DAILY)."
  type        = string
  default     = "CONTINUOUS"
  nullable    = false

  validation {
    condition     = contains(["CONTINUOUS", "DAILY"], var.frequency)
    error_message = "The frequency is CONTINUOUS or DAILY."
  }
}

variable "snapshot_frequency" {
  description = "How often a snapshot of everything is delivered, as of travel_config_recorder; null for never."
  type        = string
  default     = "TwentyFour_Hours"
}

variable "retention_days" {
  description = "For how many days Config itself keeps what it has recorded, 30 to 2557."
  type        = number
  default     = 2557

  validation {
    condition     = var.retention_days == null ? true : var.retention_days >= 30 && var.retention_days <= 2557
    error_message = "It is kept for 30 to 2557 days."
  }
}

variable "rules" {
  description = <<-EOT
    What is judged, by name, each by one of `managed` (an identifier of AWS), `function_arn` and `policy`
    (in the language of Guard), as of travel_config_rule.
  EOT
  type = map(object({
    description      = optional(string)
    managed          = optional(string)
    function_arn     = optional(string)
    policy           = optional(object({ text = string, debug = optional(bool, false) }))
    message_types    = optional(set(string))
    frequency        = optional(string)
    parameters       = optional(map(string), {})
    evaluation_modes = optional(set(string))
    scope = optional(object({
      resource_types = optional(set(string))
      resource_id    = optional(string)
      tag_key        = optional(string)
      tag_value      = optional(string)
    }))
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for rule in var.rules : length([for it in [rule.managed, rule.function_arn, rule.policy] : it if it != null]) == 1])
    error_message = "A rule judges by one of managed, function_arn and policy."
  }
}

variable "tags" {
  description = "Tags of the recorder and its rules."
  type        = map(string)
  default     = {}
  nullable    = false
}
