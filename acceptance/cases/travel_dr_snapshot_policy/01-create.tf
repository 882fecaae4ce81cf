# A rule that was never locked does not tell how long its unlocking would take.
# import: travel_dr_snapshot_policy.this eu-central-1/acceptance lock
# refresh: 40
# destroy refused: is not empty

resource "travel_dr_snapshot_policy" "this" {
  name                = "acceptance"
  tags                = { team = "platform" }
  target_tags         = { backup = ["hourly"] }
  volume_kms_key_arns = [travel_kms_key.volumes.arn]
  lock                = { retain_days = 14, unlock_delay_days = 7, unlocked = true }

  schedules = {
    hourly = {
      interval_hours = 1
      retain         = { count = 24 }

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
        retain      = { interval = 30, unit = "DAYS" }
      }
    }
  }
}

output "policy" {
  value = travel_dr_snapshot_policy.this.policy_id
}

output "covered" {
  value = "${length(travel_dr_snapshot_policy.this.volume_ids)} of ${length(travel_dr_snapshot_policy.this.volume_ids) + length(travel_dr_snapshot_policy.this.uncovered_volume_ids)}"

  precondition {
    condition     = length(travel_dr_snapshot_policy.this.volume_ids) == 1 && length(travel_dr_snapshot_policy.this.uncovered_volume_ids) == 1
    error_message = "The policy is for one volume of two."
  }
}
