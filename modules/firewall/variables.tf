variable "name" {
  description = "The firewall's name."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9-]{1,64}$", var.name))
    error_message = "The name must have 1 to 64 letters, digits or hyphens."
  }
}

variable "description" {
  description = "What the firewall is for."
  type        = string
  default     = "What leaves the network"
  nullable    = false
}

variable "network_id" {
  description = "The id of the network that it stands in."
  type        = string
  nullable    = false
}

variable "subnet_ids" {
  description = "The subnets of its endpoints, one for each zone, with nothing else in them."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.subnet_ids) > 0
    error_message = "A firewall has at least one subnet."
  }
}

variable "inspected_subnet_ids" {
  description = "The private subnets that get out through the firewall, in its zones: all of a tier, or of several. The NAT gateways behind it need a tier of their own."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "home_networks" {
  description = "The address ranges whose connections the rules are about."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.home_networks) > 0 && alltrue([for range in var.home_networks : can(cidrhost(range, 0))])
    error_message = "Name at least one range of addresses, such as 10.0.0.0/8."
  }
}

variable "allowed_domains" {
  description = "Domains that may be got at by TLS and HTTP; .example.com stands for all names below example.com, and itself."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for domain in var.allowed_domains : can(regex("^\\.?([a-z0-9_-]+\\.)+[a-z0-9-]+$", domain))])
    error_message = "A domain is written in small letters, such as example.com or .example.com."
  }
}

variable "denied_domains" {
  description = "Domains that may not, whatever else is allowed."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for domain in var.denied_domains : can(regex("^\\.?([a-z0-9_-]+\\.)+[a-z0-9-]+$", domain))])
    error_message = "A domain is written in small letters, such as example.com or .example.com."
  }
}

variable "suricata_rules" {
  description = "Rules as Suricata reads them, looked at between denied and allowed domains; with numbers (sid) below 100000."
  type        = string
  default     = null
}

variable "managed_rule_groups" {
  description = "Rule groups of AWS, partners or other accounts by ARN, with a priority below 100 to be looked at first; alert_only ones drop nothing."
  type = list(object({
    arn        = string
    priority   = number
    alert_only = optional(bool, false)
  }))
  default  = []
  nullable = false

  validation {
    condition     = alltrue([for group in var.managed_rule_groups : !contains([100, 200, 300], group.priority)])
    error_message = "The priorities 100, 200 and 300 are those of denied domains, Suricata's rules and allowed domains."
  }
}

variable "capacities" {
  description = "How many rules the groups have room for. Another number means another group, to which the firewall moves."
  type = object({
    denied   = optional(number, 500)
    suricata = optional(number, 1000)
    allowed  = optional(number, 1000)
  })
  default  = {}
  nullable = false
}

variable "alert_only" {
  description = "Whether what would be dropped is only told: to see what a list leaves out before it counts. Denied domains are dropped all the same."
  type        = bool
  default     = false
  nullable    = false
}

variable "logs" {
  description = "Where alerts, and all connections (flow), are written: each to a bucket (with a prefix), a log group or a delivery stream."
  type = object({
    alert = optional(object({
      bucket          = optional(string)
      prefix          = optional(string)
      log_group       = optional(string)
      delivery_stream = optional(string)
    }))
    flow = optional(object({
      bucket          = optional(string)
      prefix          = optional(string)
      log_group       = optional(string)
      delivery_stream = optional(string)
    }))
  })
  default  = {}
  nullable = false
}

variable "kms_key_arn" {
  description = "The key that encrypts firewall, policy and rule groups; by default one of AWS."
  type        = string
  default     = null
}

variable "protected" {
  description = "Whether the firewall is kept from being deleted, and its subnets from being changed."
  type        = bool
  default     = false
  nullable    = false
}

variable "tags" {
  description = "Tags of all of it, beside the provider's."
  type        = map(string)
  default     = {}
  nullable    = false
}
