variable "name" {
  description = "The name of the cluster, unique in its account and region."
  type        = string
  nullable    = false
}

variable "kubernetes_version" {
  description = "The version of Kubernetes, such as 1.35. It goes up one minor version at a time."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^1\\.[0-9]{2}$", var.kubernetes_version))
    error_message = "A version is written as 1.35, without a patch."
  }
}

variable "support_type" {
  description = "What happens at the end of the version's standard support: EXTENDED pays for more time, STANDARD has EKS update the cluster."
  type        = string
  default     = "EXTENDED"
  nullable    = false

  validation {
    condition     = contains(["EXTENDED", "STANDARD"], var.support_type)
    error_message = "There is EXTENDED and STANDARD support."
  }
}

variable "subnet_ids" {
  description = "The subnets of control plane and nodes, in two zones at least."
  type        = set(string)
  nullable    = false

  validation {
    condition     = length(var.subnet_ids) >= 2
    error_message = "A cluster needs subnets in two zones at least."
  }
}

variable "public_access_cidrs" {
  description = "The blocks of addresses from which the cluster's API can be reached over the internet; none for only from within the network."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "encryption_key_arn" {
  description = "The ARN of the KMS key that encrypts what the cluster stores, or null for one of AWS's own."
  type        = string
  default     = null
}

variable "logs" {
  description = "The logs of the control plane: which, how long they are kept, the key that encrypts them."
  type = object({
    types          = optional(set(string), ["api", "audit", "authenticator"])
    retention_days = optional(number, 90)
    kms_key_arn    = optional(string)
  })
  default  = {}
  nullable = false
}

variable "administrators" {
  description = "The roles that may do everything in the cluster: ARNs, or names of roles of the account. Whoever makes the cluster gets no access by that."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "viewers" {
  description = "The roles that may look at what runs in namespaces, but not at secrets, custom resources or most of what belongs to the whole cluster: ARNs, or names of roles of the account. A role that plans releases reads their secrets, so it is given AmazonEKSAdminViewPolicy in access_entries."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(setintersection(var.viewers, var.administrators)) == 0
    error_message = "A role is among the administrators or the viewers, not among both."
  }
}

variable "access_entries" {
  description = "More access entries by name: the principal's ARN, its groups in Kubernetes, and the access policies with the namespaces they count in."
  type = map(object({
    principal_arn     = string
    kubernetes_groups = optional(set(string), [])
    policies          = optional(map(object({ namespaces = optional(set(string)) })), {})
  }))
  default  = {}
  nullable = false

  validation {
    condition     = length(setintersection(keys(var.access_entries), setunion(var.administrators, var.viewers))) == 0
    error_message = "An access entry is not named like one of the administrators or viewers."
  }
}

variable "node_groups" {
  description = "The managed node groups, by name. A group begins with desired_size or min_size nodes; from then on whoever scales it decides."
  type = map(object({
    instance_types = list(string)
    capacity_type  = optional(string, "ON_DEMAND")
    ami_type       = optional(string, "AL2023_x86_64_STANDARD")
    disk_size_gib  = optional(number, 20)
    min_size       = number
    max_size       = number
    desired_size   = optional(number)
    subnet_ids     = optional(set(string))
    labels         = optional(map(string), {})
    taints         = optional(set(object({ key = string, value = optional(string, ""), effect = string })), [])
    auto_repair    = optional(bool, true)
    force_update   = optional(bool, false)
    tags           = optional(map(string))
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for group in var.node_groups : group.min_size <= group.max_size])
    error_message = "A group's min_size is at most its max_size."
  }
}

variable "addons" {
  description = "The add-ons by name, or null for vpc-cni with network policies, kube-proxy, coredns and eks-pod-identity-agent."
  type = map(object({
    version              = optional(string)
    configuration_values = optional(string)
    role_arn             = optional(string)
    pod_identities       = optional(map(string), {})
    before_nodes         = optional(bool)
  }))
  default = null
}

variable "pod_identities" {
  description = "The ARNs of the roles of service accounts, by namespace/name."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "deletion_protection" {
  description = "Whether the cluster is kept from being deleted."
  type        = bool
  default     = true
  nullable    = false
}

variable "force_destroy" {
  description = "Whether a destroy also removes volumes, instances and node groups that others have made for the cluster."
  type        = bool
  default     = false
  nullable    = false
}

variable "allow_replacement" {
  description = "Whether a plan may destroy this cluster to make another in its place."
  type        = bool
  default     = false
  nullable    = false
}

variable "tags" {
  description = "Tags of the cluster's parts, beside the provider's default tags."
  type        = map(string)
  default     = {}
  nullable    = false
}
