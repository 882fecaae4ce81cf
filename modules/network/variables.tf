variable "name" {
  description = "The network's name, by which it is told from the others of its deployment."
  type        = string
  nullable    = false
}

variable "cidr" {
  description = "The network's block of IPv4 addresses, from /16 to /28."
  type        = string
  nullable    = false

  validation {
    condition     = can(cidrsubnet(var.cidr, 0, 0)) && try(cidrsubnet(var.cidr, 0, 0) == var.cidr, false)
    error_message = "The block must be one of IPv4 addresses that begins at its own boundary, such as 10.10.0.0/16."
  }
}

variable "zones" {
  description = "The availability zones. One that is added or taken away moves nothing in the others."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.zones) > 0 && length(distinct(var.zones)) == length(var.zones)
    error_message = "There must be at least one zone, and none twice."
  }
}

variable "tiers" {
  description = <<-EOT
    The tiers, each with a subnet in every zone: its `access` (public, private by NAT, or isolated),
    the `prefix_length` of its subnets, and whether clusters and load balancers find them
    (`discovery`). Without any there are public, private and data, which is isolated.
  EOT
  type = map(object({
    access        = string
    prefix_length = optional(number)
    cidr          = optional(string)
    subnet_cidrs  = optional(map(string))
    discovery     = optional(bool)
    tags          = optional(map(string))
  }))
  default = null
}

variable "secondary_cidrs" {
  description = "More blocks of IPv4 addresses, in which tiers can lie."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "ipv6" {
  description = "Whether subnets also have IPv6 addresses."
  type        = bool
  default     = false
  nullable    = false
}

variable "nat" {
  description = "The NAT gateways by which private tiers get out: none, a single one, or one per_zone."
  type        = string
  default     = "single"
  nullable    = false

  validation {
    condition     = contains(["none", "single", "per_zone"], var.nat)
    error_message = "There are NAT gateways none, single or per_zone."
  }
}

variable "nat_tier" {
  description = "The public tier of the NAT gateways. Needed where there are several, such as one for them alone, which inspection asks for."
  type        = string
  default     = null
}

variable "endpoint_tier" {
  description = "The tier of the interface endpoints; by default the first private one, or else the first of the others."
  type        = string
  default     = null
}

variable "gateway_endpoints" {
  description = "AWS services that are reached by routes, free of charge: s3, dynamodb."
  type        = set(string)
  default     = ["s3"]
  nullable    = false

  validation {
    condition     = alltrue([for service in var.gateway_endpoints : contains(["s3", "dynamodb"], service)])
    error_message = "Only s3 and dynamodb have gateway endpoints; the others belong to interface_endpoints."
  }
}

variable "interface_endpoints" {
  description = "AWS services that are reached by network interfaces, such as ecr.api, sts or logs."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "flow_logs" {
  description = "Logs of the network's traffic, or null for none: what of it, how long they are kept, the key that encrypts them."
  type = object({
    traffic          = optional(string, "ALL")
    interval_seconds = optional(number, 600)
    retention_days   = optional(number, 30)
    kms_key_arn      = optional(string)
  })
  default = {}
}

variable "clusters" {
  description = "The names of the clusters that may find the subnets by tag."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "karpenter_discovery" {
  description = "What Karpenter finds the private subnets by, usually the cluster's name; null for nothing."
  type        = string
  default     = null
}

variable "other_networks" {
  description = "The blocks of other networks, by name. A plan that overlaps one of them is refused."
  type        = map(list(string))
  default     = {}
  nullable    = false
}

variable "exclusive" {
  description = "Whether everything in the network is to be its own. Otherwise what others add there stays."
  type        = bool
  default     = false
  nullable    = false
}

variable "allow_replacement" {
  description = "Whether a plan may destroy this network to make another in its place."
  type        = bool
  default     = false
  nullable    = false
}

variable "tags" {
  description = "Tags of the network's parts, beside the provider's default tags."
  type        = map(string)
  default     = {}
  nullable    = false
}
