{{/* The template of a pod. */}}
{{- define "service.pod" -}}
metadata:
  labels:
    {{- include "service.selector" . | nindent 4 }}
    app.kubernetes.io/version: {{ include "service.version" . | quote }}
    {{- with .Values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with .Values.podAnnotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  serviceAccountName: {{ include "service.account" . }}
  automountServiceAccountToken: {{ .Values.serviceAccount.automount }}
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
  {{- with .Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with .Values.image.pullSecrets }}
  imagePullSecrets:
    {{- range . }}
    - name: {{ . }}
    {{- end }}
  {{- end }}
  securityContext:
    {{- toYaml .Values.podSecurityContext | nindent 4 }}
  containers:
    - name: {{ include "service.name" . }}
      image: {{ include "service.image" . | quote }}
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      {{- with .Values.command }}
      command:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.args }}
      args:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.env }}
      env:
        {{- range $name, $value := . }}
        - name: {{ $name }}
          {{- if kindIs "map" $value }}
          valueFrom:
            {{- toYaml $value | nindent 12 }}
          {{- else }}
          value: {{ $value | toString | quote }}
          {{- end }}
        {{- end }}
      {{- end }}
      {{- if or .Values.envFromConfigMaps .Values.envFromSecrets }}
      envFrom:
        {{- range .Values.envFromConfigMaps }}
        - configMapRef:
            name: {{ . }}
        {{- end }}
        {{- range .Values.envFromSecrets }}
        - secretRef:
            name: {{ . }}
        {{- end }}
      {{- end }}
      ports:
        {{- range $name, $port := include "service.ports" . | fromYaml }}
        - name: {{ $name }}
          containerPort: {{ $port.container }}
          protocol: {{ $port.protocol | default "TCP" }}
        {{- end }}
      {{- range $kind := list "startup" "readiness" "liveness" }}
      {{- with include "service.probe" (dict "root" $ "kind" $kind) | trim }}
      {{ $kind }}Probe:
        {{- . | nindent 8 }}
      {{- end }}
      {{- end }}
      {{- if .Values.drainSeconds }}
      lifecycle:
        preStop:
          sleep:
            seconds: {{ .Values.drainSeconds }}
      {{- end }}
      resources:
        {{- toYaml .Values.resources | nindent 8 }}
      securityContext:
        {{- toYaml .Values.securityContext | nindent 8 }}
      {{- if or .Values.writable .Values.volumeMounts }}
      volumeMounts:
        {{- range $name, $path := .Values.writable }}
        - name: {{ $name }}
          mountPath: {{ $path }}
        {{- end }}
        {{- with .Values.volumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- end }}
  {{- if or .Values.writable .Values.volumes }}
  volumes:
    {{- range $name, $path := .Values.writable }}
    - name: {{ $name }}
      emptyDir: {}
    {{- end }}
    {{- with .Values.volumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- end }}
  {{- if .Values.spread }}
  topologySpreadConstraints:
    {{- range $key := list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
    - maxSkew: 1
      topologyKey: {{ $key }}
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "service.selector" $ | nindent 10 }}
    {{- end }}
  {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
