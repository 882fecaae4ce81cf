# leaves: rbin rule of travel_dr_snapshot_policy/acceptance
# refused: Until then leave it as it is
# destroy refused: is not empty

resource "travel_dr_snapshot_policy" "this" {
  name                = "acceptance"
  description         = "Claims of acceptance"
  state               = "DISABLED"
  tags                = { team = "security" }
  target_tags         = { backup = ["hourly"] }
  volume_kms_key_arns = [travel_kms_key.volumes.arn]

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
}
