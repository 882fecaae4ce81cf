# Schedules, tags and backup change in place, and the lock closes.
# plan: travel_dr_snapshot_policy.this update
# changes: travel_dr_snapshot_policy.this backup description lock schedules tags tags_all
# import: travel_dr_snapshot_policy.this eu-central-1/acceptance
# destroy refused: is not empty

resource "travel_dr_snapshot_policy" "this" {
  name                = "acceptance"
  description         = "Claims of acceptance"
  tags                = { team = "security" }
  target_tags         = { backup = ["hourly"] }
  volume_kms_key_arns = [travel_kms_key.volumes.arn]
  lock                = { retain_days = 14, unlock_delay_days = 7 }

  schedules = {
    hourly = {
      interval_hours = 1
      retain         = { count = 48 }

      copies = {
        eu-west-1 = {
          kms_key_arn = travel_kms_key.recovery.arn
          retain      = { interval = 7, unit = "DAYS" }
        }
      }
    }
  }

  backup = {
    account = travel_account.backup.id

    copies = {
      eu-west-1 = {
        kms_key_arn = travel_kms_key.backup.arn
        retain      = { interval = 60, unit = "DAYS" }
      }
    }
  }
}

output "policy" {
  value = travel_dr_snapshot_policy.this.policy_id
}

output "rule" {
  value = split("/", travel_dr_snapshot_policy.this.lock_rule_arns["eu-central-1"])[1]
}

output "covered" {
  value = "${length(travel_dr_snapshot_policy.this.volume_ids)} of ${length(travel_dr_snapshot_policy.this.volume_ids) + length(travel_dr_snapshot_policy.this.uncovered_volume_ids)}"

  precondition {
    condition     = length(travel_dr_snapshot_policy.this.volume_ids) == 1 && length(travel_dr_snapshot_policy.this.uncovered_volume_ids) == 1
    error_message = "The policy is for one volume of two."
  }
}
