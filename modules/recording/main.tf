resource "travel_config_recorder" "this" {
  excluded_resource_types = var.excluded_resource_types
  # IAM is the same in all regions: one of them is enough.
  global_resource_types = var.excluded_resource_types == null ? var.global_resource_types : null
  frequency             = var.frequency
  retention_days        = var.retention_days
  tags                  = var.tags

  delivery = {
    bucket             = var.bucket
    snapshot_frequency = var.snapshot_frequency
  }

  lifecycle {
    postcondition {
      condition     = self.status == "ready"
      error_message = "The recorder is not complete yet. The next apply continues."
    }
  }
}

# Rules judge what is recorded.
resource "travel_config_rule" "this" {
  for_each = var.rules

  name             = each.key
  description      = each.value.description
  managed          = each.value.managed
  function_arn     = each.value.function_arn
  policy           = each.value.policy
  message_types    = each.value.message_types
  frequency        = each.value.frequency
  parameters       = each.value.parameters
  scope            = each.value.scope
  evaluation_modes = each.value.evaluation_modes
  tags             = var.tags
  depends_on       = [travel_config_recorder.this]

  lifecycle {
    postcondition {
      condition     = self.status == "ready"
      error_message = "The rule is not complete yet. The next apply continues."
    }
  }
}
