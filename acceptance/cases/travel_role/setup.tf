resource "travel_policy" "read" {
  name = "acceptance-read"

  policy = {
    Version   = "2012-10-17"
    Statement = { Effect = "Allow", Action = "s3:GetObject", Resource = "*" }
  }
}

resource "travel_policy" "boundary" {
  name = "acceptance-boundary"

  policy = {
    Version   = "2012-10-17"
    Statement = { Effect = "Allow", Action = "*", Resource = "*" }
  }
}
