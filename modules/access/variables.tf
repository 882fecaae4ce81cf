variable "permission_sets" {
  description = <<-EOT
    What somebody may do in an account, by name: policies of AWS by their ARNs, policies of the accounts'
    own by name and path, a policy of the set itself in JSON, a boundary; how long a session lasts, and
    where in the console it begins.
  EOT
  type = map(object({
    description               = optional(string)
    session_minutes           = optional(number, 60)
    relay_state               = optional(string)
    managed_policies          = optional(set(string), [])
    customer_managed_policies = optional(set(object({ name = string, path = optional(string, "/") })), [])
    inline_policy             = optional(string)
    permissions_boundary = optional(object({
      managed_policy          = optional(string)
      customer_managed_policy = optional(object({ name = string, path = optional(string, "/") }))
    }))
    tags = optional(map(string))
  }))
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.permission_sets) : can(regex("^[a-zA-Z0-9_+=,.@-]{1,32}$", name))])
    error_message = "A permission set has a name of at most 32 letters, digits and characters of _+=,.@-."
  }
}

variable "users" {
  description = "Users of Identity Center's own directory, by the name they sign in with."
  type = map(object({
    given_name   = string
    family_name  = string
    display_name = optional(string)
    email        = optional(string)
  }))
  default  = {}
  nullable = false
}

variable "groups" {
  description = <<-EOT
    Groups of Identity Center's own directory, by name, with users of this module as their members. In an
    exclusive one nobody else may be.
  EOT
  type = map(object({
    description = optional(string)
    members     = optional(set(string), [])
    exclusive   = optional(bool, false)
  }))
  default  = {}
  nullable = false

  validation {
    condition = alltrue(flatten([
      for group in var.groups : [for user in group.members : contains(keys(var.users), user)]
    ]))
    error_message = "The members of a group are users that are named in users."
  }
}

variable "assignments" {
  description = <<-EOT
    Who has what where, by a name of your own: a group or a user of this module, or one of the directory by
    its id; the ids of the accounts; the names of permission sets. Each has each of the sets in each of the
    accounts.
  EOT
  type = map(object({
    group           = optional(string)
    user            = optional(string)
    group_id        = optional(string)
    user_id         = optional(string)
    accounts        = set(string)
    permission_sets = set(string)
  }))
  default  = {}
  nullable = false

  validation {
    condition = alltrue([
      for it in var.assignments : length(compact([it.group, it.user, it.group_id, it.user_id])) == 1
    ])
    error_message = "An assignment is for one group or one user."
  }

  validation {
    condition = alltrue([
      for it in var.assignments : it.group == null ? true : contains(keys(var.groups), it.group)
    ])
    error_message = "A group that is named is one of groups; others go by group_id."
  }

  validation {
    condition = alltrue([
      for it in var.assignments : it.user == null ? true : contains(keys(var.users), it.user)
    ])
    error_message = "A user who is named is one of users; others go by user_id."
  }

  validation {
    condition = alltrue(flatten([
      for it in var.assignments : [for set in it.permission_sets : contains(keys(var.permission_sets), set)]
    ]))
    error_message = "What is assigned is named in permission_sets."
  }

  validation {
    condition = alltrue(flatten([
      for it in var.assignments : [for account in it.accounts : can(regex("^[0-9]{12}$", account))]
    ]))
    error_message = "An account goes by its id: twelve digits."
  }
}
