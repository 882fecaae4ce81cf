output "namespaces" {
  description = "The names of the namespaces."
  value       = sort(keys(local.namespaces))
}
