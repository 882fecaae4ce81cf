# leaves: kms key of travel_kms_key/acceptance
# refused: rotation_period_days must be between 90 and 2560

resource "travel_kms_key" "this" {
  name                 = "acceptance/this"
  rotation_period_days = 7
}
