variable "name" {
  description = "The name of the release, as `helm list` shows it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9]([-a-z0-9]{0,51}[a-z0-9])?$", var.name))
    error_message = "The name must have 1 to 53 lower-case letters, digits or hyphens, and begin and end with none of the last."
  }
}

variable "cluster" {
  description = "The cluster: the `cluster` output of the cluster module, or at least its name."
  type = object({
    name        = string
    region      = optional(string)
    account     = optional(string)
    incarnation = optional(string)
    proxy_url   = optional(string)
  })
  nullable = false
}

variable "namespace" {
  description = "The namespace of the release."
  type        = string
  nullable    = false
}

variable "create_namespace" {
  description = "Whether the namespace is made if it is not there. It stays when the release goes."
  type        = bool
  default     = false
  nullable    = false
}

variable "chart" {
  description = "The chart: the path of a folder or archive, its name in a repository or mirror, or oci://HOST/PATH."
  type        = string
  nullable    = false
}

variable "chart_version" {
  description = "The version of the chart or a constraint such as ~1.4, or null for the newest."
  type        = string
  default     = null
}

variable "chart_mirror" {
  description = "Where a chart is looked for by its name: a folder or URL with an index.yaml, or null for the provider's."
  type        = string
  default     = null
}

variable "repository" {
  description = "Where a chart is looked for by its name instead of in a mirror: an http(s) URL with an index.yaml, or oci://HOST/PATH of a registry."
  type        = string
  default     = null
}

variable "values" {
  description = "Values for the chart, of any shape."
  type        = any
  default     = {}
}

variable "values_yaml" {
  description = "Values in YAML; later ones win, and `values` over all of them."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "drains" {
  description = "Kinds whose objects are deleted in the whole cluster, and awaited, before the release goes: those that its controller looks after, such as Service or NodePool.karpenter.sh."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "ignore" {
  description = "Fields that others may change without it being drift: a JSON pointer in which * stands for anything, perhaps only of a kind, namespace or name."
  type = list(object({
    kind      = optional(string)
    namespace = optional(string)
    name      = optional(string)
    path      = string
  }))
  default  = []
  nullable = false
}

variable "rollback_on_failure" {
  description = "Whether a failed upgrade is rolled back, and a failed install removed."
  type        = bool
  default     = true
  nullable    = false
}
