output "name" {
  description = "The name of the release."
  value       = travel_helm_release.this.name
}

output "namespace" {
  description = "The namespace of the release."
  value       = travel_helm_release.this.namespace
}

output "revision" {
  description = "The revision, as `helm history` counts."
  value       = travel_helm_release.this.revision
}

output "chart_version" {
  description = "The version of the chart."
  value       = travel_helm_release.this.chart_version
}

output "app_version" {
  description = "The version of what the chart installs."
  value       = travel_helm_release.this.app_version
}
