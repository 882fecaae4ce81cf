# plan: travel_role.plain delete create
# plan: travel_role.this delete create
resource "travel_role" "plain" {
  name = "acceptance-other"

  trust_policy = {
    Version   = "2012-10-17"
    Statement = { Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }
  }
}

resource "travel_role" "this" {
  name = "acceptance-this"

  trust_policy = {
    Version   = "2012-10-17"
    Statement = { Effect = "Allow", Action = "sts:AssumeRole", Principal = { AWS = "111122223333" } }
  }
}
