# What the configuration no longer names stays as it is.
# plan: travel_organization.this update
# changes: travel_organization.this tags tags_all

resource "travel_organization" "this" {
  name = "renamed"
}
