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

{{/* The ports by name, as YAML. */}}
{{- define "service.ports" -}}
{{- .Values.ports | default (dict "http" (dict "container" 8080 "service" 80)) | toYaml }}
{{- end }}

{{/* The probe of a kind, as YAML: as it is given, or by its path; nothing where there is none. */}}
{{- define "service.probe" -}}
{{- $usual := dict "readiness" (dict "path" "/readyz") "liveness" (dict "path" "/healthz") }}
{{- $probe := ternary (get .root.Values.probes .kind) (get $usual .kind) (hasKey .root.Values.probes .kind) }}
{{- if and $probe $probe.path }}
{{- $names := include "service.ports" .root | fromYaml | keys | sortAlpha }}
httpGet:
  path: {{ $probe.path }}
  port: {{ $probe.port | default (ternary "http" (first $names) (has "http" $names)) }}
{{- with omit $probe "path" "port" }}
{{ toYaml . }}
{{- end }}
{{- else if $probe }}
{{- toYaml $probe }}
{{- end }}
{{- end }}

{{/* How a new version is brought out. */}}
{{- define "service.strategy" -}}
{{- if and (eq .Values.kind "Rollout") .Values.rollout.strategy }}
{{- toYaml .Values.rollout.strategy }}
{{- else if eq .Values.kind "Rollout" -}}
canary:
  steps:
    - setWeight: 20
    - pause:
        duration: 2m
    - setWeight: 50
    - pause:
        duration: 2m
{{- else if .Values.strategy }}
{{- toYaml .Values.strategy }}
{{- else -}}
type: RollingUpdate
rollingUpdate:
  maxSurge: 1
  maxUnavailable: 0
{{- end }}
{{- end }}
