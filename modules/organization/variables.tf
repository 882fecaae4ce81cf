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
