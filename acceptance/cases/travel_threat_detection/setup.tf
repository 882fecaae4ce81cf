resource "travel_organization" "this" {
  name = "acceptance"
}

resource "travel_account" "security" {
  name      = "security"
  email     = "aws+security@example.com"
  parent_id = travel_organization.this.root_id
}

resource "travel_kms_key" "findings" {
  name                 = "findings"
  deletion_window_days = 7
}

resource "travel_bucket" "findings" {
  name = "acceptance-findings"
}

resource "travel_bucket" "others" {
  name = "acceptance-other-findings"
}
