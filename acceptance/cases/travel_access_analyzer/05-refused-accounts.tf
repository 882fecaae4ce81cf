# refused: accounts in the zone of one account

resource "travel_access_analyzer" "unused" {
  name       = "acceptance-unused"
  analyzes   = "UNUSED_ACCESS"
  exclusions = [{ account_ids = ["111122223333"] }]
}
