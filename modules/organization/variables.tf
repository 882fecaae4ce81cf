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

variable "perimeter" {
  description = <<-EOT
    A resource control policy: keys, buckets, secrets and queues of the accounts are for principals of the
    organization and services that work for it, whatever their own policies say, and by encrypted
    connections only. Accounts outside that are trusted, by id, are let in where those policies let them.
    It holds for the units named, or for the whole organization.
  EOT
  type = object({
    trusted_accounts = optional(set(string), [])
    units            = optional(set(string))
  })
  default = null

  validation {
    condition = var.perimeter == null ? true : alltrue([
      for account in var.perimeter.trusted_accounts : can(regex("^[0-9]{12}$", account))
    ])
    error_message = "An account that is trusted goes by its id: twelve digits."
  }

  validation {
    condition     = var.perimeter == null || contains(var.policy_types, "RESOURCE_CONTROL_POLICY")
    error_message = "The perimeter is a resource control policy: policy_types must have RESOURCE_CONTROL_POLICY."
  }

  validation {
    condition     = try(var.perimeter.units, null) == null ? true : alltrue([for unit in var.perimeter.units : contains(var.units, unit)])
    error_message = "The perimeter holds for units that are named in units, or for the whole organization."
  }
}

variable "required_tags" {
  description = <<-EOT
    A tag policy for the whole organization, by the tags' keys as they are to be spelt: the values that they
    may have (any without), and the types of resources that refuse others, such as s3:bucket.
  EOT
  type = map(object({
    values       = optional(set(string), [])
    enforced_for = optional(set(string), [])
  }))
  default  = {}
  nullable = false

  validation {
    condition     = length(distinct([for key in keys(var.required_tags) : lower(key)])) == length(var.required_tags)
    error_message = "Two tags cannot differ by the case of letters alone."
  }

  validation {
    condition     = length(var.required_tags) == 0 || contains(var.policy_types, "TAG_POLICY")
    error_message = "Tags are required by a tag policy: policy_types must have TAG_POLICY."
  }

  validation {
    condition = alltrue(flatten([
      for tag in var.required_tags : [for type in tag.enforced_for : can(regex("^[a-z0-9-]+:[A-Za-z0-9*-]+$", type))]
    ]))
    error_message = "A type of resources is named like s3:bucket or ec2:*."
  }
}

variable "backup_plans" {
  description = <<-EOT
    A backup policy for the whole organization: plans by name, each with the regions where it works, the
    tag of what it backs up, the role of each account that does so, and rules by name: when (an expression
    of EventBridge), into which vault of the account, for how many days, from which day on in cold storage,
    and into which vaults elsewhere it is copied, by ARN, each for how many days. `$account` in an ARN is
    the account itself.
  EOT
  type = map(object({
    regions = set(string)
    role    = optional(string, "service-role/AWSBackupDefaultServiceRole")
    tag     = object({ key = string, values = set(string) })
    rules = map(object({
      schedule                = string
      vault                   = optional(string, "Default")
      retain_days             = number
      cold_after_days         = optional(number)
      start_within_minutes    = optional(number, 60)
      complete_within_minutes = optional(number, 10080)
      copies                  = optional(map(number), {})
    }))
  }))
  default  = {}
  nullable = false

  validation {
    condition     = length(var.backup_plans) == 0 || contains(var.policy_types, "BACKUP_POLICY")
    error_message = "Plans for backups stand in a backup policy: policy_types must have BACKUP_POLICY."
  }

  validation {
    condition     = alltrue([for plan in var.backup_plans : length(plan.regions) > 0 && length(plan.rules) > 0 && length(plan.tag.values) > 0])
    error_message = "A plan has a region, a rule, and a value of its tag."
  }

  validation {
    condition = alltrue(flatten([
      for plan in var.backup_plans : [for rule in plan.rules : can(regex("^(cron|rate)\\(.+\\)$", rule.schedule))]
    ]))
    error_message = "A schedule is written as cron(…) or rate(…)."
  }

  validation {
    condition = alltrue(flatten([
      for plan in var.backup_plans : [
        for rule in plan.rules : rule.cold_after_days == null ? rule.retain_days >= 1 : rule.cold_after_days >= 1 && rule.retain_days >= rule.cold_after_days + 90
      ]
    ]))
    error_message = "A backup stays for a day at least; what goes into cold storage, for 90 days more."
  }

  validation {
    condition = alltrue(flatten([
      for plan in var.backup_plans : [for rule in plan.rules : rule.start_within_minutes >= 60 && rule.complete_within_minutes > rule.start_within_minutes]
    ]))
    error_message = "A backup starts within 60 minutes at least, and is complete later than that."
  }
}

variable "policies" {
  description = "Further policies by name: type, content in JSON, what for, and the units they hold for, or the whole organization."
  type = map(object({
    type        = string
    content     = string
    description = optional(string, "")
    units       = optional(set(string))
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for policy in var.policies : contains(var.policy_types, policy.type)])
    error_message = "The type of each policy must be among policy_types."
  }

  validation {
    condition     = alltrue([for policy in var.policies : can(keys(jsondecode(policy.content)))])
    error_message = "What a policy says is a JSON object."
  }

  validation {
    condition     = length(setintersection(keys(var.policies), ["audit", "backups", "membership", "perimeter", "regions", "storage", "tags"])) == 0
    error_message = "audit, backups, membership, perimeter, regions, storage and tags are the names of the module's own policies."
  }

  validation {
    condition = alltrue(flatten([
      for policy in var.policies : policy.units == null ? [true] : [for unit in policy.units : contains(var.units, unit)]
    ]))
    error_message = "A policy holds for units that are named in units, or for the whole organization."
  }
}

variable "delegated_administrators" {
  description = <<-EOT
    The member accounts that administer services for the organization: names of accounts by the services'
    principals. GuardDuty, Security Hub, CloudTrail and others that have a call of their own for it are
    delegated by that, not here.
  EOT
  type        = map(set(string))
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for service in keys(var.delegated_administrators) : contains(var.trusted_services, service)])
    error_message = "A service that is delegated must be among trusted_services."
  }

  validation {
    condition = alltrue(flatten([
      for accounts in var.delegated_administrators : [for account in accounts : contains(keys(var.accounts), account)]
    ]))
    error_message = "Services are delegated to accounts that are named in accounts."
  }
}

variable "contacts" {
  description = "Whom AWS writes to about the management account and all member accounts. Contacts that are left out stay as they are."
  type = object({
    primary = optional(object({
      full_name          = string
      company_name       = optional(string)
      address_lines      = list(string)
      city               = string
      state_or_region    = optional(string)
      district_or_county = optional(string)
      postal_code        = string
      country_code       = string
      phone_number       = string
      website_url        = optional(string)
    }))
    billing    = optional(object({ name = string, title = string, email = string, phone_number = string }))
    operations = optional(object({ name = string, title = string, email = string, phone_number = string }))
    security   = optional(object({ name = string, title = string, email = string, phone_number = string }))
  })
  default = null

  validation {
    condition     = var.contacts == null || contains(var.trusted_services, "account.amazonaws.com")
    error_message = "The contacts of member accounts need account.amazonaws.com among trusted_services."
  }

  validation {
    condition     = var.contacts == null ? true : length([for contact in values(var.contacts) : true if contact != null]) > 0
    error_message = "Name a contact, or leave contacts out."
  }
}
