output "names" {
  description = "The whole names of all parameters, by the names below the prefix."
  value       = { for key, it in merge(travel_parameter.this, travel_parameter.secret) : key => it.name }
}

output "arns" {
  description = "The ARNs of all parameters, by the names below the prefix."
  value       = { for key, it in merge(travel_parameter.this, travel_parameter.secret) : key => it.arn }
}
