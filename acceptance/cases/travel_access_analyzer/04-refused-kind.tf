# refused: exclusions of another kind of analyzer

resource "travel_access_analyzer" "external" {
  name       = "acceptance"
  exclusions = [{ resource_tags = [{ team = "robots" }] }]
}
