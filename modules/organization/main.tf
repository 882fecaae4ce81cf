resource "travel_organization" "this" {
  name             = var.name
  policy_types     = var.policy_types
  trusted_services = var.trusted_services

  lifecycle {
    postcondition {
      condition     = self.status == "ready"
      error_message = "The organization is not complete yet. The next apply continues."
    }
  }
}

resource "travel_organizational_unit" "this" {
  for_each = var.units

  name      = each.key
  parent_id = travel_organization.this.root_id

  lifecycle {
    postcondition {
      condition     = self.status == "ready"
      error_message = "The organizational unit is not complete yet. The next apply continues."
    }
  }
}

resource "travel_account" "this" {
  for_each = var.accounts

  name             = each.key
  email            = each.value.email
  parent_id        = each.value.unit == null ? travel_organization.this.root_id : travel_organizational_unit.this[each.value.unit].id
  role_name        = var.role_name
  close_on_destroy = var.close_on_destroy
  tags             = each.value.tags

  lifecycle {
    postcondition {
      condition     = self.status == "ready"
      error_message = "The account is not complete yet. The next apply continues."
    }
  }
}
