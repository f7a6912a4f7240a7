{{/* Names and labels. */}}

{{- define "llmtrace.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* The release's name where it says llmtrace, else both. A Service's name has at most 63 characters. */}}
{{- define "llmtrace.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- $full := .Values.fullnameOverride | default (contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name)) -}}
{{- $full | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* Name of an object beside the Deployment: (list $ "config"). */}}
{{- define "llmtrace.beside" -}}
{{- $suffix := index . 1 -}}
{{- printf "%s-%s" (include "llmtrace.fullname" (index . 0) | trunc (int (sub 62 (len $suffix))) | trimSuffix "-") $suffix -}}
{{- end -}}

{{- define "llmtrace.secretName" -}}
{{- .Values.secrets.existingSecret | default (include "llmtrace.fullname" .) -}}
{{- end -}}

{{- define "llmtrace.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (.Values.serviceAccount.create | ternary (include "llmtrace.fullname" .) "default") -}}
{{- end -}}

{{- define "llmtrace.selector" -}}
app.kubernetes.io/name: {{ include "llmtrace.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "llmtrace.labels" -}}
{{ include "llmtrace.selector" . }}
{{ include "llmtrace.commonLabels" . }}
{{- end -}}

{{/* Labels of the proxy's pods: nothing that another version of the chart would change, which would replace them. */}}
{{- define "llmtrace.podLabels" -}}
{{ include "llmtrace.selector" . }}
app.kubernetes.io/part-of: llmtrace
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Labels of pods that are not the proxy and must not get its traffic: (list $ "test"). */}}
{{- define "llmtrace.otherLabels" -}}
{{ include "llmtrace.otherSelector" . }}
{{ include "llmtrace.commonLabels" (index . 0) }}
{{- end -}}

{{- define "llmtrace.otherSelector" -}}
app.kubernetes.io/name: {{ printf "%s-%s" (include "llmtrace.name" (index . 0) | trunc 50 | trimSuffix "-") (index . 1) }}
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
{{- end -}}

{{- define "llmtrace.commonLabels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/version: {{ .Chart.AppVersion | replace "+" "_" | quote }}
app.kubernetes.io/part-of: llmtrace
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/*
The repository. The documented upgrade names a tag and no repository, and Helm forgets what an earlier --set named: a
repository left at its default is that of the Deployment that runs.
*/}}
{{- define "llmtrace.repository" -}}
{{- $named := .Values.proxy.image.repository -}}
{{- $kept := "" -}}
{{- if and (eq $named "llmtrace-proxy") .Release.IsUpgrade -}}
{{- $running := lookup "apps/v1" "Deployment" .Release.Namespace (include "llmtrace.fullname" .) | default dict -}}
{{- range dig "spec" "template" "spec" "containers" list $running -}}
{{- if eq .name "proxy" -}}
{{- $kept = regexReplaceAll ":[^/:]*$" (regexReplaceAll "@.*$" .image "") "" -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $kept | default $named -}}
{{- end -}}

{{- define "llmtrace.image" -}}
{{- $image := .Values.proxy.image -}}
{{- $repository := include "llmtrace.repository" . -}}
{{- if contains "@" $repository -}}
{{- $repository -}}
{{- else if $image.digest -}}
{{- printf "%s@%s" $repository $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $repository ($image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{- define "llmtrace.port" -}}8080{{- end -}}

{{/* The scheme of the listener. */}}
{{- define "llmtrace.scheme" -}}
{{- $config := include "llmtrace.config" . | fromYaml -}}
{{- dig "tls" "cert" "" $config | empty | ternary "http" "https" -}}
{{- end -}}

{{/* The number of pods at most. */}}
{{- define "llmtrace.mostReplicas" -}}
{{- .Values.autoscaling.enabled | ternary .Values.autoscaling.maxReplicas .Values.proxy.replicaCount | int -}}
{{- end -}}
