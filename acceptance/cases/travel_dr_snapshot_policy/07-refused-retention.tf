# refused: schedule "hourly" keeps to its kind of retention
# destroy refused: is not empty

resource "travel_dr_snapshot_policy" "this" {
  name                = "acceptance"
  description         = "Claims of acceptance"
  state               = "DISABLED"
  tags                = { team = "security" }
  target_tags         = { backup = ["hourly"] }
  volume_kms_key_arns = [travel_kms_key.volumes.arn]
  lock                = { retain_days = 14, unlock_delay_days = 7 }

  schedules = {
    hourly = {
      interval_hours = 1
      retain         = { interval = 2, unit = "DAYS" }

      copies = {
        eu-west-1 = {
          kms_key_arn = travel_kms_key.recovery.arn
          retain      = { interval = 7, unit = "DAYS" }
        }
      }
    }
  }
}
