# Who administers services for the organization, and whom AWS writes to.

locals {
  delegated = merge([
    for service, accounts in var.delegated_administrators : {
      for account in accounts : "${account}/${service}" => { service = service, account = account }
    }
  ]...)

  contacts = var.contacts == null ? {} : { for name, account in travel_account.this : name => account.id }
}

resource "travel_delegated_administrator" "this" {
  for_each = local.delegated

  administrator_id = travel_account.this[each.value.account].id
  service          = each.value.service

  # The service is let across the accounts first.
  depends_on = [travel_organization.this]

  lifecycle {
    postcondition {
      condition     = self.status == "ready"
      error_message = "The administrator is not registered yet. The next apply continues."
    }
  }
}

resource "travel_account_contacts" "management" {
  count = var.contacts == null ? 0 : 1

  primary    = var.contacts.primary
  billing    = var.contacts.billing
  operations = var.contacts.operations
  security   = var.contacts.security

  lifecycle {
    postcondition {
      condition     = self.status == "ready"
      error_message = "The contacts are not complete yet. The next apply continues."
    }
  }
}

resource "travel_account_contacts" "this" {
  for_each = local.contacts

  member_id  = each.value
  primary    = var.contacts.primary
  billing    = var.contacts.billing
  operations = var.contacts.operations
  security   = var.contacts.security

  # The service is let across the accounts first.
  depends_on = [travel_organization.this]

  lifecycle {
    postcondition {
      condition     = self.status == "ready"
      error_message = "The contacts are not complete yet. The next apply continues."
    }
  }
}
