{{/* The name of everything. */}}
{{- define "service.name" -}}
{{- .Values.name | default .Release.Name | trunc 53 | trimSuffix "-" }}
{{- end }}

{{/* What pods are found by; it never changes. */}}
{{- define "service.selector" -}}
app.kubernetes.io/name: {{ include "service.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* The version that runs: the image's tag, or what of its digest fits into a label. */}}
{{- define "service.version" -}}
{{- .Values.image.tag | default (.Values.image.digest | trimPrefix "sha256:" | trunc 12) | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* The labels of everything. */}}
{{- define "service.labels" -}}
{{ include "service.selector" . }}
app.kubernetes.io/version: {{ include "service.version" . | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- with .Values.labels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* The service account that pods run as. */}}
{{- define "service.account" -}}
{{- if .Values.serviceAccount.create }}
{{- .Values.serviceAccount.name | default (include "service.name" .) }}
{{- else }}
{{- .Values.serviceAccount.name | default "default" }}
{{- end }}
{{- end }}

{{/* The image with its digest or tag. */}}
{{- define "service.image" -}}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository .Values.image.tag }}
{{- end }}
{{- end }}

{{/* A probe: as it is given, or by its path at the first port. */}}
{{- define "service.probe" -}}
{{- if .probe.path }}
httpGet:
  path: {{ .probe.path }}
  port: {{ .root.Values.ports | keys | sortAlpha | first }}
{{- with omit .probe "path" }}
{{ toYaml . }}
{{- end }}
{{- else }}
{{- toYaml .probe }}
{{- end }}
{{- end }}
