# leaves: role AWSServiceRoleForConfig
# refused: types chosen in two ways

resource "travel_config_recorder" "this" {
  resource_types          = ["AWS::EC2::Instance"]
  excluded_resource_types = ["AWS::EC2::Volume"]
  delivery                = { bucket = travel_bucket.second.name }
}
