# What others have changed is changed back.
# outside: dlm PATCH /policies/${policy} {"State": "DISABLED", "Description": "Theirs"}
# outside: iam DeleteRolePolicy RoleName=travel-acceptance-eu-central-1-dlm PolicyName=snapshots
# outside: rbin PATCH /rules/${rule}/unlock {}
# plan: travel_dr_snapshot_policy.this update
# changes: travel_dr_snapshot_policy.this description faults state unlocks_at
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
