output "detector_ids" {
  description = "The ids of the administrator's detectors, by region."
  value       = { for region, it in travel_threat_detection.administrator : region => it.detector_id }
}

output "analyzer_arns" {
  description = "The ARNs of the analyzers, by name and region, as in external/eu-central-1."
  value       = { for key, it in travel_access_analyzer.this : key => it.arn }
}
