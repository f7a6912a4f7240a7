{{/* The proxy's configuration: what the named values say, and over it `config`, verbatim. */}}

{{/* Lays the second map over the first, which it changes. */}}
{{- define "llmtrace.overlay" -}}
{{- $base := index . 0 -}}
{{- range $key, $value := index . 1 -}}
{{- if and (kindIs "map" $value) (kindIs "map" (get $base $key)) -}}
{{- include "llmtrace.overlay" (list (get $base $key) $value) -}}
{{- else -}}
{{- $_ := set $base $key $value -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "llmtrace.config" -}}
{{- $proxy := .Values.proxy -}}
{{- $config := dict
  "listen_addr" (printf "0.0.0.0:%s" (include "llmtrace.port" .))
  "upstream_url" $proxy.upstreamUrl
  "enable_security_analysis" $proxy.enableSecurityAnalysis
  "enable_trace_storage" $proxy.enableTraceStorage
  "enable_streaming" $proxy.enableStreaming
  "timeout_ms" $proxy.timeoutMs
  "max_connections" $proxy.maxConnections
  "logging" (dict "level" $proxy.logging.level "format" $proxy.logging.format)
  "storage" (dict "profile" $proxy.storageProfile "path" "/var/lib/llmtrace")
-}}
{{- if .Values.migrations.job.enabled -}}
{{- $_ := set $config.storage "auto_migrate" false -}}
{{- end -}}
{{- include "llmtrace.overlay" (list $config (deepCopy (.Values.config | default dict))) -}}
{{- $_ := set $config "allowed_hosts" (include "llmtrace.allowedHosts" . | fromJsonArray) -}}
{{- toYaml $config -}}
{{- end -}}

{{/*
The names that API and dashboard answer under: those of the Service and of the Ingress, which a foreign web page cannot take
for its own, and those of `config`.
*/}}
{{- define "llmtrace.allowedHosts" -}}
{{- $name := include "llmtrace.fullname" . -}}
{{- $space := .Release.Namespace -}}
{{- $hosts := list $name (printf "%s.%s" $name $space) (printf "%s.%s.svc" $name $space) (printf "%s.%s.svc.%s" $name $space .Values.clusterDomain) -}}
{{- if .Values.ingress.enabled -}}
{{- range .Values.ingress.hosts -}}
{{- if and .host (not (hasPrefix "*" .host)) -}}
{{- $hosts = append $hosts .host -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- concat $hosts (dig "allowed_hosts" list (.Values.config | default dict) | default list) | uniq | toJson -}}
{{- end -}}

{{/* "yes" where the proxy asks for keys. A pod listens for others than itself, so it does unless it is told to be open. */}}
{{- define "llmtrace.asksForKeys" -}}
{{- $auth := (include "llmtrace.config" . | fromYaml).auth | default dict -}}
{{- $mode := get $auth "mode" | default (eq (toString $auth.allow_open) "true" | ternary "open" "required") -}}
{{- if eq $mode "required" -}}yes{{- end -}}
{{- end -}}

{{/* What `storage.KEY` is in effect: (list $config "spans"). */}}
{{- define "llmtrace.storeOf" -}}
{{- $storage := (index . 0).storage -}}
{{- $byProfile := dict "production" (dict "spans" "clickhouse:" "meta" "postgres:" "counters" "redis:") -}}
{{- get $storage (index . 1) | default (dig $storage.profile (index . 1) "memory:" $byProfile) -}}
{{- end -}}

{{/* The stores that are servers, as a JSON list of "clickhouse", "postgres", "redis". */}}
{{- define "llmtrace.servers" -}}
{{- $config := include "llmtrace.config" . | fromYaml -}}
{{- $servers := list -}}
{{- range $key := list "spans" "meta" "counters" -}}
{{- $store := include "llmtrace.storeOf" (list $config $key) | trimSuffix ":" -}}
{{- if has $store (list "clickhouse" "postgres" "redis") -}}
{{- $servers = append $servers $store -}}
{{- end -}}
{{- end -}}
{{- $servers | uniq | toJson -}}
{{- end -}}

{{/* A size in bytes from our texts (64MiB) and those of Kubernetes (2Gi). */}}
{{- define "llmtrace.bytes" -}}
{{- $text := kindIs "string" . | ternary . (printf "%d" (int64 .)) -}}
{{- $number := regexFind "^[0-9]+" $text | default "0" | int64 -}}
{{- $unit := regexReplaceAll "^[0-9. ]+" $text "" | trimSuffix "B" | lower -}}
{{- $factor := get (dict "" 1 "k" 1000 "m" 1000000 "g" 1000000000 "t" 1000000000000 "ki" 1024 "mi" 1048576 "gi" 1073741824 "ti" 1099511627776) $unit | default 1 -}}
{{- mul $number $factor -}}
{{- end -}}

{{/* Seconds that a pod needs to end: the delay, the streams, the flush, and some room. */}}
{{- define "llmtrace.gracePeriod" -}}
{{- $config := include "llmtrace.config" . | fromYaml -}}
{{- $shutdown := $config.shutdown | default dict -}}
{{- add (get $shutdown "delay_seconds" | default 0 | int) (get $shutdown "timeout_seconds" | default 30 | int) 5 10 -}}
{{- end -}}
