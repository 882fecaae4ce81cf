# What the module makes of its inputs; nothing is called.

mock_provider "travel" {
  mock_resource "travel_dr_snapshot_policy" {
    defaults = {
      status               = "ready"
      volume_ids           = ["vol-1"]
      uncovered_volume_ids = ["vol-2"]
    }
  }
}

variables {
  volume_kms_key_arns   = ["arn:aws:kms:eu-central-1:111122223333:key/volumes"]
  recovery_kms_key_arns = { eu-west-1 = "arn:aws:kms:eu-west-1:111122223333:key/recovery" }

  backup = {
    account      = "backup"
    kms_key_arns = { eu-west-1 = "arn:aws:kms:eu-west-1:444455556666:key/backups" }
  }

  policies = {
    claims = {
      target_tags  = { backup = ["hourly"] }
      rpo_minutes  = 240
      copy_minutes = 30
      most_volumes = 40
      lock         = { retain_days = 14 }

      schedules = {
        hourly = { interval_hours = 1, retain = { count = 24 } }
        weekly = { cron = "cron(0 3 ? * SUN *)", copy = false, backup = false, retain = { interval = 3, unit = "MONTHS" } }
      }
    }

    plain = {
      target_tags = { backup = ["daily"] }
      schedules   = { daily = { interval_hours = 24, start = "05:00", retain = { count = 7 } } }
    }
  }
}

run "copies_go_to_each_recovery_region" {
  assert {
    condition     = travel_dr_snapshot_policy.this["claims"].schedules["hourly"].copies["eu-west-1"].kms_key_arn == var.recovery_kms_key_arns["eu-west-1"]
    error_message = "Copies are encrypted with the key of their region."
  }

  assert {
    condition     = length(travel_dr_snapshot_policy.this["claims"].schedules["weekly"].copies) == 0
    error_message = "A schedule can do without copies."
  }

  assert {
    condition     = travel_dr_snapshot_policy.this["plain"].schedules["daily"].start == "05:00" && travel_dr_snapshot_policy.this["claims"].schedules["weekly"].cron == "cron(0 3 ? * SUN *)"
    error_message = "Schedules are by interval or by expression."
  }
}

run "a_lock_is_closed_unless_said_otherwise" {
  assert {
    condition     = travel_dr_snapshot_policy.this["claims"].lock == { retain_days = 14, unlock_delay_days = 7, unlocked = false } && travel_dr_snapshot_policy.this["plain"].lock == null
    error_message = "A lock is closed, and only where it is asked for."
  }
}

run "backups_go_to_the_backup_account" {
  assert {
    condition     = travel_dr_snapshot_policy.this["plain"].backup.account == "backup" && travel_dr_snapshot_policy.this["plain"].backup.copies["eu-west-1"].retain.interval == 30
    error_message = "Every policy has its backups in the backup account."
  }

  assert {
    condition     = travel_dr_snapshot_policy.this["plain"].backup.unshare_after.interval == 1
    error_message = "Snapshots are shared for a day."
  }

  assert {
    condition     = !travel_dr_snapshot_policy.this["claims"].schedules["weekly"].backup
    error_message = "A schedule can do without backups."
  }
}

run "an_objective_comes_with_what_it_depends_on" {
  assert {
    condition     = travel_dr_snapshot_policy.this["claims"].most_volumes == 40 && travel_dr_snapshot_policy.this["plain"].most_volumes == null
    error_message = "What is assumed of copies is said where an objective is."
  }
}

run "policies_can_do_without_a_backup_account" {
  variables {
    backup  = null
    enabled = false
  }

  assert {
    condition     = travel_dr_snapshot_policy.this["claims"].backup == null && travel_dr_snapshot_policy.this["claims"].state == "DISABLED"
    error_message = "There are no backups, and nothing at work."
  }
}

run "a_schedule_has_one_set_of_times" {
  command = plan

  variables {
    policies = { claims = { target_tags = { backup = ["hourly"] }, schedules = { hourly = { retain = { count = 1 } } } } }
  }

  expect_failures = [var.policies]
}
