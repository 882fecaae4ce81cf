# refused: a frequency of a rule that does not judge by time

resource "travel_config_rule" "function" {
  name         = "acceptance-function"
  function_arn = "arn:aws:lambda:eu-central-1:111122223333:function:judge"
  frequency    = "One_Hour"
}
