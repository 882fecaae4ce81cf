# The OpenID Connect providers of an account: terraform query -generate-config-out=found.tf brings them in.
list "travel_oidc_provider" "all" {
  provider = travel
}
