# refused: it is a folder, and only archives are signed

variable "charts" { type = string }

resource "travel_helm_release" "this" {
  name      = "probe"
  namespace = "elsewhere"
  chart     = "${var.charts}/probe"
  cluster   = { name = "case" }
  verify    = true
  keyring   = "${var.charts}/none.gpg"
}
