resource "travel_kms_key" "this" {
  for_each = var.keys

  name                 = "${var.name}/${each.key}"
  account              = each.value.account
  description          = each.value.description
  multi_region         = each.value.multi_region
  rotation_period_days = each.value.rotation_period_days
  deletion_window_days = var.deletion_window_days
  force_destroy        = var.force_destroy
  replicas             = { for region in each.value.replica_regions : region => {} }
  tags                 = each.value.tags

  access = {
    log_groups = each.value.log_groups
    services   = { for service in each.value.services : service => {} }
    users      = each.value.accounts
    # As users they would have to exist already.
    users_like = [for role in each.value.roles : "role/${role}"]
  }

  lifecycle {
    postcondition {
      condition     = self.status == "ready"
      error_message = "The key is not complete yet. The next apply continues."
    }
  }
}
