resource "travel_permission_set" "this" {
  for_each = var.permission_sets

  name                      = each.key
  description               = each.value.description
  session_minutes           = each.value.session_minutes
  relay_state               = each.value.relay_state
  managed_policies          = each.value.managed_policies
  customer_managed_policies = each.value.customer_managed_policies
  inline_policy             = each.value.inline_policy
  permissions_boundary      = each.value.permissions_boundary
  tags                      = each.value.tags

  lifecycle {
    postcondition {
      condition     = self.status == "ready"
      error_message = "The permission set is not complete yet. The next apply continues."
    }
  }
}

resource "travel_identity_user" "this" {
  for_each = var.users

  name         = each.key
  display_name = coalesce(each.value.display_name, "${each.value.given_name} ${each.value.family_name}")
  given_name   = each.value.given_name
  family_name  = each.value.family_name
  email        = each.value.email == null ? null : { value = each.value.email, type = "work" }

  lifecycle {
    postcondition {
      condition     = self.status == "ready"
      error_message = "The user is not complete yet. The next apply continues."
    }
  }
}

resource "travel_identity_group" "this" {
  for_each = var.groups

  name        = each.key
  description = each.value.description
  exclusive   = each.value.exclusive
  members     = [for user in each.value.members : travel_identity_user.this[user].user_id]

  lifecycle {
    postcondition {
      condition     = self.status == "ready"
      error_message = "The group is not complete yet. The next apply continues."
    }
  }
}

resource "travel_account_assignments" "this" {
  for_each = var.assignments

  name            = each.key
  principal_type  = each.value.user == null && each.value.user_id == null ? "GROUP" : "USER"
  accounts        = each.value.accounts
  permission_sets = [for set in each.value.permission_sets : travel_permission_set.this[set].arn]

  principal_id = coalesce(
    each.value.group_id,
    each.value.user_id,
    try(travel_identity_group.this[each.value.group].group_id, null),
    try(travel_identity_user.this[each.value.user].user_id, null),
  )

  lifecycle {
    postcondition {
      condition     = self.status == "ready"
      error_message = "Not everything is assigned yet. The next apply continues."
    }
  }
}
