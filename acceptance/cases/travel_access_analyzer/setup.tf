resource "travel_organization" "this" {
  name             = "acceptance"
  trusted_services = ["access-analyzer.amazonaws.com"]
}
