# An add-on that somebody else has installed is not taken over, and outlives its refusal: in 09-drift its owner removes it.
# outside: eks POST /clusters/acceptance/addons {"addonName": "snapshot-controller"}
# plan: travel_eks_platform.this update
# changes: travel_eks_platform.this addons
# apply refused: add-on snapshot-controller exists already

resource "travel_eks_platform" "this" {
  name                   = "acceptance"
  version                = "1.34"
  subnet_ids             = local.subnets
  support_type           = "STANDARD"
  endpoint_public_access = true
  public_access_cidrs    = ["203.0.113.0/24"]
  encryption_key_arn     = travel_kms_key.this.arn
  zonal_shift            = true
  logs                   = { types = ["audit", "scheduler"], retention_days = 30 }
  tags                   = { team = "security" }
  access_entries         = local.access_entries
  node_groups            = local.node_groups
  addons                 = merge(local.addons, { snapshot-controller = {} })
  pod_identities         = local.pod_identities
}
