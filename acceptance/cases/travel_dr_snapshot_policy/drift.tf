# Drifts happen in one account: what stands in the backup account stays as it is.
# no drift: backup
# drift: travel_dr_snapshot_policy.this description by dlm PATCH /policies/${policy} {"Description": "Theirs"}
# drift: travel_dr_snapshot_policy.this faults unlocks_at(lock) by rbin PATCH /rules/${rule}/unlock {}
# drift: travel_dr_snapshot_policy.this state by dlm PATCH /policies/${policy} {"State": "DISABLED"}
# drift: travel_dr_snapshot_policy.this faults(volume_kms_key_arns,role_arn) by iam DeleteRolePolicy RoleName=travel-acceptance-eu-central-1-dlm PolicyName=snapshots
# drift: travel_dr_snapshot_policy.this schedules target_tags by dlm PATCH /policies/${policy} {"PolicyDetails": {"PolicyType": "EBS_SNAPSHOT_MANAGEMENT", "ResourceTypes": ["VOLUME"], "TargetTags": [{"Key": "backup", "Value": "daily"}], "Schedules": [{"Name": "hourly", "CopyTags": true, "CreateRule": {"Interval": 2, "IntervalUnit": "HOURS"}, "RetainRule": {"Count": 12}}]}}
# drift: travel_dr_snapshot_policy.this tags tags_all by dlm POST /tags/${arn} {"Tags": {"team": "theirs"}}
# drift: travel_dr_snapshot_policy.this create by dlm DELETE /policies/${policy}

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

output "arn" {
  value = travel_dr_snapshot_policy.this.arn
}
