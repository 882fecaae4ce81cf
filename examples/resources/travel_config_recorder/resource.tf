# Everything in the account and region, kept for a year, with a snapshot each day.
resource "travel_config_recorder" "this" {
  retention_days = 365

  delivery = {
    bucket             = "example-config"
    snapshot_frequency = "TwentyFour_Hours"
  }

  # What changes all the time is recorded once a day.
  frequency_override = {
    resource_types = ["AWS::EC2::NetworkInterface"]
    frequency      = "DAILY"
  }
}

# An existing recorder is brought in by its name, or by REGION/NAME:
#
#   import {
#     to = travel_config_recorder.this
#     id = "eu-central-1/default"
#   }
