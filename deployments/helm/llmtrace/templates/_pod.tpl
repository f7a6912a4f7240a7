{{/* The volume of `storage.path`. */}}
{{- define "llmtrace.dataVolume" -}}
{{- $volume := .Values.persistence -}}
- name: data
{{- if eq $volume.type "claim" }}
  persistentVolumeClaim:
    claimName: {{ $volume.existingClaim | default (include "llmtrace.beside" (list . "data")) }}
{{- else if eq $volume.type "ephemeral" }}
  ephemeral:
    volumeClaimTemplate:
      metadata:
        labels: {{- include "llmtrace.selector" . | nindent 10 }}
        {{- with $volume.annotations }}
        annotations: {{- toYaml . | nindent 10 }}
        {{- end }}
      spec: {{- include "llmtrace.claimSpec" . | nindent 8 }}
{{- else }}
  emptyDir:
    sizeLimit: {{ $volume.size }}
{{- end }}
{{- end -}}

{{- define "llmtrace.claimSpec" -}}
{{- $volume := .Values.persistence -}}
accessModes: {{- toYaml $volume.accessModes | nindent 2 }}
{{- with $volume.storageClass }}
storageClassName: {{ . | quote }}
{{- end }}
resources:
  requests:
    storage: {{ $volume.size }}
{{- end -}}

{{/* Everything that all pods of the chart's image share. */}}
{{- define "llmtrace.podBasics" -}}
serviceAccountName: {{ include "llmtrace.serviceAccountName" . }}
automountServiceAccountToken: false
# Services named llmtrace would set variables that look like settings.
enableServiceLinks: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
securityContext: {{- toYaml .Values.proxy.podSecurityContext | nindent 2 }}
{{- end -}}

{{- define "llmtrace.probe" -}}
{{- $ := index . 0 -}}
httpGet:
  path: {{ index . 1 }}
  port: http
  scheme: {{ include "llmtrace.scheme" $ | upper }}
{{ toYaml (index . 2) }}
{{- end -}}

{{- define "llmtrace.affinity" -}}
{{- $proxy := .Values.proxy -}}
{{- if $proxy.affinity -}}
{{- toYaml $proxy.affinity -}}
{{- else if eq $proxy.podAntiAffinity "hard" -}}
podAntiAffinity:
  requiredDuringSchedulingIgnoredDuringExecution:
    - topologyKey: kubernetes.io/hostname
      labelSelector:
        matchLabels: {{- include "llmtrace.selector" . | nindent 10 }}
{{- else if eq $proxy.podAntiAffinity "soft" -}}
podAntiAffinity:
  preferredDuringSchedulingIgnoredDuringExecution:
    - weight: 100
      podAffinityTerm:
        topologyKey: kubernetes.io/hostname
        labelSelector:
          matchLabels: {{- include "llmtrace.selector" . | nindent 12 }}
{{- end -}}
{{- end -}}

{{/* Constraints with the proxy's own selector where they have none. */}}
{{- define "llmtrace.spread" -}}
{{- $out := list -}}
{{- range .Values.proxy.topologySpreadConstraints -}}
{{- $one := deepCopy . -}}
{{- if not (hasKey $one "labelSelector") -}}
{{- $_ := set $one "labelSelector" (dict "matchLabels" (include "llmtrace.selector" $ | fromYaml)) -}}
{{- end -}}
{{- $out = append $out $one -}}
{{- end -}}
{{- toYaml $out -}}
{{- end -}}

{{/* How pods are replaced: a volume for one node, or a store for one instance, is given up before it is taken. */}}
{{- define "llmtrace.strategy" -}}
{{- $single := and (eq .Values.persistence.type "claim") (or (not (include "llmtrace.servers" . | fromJsonArray)) (not (has "ReadWriteMany" .Values.persistence.accessModes))) -}}
{{- if .Values.proxy.updateStrategy -}}
{{- toYaml .Values.proxy.updateStrategy -}}
{{- else if $single -}}
type: Recreate
{{- else -}}
type: RollingUpdate
rollingUpdate:
  maxSurge: 1
  maxUnavailable: 0
{{- end -}}
{{- end -}}
