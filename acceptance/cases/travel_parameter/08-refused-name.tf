# refused: does not begin with aws or ssm

resource "travel_parameter" "plain" {
  name  = "/aws/service"
  value = "one"
}
