{{/* The labels of everything of this chart, in a namespace that is given as name. */}}
{{- define "namespaces.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
{{- end }}

{{/* A namespace's settings: its own over the defaults, as YAML. */}}
{{- define "namespaces.settings" -}}
{{- mergeOverwrite (deepCopy .root.Values.defaults) (.own | default dict) | toYaml }}
{{- end }}
