variable "name" {
  description = "What the organization is called. AWS itself has no name for it."
  type        = string
  nullable    = false
}

variable "policy_types" {
  description = "The types of policies that can be attached in the organization."
  type        = set(string)
  default     = ["SERVICE_CONTROL_POLICY", "TAG_POLICY"]
  nullable    = false
}

variable "trusted_services" {
  description = "The principals of the AWS services that may work across the accounts."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for service in var.trusted_services : endswith(service, ".amazonaws.com")])
    error_message = "A trusted service is named by its principal, such as config.amazonaws.com."
  }
}

variable "units" {
  description = "The names of the organizational units below the root."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "accounts" {
  description = <<-EOT
    The member accounts by name: the e-mail address of the root user, which no other AWS account
    may have; the organizational unit that the account stands in, or none for the root; tags.
  EOT
  type = map(object({
    email = string
    unit  = optional(string)
    tags  = optional(map(string), {})
  }))
  default  = {}
  nullable = false

  validation {
    condition = alltrue([
      for account in var.accounts : account.unit == null ? true : contains(var.units, account.unit)
    ])
    error_message = "An account stands in one of the units that are named in units, or in none."
  }

  validation {
    condition     = length(distinct(values(var.accounts)[*].email)) == length(var.accounts)
    error_message = "Two accounts cannot have one e-mail address."
  }
}

variable "role_name" {
  description = "The role in each new account through which the management account reaches it."
  type        = string
  default     = "OrganizationAccountAccessRole"
  nullable    = false
}

variable "close_on_destroy" {
  description = "Whether a destroy closes the accounts. Otherwise they stay, members of the organization."
  type        = bool
  default     = false
  nullable    = false
}

variable "guardrails" {
  description = <<-EOT
    Service control policies for the accounts: they stay in the organization, nobody works as their root
    user, audit stays on, nothing is made outside of the approved regions (but for global services), nothing
    is stored unencrypted. Roles that are exempt, by name, may do what concerns audit and regions. They hold
    for the units named, or for the whole organization.
  EOT
  type = object({
    approved_regions = set(string)
    exempt_roles     = optional(set(string), ["OrganizationAccountAccessRole"])
    units            = optional(set(string))
  })
  default = null

  validation {
    condition     = var.guardrails == null ? true : length(var.guardrails.approved_regions) > 0
    error_message = "Name a region, or nothing could be made anywhere."
  }

  validation {
    condition = var.guardrails == null ? true : alltrue([
      for region in var.guardrails.approved_regions : can(regex("^[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}$", region))
    ])
    error_message = "A region is named like eu-central-1."
  }

  validation {
    condition     = var.guardrails == null || contains(var.policy_types, "SERVICE_CONTROL_POLICY")
    error_message = "Guardrails are service control policies: policy_types must have SERVICE_CONTROL_POLICY."
  }

  validation {
    condition = try(var.guardrails.units, null) == null ? true : alltrue([
      for unit in var.guardrails.units : contains(var.units, unit)
    ])
    error_message = "Guardrails hold for units that are named in units, or for the whole organization."
  }
}

variable "effective_policies" {
  description = <<-EOT
    Where the policies are published as they hold for each account: a bucket that is made for them, and the
    object's key. Plans in the accounts of the organization may read it, and tell by it what they would be
    denied (effective_policies of the provider).
  EOT
  type = object({
    bucket = string
    key    = optional(string, "effective-policies.json")
  })
  default = null
}
