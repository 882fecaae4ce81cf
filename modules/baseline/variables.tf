variable "name" {
  description = "The name of the stack."
  type        = string
  default     = "baseline"
  nullable    = false
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

variable "charts" {
  description = "The folder with the charts namespaces and service."
  type        = string
  nullable    = false
}

variable "namespace" {
  description = "The namespace that holds the record of the namespaces' release."
  type        = string
  default     = "travel-baseline"
  nullable    = false
}

variable "namespaces" {
  description = "The namespaces by name, each with what differs from the defaults: labels, annotations, podSecurity, quota, limits, network, keep."
  type        = any
  nullable    = false

  validation {
    condition     = alltrue([for name in keys(var.namespaces) : can(regex("^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$", name))])
    error_message = "A namespace's name has up to 63 lower-case letters, digits or hyphens."
  }
}

variable "defaults" {
  description = "What holds for every namespace that says nothing else, over the chart's own defaults."
  type        = any
  default     = {}
  nullable    = false
}

variable "smoke" {
  description = "The release that proves scheduling, readiness and quotas in a namespace of its own, or null for none."
  type = object({
    namespace = optional(string, "smoke")
    image     = optional(string, "registry.k8s.io/pause")
    tag       = optional(string, "3.10")
    replicas  = optional(number, 2)
    quota     = optional(map(string), { pods = "4", "requests.cpu" = "100m", "requests.memory" = "128Mi", "limits.memory" = "256Mi" })
  })
  default = {}
}
