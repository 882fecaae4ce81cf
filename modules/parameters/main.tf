resource "travel_parameter" "this" {
  for_each = var.parameters

  name            = "${local.prefix}/${each.key}"
  description     = each.value.description
  type            = each.value.list == null ? "String" : "StringList"
  value           = each.value.list == null ? each.value.value : join(",", each.value.list)
  allowed_pattern = each.value.allowed_pattern
  tier            = var.tier

  lifecycle {
    postcondition {
      condition     = self.status == "ready"
      error_message = "The parameter is not complete yet. The next apply continues."
    }
  }
}

# What is secret stands in no plan and in no state.
resource "travel_parameter" "secret" {
  for_each = var.secrets

  name                 = "${local.prefix}/${each.key}"
  description          = each.value.description
  type                 = "SecureString"
  secret_value         = var.secret_values[each.key]
  secret_value_version = each.value.version
  key_id               = var.key_id
  tier                 = var.tier

  lifecycle {
    postcondition {
      condition     = self.status == "ready"
      error_message = "The parameter is not complete yet. The next apply continues."
    }
  }
}

locals {
  prefix = "/${trim(var.prefix, "/")}"
}
