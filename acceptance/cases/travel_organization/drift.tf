# What it is called here nobody else knows, and more features are agreed on by all accounts.
# no drift: name feature_set
# no update: feature_set
# drift: travel_organization.this policy_types by organizations DisablePolicyType {"RootId": "${root}", "PolicyType": "TAG_POLICY"}
# drift: travel_organization.this create by organizations DeleteOrganization {}
# drift: travel_organization.this trusted_services by organizations DisableAWSServiceAccess {"ServicePrincipal": "config.amazonaws.com"}
# drift: travel_organization.this trusted_services by organizations EnableAWSServiceAccess {"ServicePrincipal": "cloudtrail.amazonaws.com"}
# drift: travel_organization.this tags tags_all by organizations TagResource {"ResourceId": "${root}", "Tags": [{"Key": "team", "Value": "theirs"}]}

resource "travel_organization" "this" {
  name             = "acceptance"
  policy_types     = ["SERVICE_CONTROL_POLICY", "TAG_POLICY"]
  trusted_services = ["config.amazonaws.com"]
  tags             = { team = "platform" }
}

output "root" {
  value = travel_organization.this.root_id
}
