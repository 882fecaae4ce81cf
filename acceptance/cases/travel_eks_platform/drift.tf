# What EKS itself lets nobody change back or away.
# no drift: version encryption_key_arn service_ipv4_cidr authentication_mode cluster_role_arn node_role_arn
# no update: cluster_role_arn service_ipv4_cidr
# drift: travel_eks_platform.this addons by eks DELETE /clusters/acceptance/addons/metrics-server
# drift: travel_eks_platform.this access_entries by eks DELETE /clusters/acceptance/access-entries/arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Facceptance-viewer
# drift: travel_eks_platform.this access_entries by eks DELETE /clusters/acceptance/access-entries/arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Facceptance-admin/access-policies/arn%3Aaws%3Aeks%3A%3Aaws%3Acluster-access-policy%2FAmazonEKSAdminPolicy
# drift: travel_eks_platform.this addons by eks POST /clusters/acceptance/addons/coredns/update {"configurationValues": "{\"replicaCount\":5}"}
# drift: travel_eks_platform.this nothing by eks POST /clusters/acceptance/addons {"addonName": "snapshot-controller"}
# drift: travel_eks_platform.this support_type by eks POST /clusters/acceptance/update-config {"upgradePolicy": {"supportType": "EXTENDED"}}
# drift: travel_eks_platform.this public_access_cidrs by eks POST /clusters/acceptance/update-config {"resourcesVpcConfig": {"publicAccessCidrs": ["198.51.100.0/24"]}}
# drift: travel_eks_platform.this security_group_ids by eks POST /clusters/acceptance/update-config {"resourcesVpcConfig": {"securityGroupIds": []}}
# drift: travel_eks_platform.this endpoint_public_access by eks POST /clusters/acceptance/update-config {"resourcesVpcConfig": {"endpointPublicAccess": false}}
# drift: travel_eks_platform.this endpoint_private_access by eks POST /clusters/acceptance/update-config {"resourcesVpcConfig": {"endpointPrivateAccess": false}}
# drift: travel_eks_platform.this subnet_ids by eks POST /clusters/acceptance/update-config {"resourcesVpcConfig": {"subnetIds": ["${data_a}", "${data_b}"]}}
# drift: travel_eks_platform.this logs by eks POST /clusters/acceptance/update-config {"logging": {"clusterLogging": [{"types": ["audit"], "enabled": false}]}}
# drift: travel_eks_platform.this logs by logs DeleteRetentionPolicy {"logGroupName": "/aws/eks/acceptance/cluster"}
# drift: travel_eks_platform.this zonal_shift by eks POST /clusters/acceptance/update-config {"zonalShiftConfig": {"enabled": false}}
# drift: travel_eks_platform.this deletion_protection by eks POST /clusters/acceptance/update-config {"deletionProtection": true}
# drift: travel_eks_platform.this node_groups by eks POST /clusters/acceptance/node-groups/${general}/update-config {"scalingConfig": {"minSize": 1, "maxSize": 2, "desiredSize": 1}}
# drift: travel_eks_platform.this nothing by eks POST /clusters/acceptance/node-groups/${general}/update-config {"scalingConfig": {"minSize": 1, "maxSize": 3, "desiredSize": 2}}
# drift: travel_eks_platform.this pod_identities by eks DELETE /clusters/acceptance/pod-identity-associations/${cart}
# drift: travel_eks_platform.this oidc_provider_arn(oidc_provider) by iam DeleteOpenIDConnectProvider OpenIDConnectProviderArn=${oidc}
# drift: travel_eks_platform.this roles(node_role_policies) by iam DetachRolePolicy RoleName=travel-acceptance-eu-central-1-node PolicyArn=arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy
# drift: travel_eks_platform.this roles(permissions_boundary_arn) by iam PutRolePermissionsBoundary RoleName=travel-acceptance-eu-central-1-node PermissionsBoundary=arn:aws:iam::aws:policy/PowerUserAccess
# drift: travel_eks_platform.this mistagged by iam UntagRole RoleName=travel-acceptance-eu-central-1-cluster TagKeys.member.1=travel:deployment
# drift: travel_eks_platform.this tags tags_all by eks POST /tags/${arn} {"tags": {"team": "theirs"}}

resource "travel_eks_platform" "this" {
  name                   = "acceptance"
  version                = "1.34"
  subnet_ids             = local.subnets
  security_group_ids     = local.security_groups
  support_type           = "STANDARD"
  endpoint_public_access = true
  public_access_cidrs    = ["203.0.113.0/24"]
  encryption_key_arn     = travel_kms_key.this.arn
  zonal_shift            = true
  logs                   = { types = ["audit", "scheduler"], retention_days = 30 }
  tags                   = { team = "security" }
  access_entries         = local.access_entries
  addons                 = local.addons
  pod_identities         = local.pod_identities

  node_groups = {
    general = {
      instance_types = ["m7i.xlarge"]
      min_size       = 1
      max_size       = 3
    }
  }
}

output "arn" {
  value = travel_eks_platform.this.arn
}

output "general" {
  value = travel_eks_platform.this.node_groups["general"].name
}

output "cart" {
  value = travel_eks_platform.this.pod_identities["shop/cart"].id
}

output "oidc" {
  value = travel_eks_platform.this.oidc_provider_arn
}

output "data_a" {
  value = travel_network.this.subnet_ids["data"][0]
}

output "data_b" {
  value = travel_network.this.subnet_ids["data"][1]
}
