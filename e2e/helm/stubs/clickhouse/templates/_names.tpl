{{- define "clickhouse.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "clickhouse.labels" -}}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* A password in base64: that of the Secret, else that of the values, else a random one. (list $ KEY VALUE) */}}
{{- define "clickhouse.password" -}}
{{- $ := index . 0 -}}
{{- $data := (lookup "v1" "Secret" $.Release.Namespace (include "clickhouse.fullname" $) | default dict).data | default dict -}}
{{- if $data -}}
{{- get $data (index . 1) | required (printf "PASSWORDS ERROR: The secret %q does not contain the key %q" (include "clickhouse.fullname" $) (index . 1)) -}}
{{- else if index . 2 -}}
{{- index . 2 | toString | b64enc -}}
{{- else if $.Release.IsUpgrade -}}
{{- fail "PASSWORDS ERROR: You must provide your current passwords when upgrading the release." -}}
{{- else -}}
{{- randAlphaNum 10 | b64enc -}}
{{- end -}}
{{- end -}}
