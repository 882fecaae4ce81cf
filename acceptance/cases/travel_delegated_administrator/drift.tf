# Another account or service is another administrator.
# drift: travel_delegated_administrator.this create by organizations DeregisterDelegatedAdministrator {"AccountId": "${account}", "ServicePrincipal": "guardduty.amazonaws.com"}

resource "travel_delegated_administrator" "this" {
  administrator_id = travel_account.security.id
  service          = "guardduty.amazonaws.com"
}

output "account" {
  value = travel_account.security.id
}
