# refused: no key to encrypt with

resource "travel_bucket" "plain" {
  name       = "acceptance-other"
  encryption = "aws:kms"
}
