# What controllers have left goes with the cluster, and with force_destroy what may be wanted.
# Nodes that work as another role are other nodes.
# outside: ec2 CreateVolume AvailabilityZone=eu-central-1a Size=1 TagSpecification.1.ResourceType=volume TagSpecification.1.Tag.1.Key=kubernetes.io/cluster/acceptance TagSpecification.1.Tag.1.Value=owned
# outside: elbv2 CreateTargetGroup Name=k8s-shop TargetType=lambda Tags.member.1.Key=elbv2.k8s.aws/cluster Tags.member.1.Value=acceptance
# plan: travel_eks_platform.this update
# changes: travel_eks_platform.this deletion_protection force_destroy node_groups node_role_arn roles

resource "travel_eks_platform" "this" {
  name                   = "acceptance"
  version                = "1.35"
  subnet_ids             = local.subnets
  support_type           = "STANDARD"
  endpoint_public_access = true
  public_access_cidrs    = ["203.0.113.0/24"]
  encryption_key_arn     = travel_kms_key.this.arn
  zonal_shift            = true
  logs                   = { types = ["audit", "scheduler"], retention_days = 30 }
  force_destroy          = true
  node_role_arn          = "${local.roles}/acceptance-node"
  access_entries         = local.access_entries
  node_groups            = { general = local.node_groups.general }
  addons                 = local.addons
  pod_identities         = local.pod_identities
}
