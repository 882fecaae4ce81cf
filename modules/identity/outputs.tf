output "role_arns" {
  description = "The ARNs of the roles of pipelines, by name."
  value       = { for name, role in travel_role.ci : name => role.arn }
}

output "provider_arn" {
  description = "The ARN of the OIDC provider that these roles trust; none without such roles."
  value       = local.provider
}

output "break_glass_arn" {
  description = "The ARN of the role for emergencies; none where there is none."
  value       = one(travel_role.break_glass[*].arn)
}
