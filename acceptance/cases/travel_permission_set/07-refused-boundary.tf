# refused: the boundary must be one policy

resource "travel_permission_set" "reader" {
  name                 = "reader"
  permissions_boundary = {}
}
