# refused: a criterion says something

resource "travel_access_analyzer" "external" {
  name          = "acceptance"
  archive_rules = { none = { filter = { isPublic = {} } } }
}
