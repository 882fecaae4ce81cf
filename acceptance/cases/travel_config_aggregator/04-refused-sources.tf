# refused: an aggregator of nothing

resource "travel_config_aggregator" "chosen" {
  name = "acceptance-chosen"
}
