resource "travel_dr_snapshot_policy" "this" {
  for_each = var.policies

  name                = each.key
  description         = each.value.description
  state               = var.enabled ? "ENABLED" : "DISABLED"
  target_tags         = each.value.target_tags
  volume_kms_key_arns = var.volume_kms_key_arns
  lock                = each.value.lock
  rpo_minutes         = each.value.rpo_minutes
  copy_minutes        = each.value.rpo_minutes == null ? null : each.value.copy_minutes
  most_volumes        = each.value.rpo_minutes == null ? null : each.value.most_volumes
  tags                = each.value.tags

  schedules = {
    for name, schedule in each.value.schedules : name => {
      interval_hours = schedule.interval_hours
      start          = schedule.interval_hours == null ? null : schedule.start
      cron           = schedule.cron
      retain         = schedule.retain
      backup         = schedule.backup

      copies = {
        for region, key in var.recovery_kms_key_arns : region => {
          kms_key_arn = key
          retain      = schedule.retain_copies
        } if schedule.copy
      }
    }
  }

  backup = var.backup == null ? null : {
    account       = var.backup.account
    unshare_after = var.backup.unshare_after

    copies = {
      for region, key in var.backup.kms_key_arns : region => {
        kms_key_arn = key
        retain      = each.value.retain_backups
      }
    }
  }

  lifecycle {
    postcondition {
      condition     = self.status == "ready"
      error_message = "The policy is not complete yet. The next apply continues."
    }
  }
}
