# drift: travel_oidc_provider.this client_ids by iam AddClientIDToOpenIDConnectProvider OpenIDConnectProviderArn=${arn} ClientID=theirs
# drift: travel_oidc_provider.this client_ids by iam RemoveClientIDFromOpenIDConnectProvider OpenIDConnectProviderArn=${arn} ClientID=sts.amazonaws.com
# drift: travel_oidc_provider.this thumbprints by iam UpdateOpenIDConnectProviderThumbprint OpenIDConnectProviderArn=${arn} ThumbprintList.member.1=ffff456789abcdef0123456789abcdef01234567
# drift: travel_oidc_provider.this tags tags_all by iam TagOpenIDConnectProvider OpenIDConnectProviderArn=${arn} Tags.member.1.Key=team Tags.member.1.Value=theirs
# drift: travel_oidc_provider.this tags_all by iam UntagOpenIDConnectProvider OpenIDConnectProviderArn=${arn} TagKeys.member.1=environment
# drift: travel_oidc_provider.this create by iam DeleteOpenIDConnectProvider OpenIDConnectProviderArn=${arn}
resource "travel_oidc_provider" "this" {
  url         = "https://gitlab.example.com/drift"
  client_ids  = ["sts.amazonaws.com", "deploy"]
  thumbprints = ["0123456789abcdef0123456789abcdef01234567"]
  tags        = { team = "platform" }
}

output "arn" {
  value = travel_oidc_provider.this.arn
}
