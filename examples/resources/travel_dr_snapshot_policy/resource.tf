# The key that encrypts the volumes, and the one for their copies in the recovery region.
resource "travel_kms_key" "volumes" {
  name        = "volumes"
  description = "Volumes and their snapshots"
}

resource "travel_kms_key" "recovery" {
  name        = "recovery"
  description = "Copies of snapshots"
  region      = "eu-west-1"
}

# Volumes that are tagged `backup = hourly` or `backup = daily`, every six hours and on Sundays.
resource "travel_dr_snapshot_policy" "claims" {
  name                = "claims"
  target_tags         = { backup = ["hourly", "daily"] }
  volume_kms_key_arns = [travel_kms_key.volumes.arn]

  # A volume that is restored in the recovery region is at most eight hours old.
  rpo_minutes  = 480
  copy_minutes = 30
  most_volumes = 40

  # Whoever deletes a snapshot, it can be brought back for two weeks.
  lock = {
    retain_days       = 14
    unlock_delay_days = 7
  }

  schedules = {
    often = {
      interval_hours = 6
      start          = "01:30"
      retain         = { count = 28 }

      copies = {
        eu-west-1 = {
          kms_key_arn = travel_kms_key.recovery.arn
          retain      = { interval = 7, unit = "DAYS" }
        }
      }
    }

    weekly = {
      cron   = "cron(0 3 ? * SUN *)"
      retain = { interval = 3, unit = "MONTHS" }
      tags   = { kept = "long" }
    }
  }
}
