variable "prefix" {
  description = "What all names begin with, such as /dev/shop."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^/?[a-zA-Z0-9_.-]+(/[a-zA-Z0-9_.-]+)*/?$", var.prefix)) && !can(regex("^/?(aws|ssm)", lower(var.prefix)))
    error_message = "A prefix has levels behind slashes, such as /dev/shop, and begins with neither aws nor ssm."
  }
}

variable "parameters" {
  description = "Plain parameters by name below the prefix: a value, or a list of values without commas; a pattern that values match."
  type = map(object({
    value           = optional(string)
    list            = optional(list(string))
    description     = optional(string, "")
    allowed_pattern = optional(string)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for it in var.parameters : (it.value == null) != (it.list == null)])
    error_message = "A parameter has a value or a list."
  }

  validation {
    condition = alltrue(flatten([
      for it in var.parameters : [for item in coalesce(it.list, []) : !strcontains(item, ",")]
    ]))
    error_message = "An item of a list has no comma: the service separates them by it."
  }
}

variable "secrets" {
  description = "Secure parameters by name below the prefix: a version to raise with every other value."
  type = map(object({
    version     = number
    description = optional(string, "")
  }))
  default  = {}
  nullable = false
}

variable "secret_values" {
  description = "The values of the secure parameters, by name."
  type        = map(string)
  default     = {}
  nullable    = false
  ephemeral   = true
}

variable "key_id" {
  description = "The key that encrypts secure parameters: its ARN, id or alias; by default that of AWS."
  type        = string
  default     = null
}

variable "tier" {
  description = "The tier of all: Standard, Advanced, or Intelligent-Tiering, which leaves it to the service."
  type        = string
  default     = "Standard"
  nullable    = false

  validation {
    condition     = contains(["Standard", "Advanced", "Intelligent-Tiering"], var.tier)
    error_message = "A tier is Standard, Advanced or Intelligent-Tiering."
  }
}
