{{/* Where the stores are, and whose Secret has their passwords. */}}

{{/*
What there is to know of a store: (list $ "clickhouse"). A URL at its default stands for the bundled store; one of your own is
the bundled store's where it names that host, alone or in this namespace.
*/}}
{{- define "llmtrace.store" -}}
{{- $ := index . 0 -}}
{{- $store := index . 1 -}}
{{- $chart := eq $store "postgres" | ternary "postgresql" $store -}}
{{- $values := get $.Values $chart -}}
{{- $auth := $values.auth | default dict -}}
{{- $full := include "llmtrace.bundledName" (list $ $chart) -}}
{{- $url := get $.Values.secrets (printf "%sUrl" $store) | default "" -}}
{{- $defaults := dict
  "clickhouse" "http://llmtrace-clickhouse:8123"
  "postgres" "postgres://llmtrace:llmtrace@llmtrace-postgresql:5432/llmtrace"
  "redis" "redis://llmtrace-redis-master:6379"
-}}
{{- $out := dict "chart" $chart "enabled" $values.enabled "explicit" (not (or (eq $url "") (eq $url (get $defaults $store)))) "secret" ($auth.existingSecret | default $full) -}}
{{- if eq $store "clickhouse" -}}
{{- $user := $auth.username | default "default" -}}
{{- $port := dig "service" "ports" "http" 8123 $values | int -}}
{{- $_ := set $out "host" $full -}}
{{- $_ := set $out "url" (printf "http://%s%s:%d" (eq $user "default" | ternary "" (printf "%s@" (urlquery $user))) $full $port) -}}
{{- $_ := set $out "key" (empty $auth.existingSecret | ternary "admin-password" ($auth.existingSecretKey | default "admin-password")) -}}
{{- $_ := set $out "port" (dig "containerPorts" "http" 8123 $values | int) -}}
{{- else if eq $store "postgres" -}}
{{- $user := $auth.username | default "postgres" -}}
{{- $host := eq ($values.architecture | default "standalone") "replication" | ternary (printf "%s-primary" $full) $full -}}
{{- $keys := $auth.secretKeys | default dict -}}
{{- $_ := set $out "host" $host -}}
{{- $_ := set $out "url" (printf "postgres://%s@%s:%d/%s" (urlquery $user) $host (dig "primary" "service" "ports" "postgresql" 5432 $values | int) ($auth.database | default "postgres")) -}}
{{- $_ := set $out "key" (eq $user "postgres" | ternary (empty $auth.existingSecret | ternary "postgres-password" ($keys.adminPasswordKey | default "postgres-password")) (empty $auth.existingSecret | ternary "password" ($keys.userPasswordKey | default "password"))) -}}
{{- $_ := set $out "port" (dig "containerPorts" "postgresql" 5432 $values | int) -}}
{{- else -}}
{{- $sentinel := dig "sentinel" "enabled" false $values -}}
{{- $host := $sentinel | ternary $full (printf "%s-master" $full) -}}
{{- $port := $sentinel | ternary (dig "sentinel" "service" "ports" "sentinel" 26379 $values) (dig "master" "service" "ports" "redis" 6379 $values) | int -}}
{{- $_ := set $out "host" $host -}}
{{- $_ := set $out "url" ($sentinel | ternary (printf "redis+sentinel://%s:%d/%s" $host $port (dig "sentinel" "masterSet" "mymaster" $values)) (printf "redis://%s:%d" $host $port)) -}}
{{- $_ := set $out "key" (empty $auth.existingSecret | ternary "redis-password" ($auth.existingSecretPasswordKey | default "redis-password")) -}}
{{- $_ := set $out "port" 6379 -}}
{{- if eq (toString $auth.enabled) "false" -}}
{{- $_ := set $out "secret" "" -}}
{{- end -}}
{{- end -}}
{{- if $out.explicit -}}
{{- $_ := set $out "url" $url -}}
{{- end -}}
{{- $here := printf "^[^@]*://([^@]*@)?%s(\\.%s(\\.svc(\\.%s\\.?)?)?)?([,:/?]|$)" $out.host $.Release.Namespace (regexQuoteMeta $.Values.clusterDomain) -}}
{{- $_ := set $out "bundled" (and $out.enabled (or (not $out.explicit) (regexMatch $here $url))) -}}
{{- toJson $out -}}
{{- end -}}

{{/* The name that a sub-chart gives its objects: (list $ "redis"). */}}
{{- define "llmtrace.bundledName" -}}
{{- $ := index . 0 -}}
{{- $chart := index . 1 -}}
{{- $values := get $.Values $chart -}}
{{- if $values.fullnameOverride -}}
{{- $values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- $name := $values.nameOverride | default $chart -}}
{{- contains $name $.Release.Name | ternary $.Release.Name (printf "%s-%s" $.Release.Name $name) | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* The environment of a store's password, where it has one: (list $ "redis"). */}}
{{- define "llmtrace.passwordEnv" -}}
{{- $ := index . 0 -}}
{{- $store := index . 1 -}}
{{- $known := include "llmtrace.store" . | fromJson -}}
{{- $variable := printf "LLMTRACE_%s_PASSWORD" (upper $store) -}}
{{- $url := $known.url -}}
{{- $hasPassword := regexMatch "://[^@/]*:.+@" $url -}}
{{- if get $.Values.secrets (printf "%sPassword" $store) -}}
- name: {{ $variable }}
  valueFrom: {secretKeyRef: {name: {{ include "llmtrace.secretName" $ }}, key: {{ $variable }}}}
{{- else if and $known.enabled $known.secret (or $.Values.secrets.existingSecret (and $known.bundled (not (and $known.explicit $hasPassword)))) -}}
- name: {{ $variable }}
  valueFrom: {secretKeyRef: {name: {{ $known.secret }}, key: {{ $known.key }}}}
{{- else if and $.Values.secrets.existingSecret (not $known.enabled) -}}
- name: {{ $variable }}
  valueFrom: {secretKeyRef: {name: {{ include "llmtrace.secretName" $ }}, key: {{ $variable }}, optional: true}}
{{- end -}}
{{- end -}}

{{/* What the Secret of an earlier install holds under a key, or nothing: (list $ "LLMTRACE_ADMIN_KEY"). */}}
{{- define "llmtrace.kept" -}}
{{- $ := index . 0 -}}
{{- if $.Values.secrets.create -}}
{{- $kept := (lookup "v1" "Secret" $.Release.Namespace (include "llmtrace.fullname" $) | default dict).data | default dict -}}
{{- get $kept (index . 1) | b64dec -}}
{{- end -}}
{{- end -}}

{{/* "yes" where the administrator's key is named beside `secrets`: by the configuration, or as a variable of one's own. */}}
{{- define "llmtrace.namesAdminKey" -}}
{{- $named := get ((.Values.config | default dict).auth | default dict) "admin_key" -}}
{{- range .Values.proxy.extraEnv -}}{{- if eq .name "LLMTRACE_AUTH__ADMIN_KEY" -}}{{- $named = .name -}}{{- end -}}{{- end -}}
{{- if $named -}}yes{{- end -}}
{{- end -}}

{{/*
The administrator's key in our Secret: the one given, the one kept, or one that is made where keys are asked for. It is made once in
a rendering: the Secret holds it, and pods are replaced when its checksum changes.
*/}}
{{- define "llmtrace.adminKey" -}}
{{- $secrets := .Values.secrets -}}
{{- $key := $secrets.adminKey | default (include "llmtrace.kept" (list . "LLMTRACE_ADMIN_KEY")) -}}
{{- if and (not $key) $secrets.create (include "llmtrace.asksForKeys" .) (not (include "llmtrace.namesAdminKey" .)) -}}
{{- if not (hasKey $secrets "madeAdminKey") -}}
{{- $_ := set $secrets "madeAdminKey" (printf "llmt_%s" (randAlphaNum 43)) -}}
{{- end -}}
{{- $key = $secrets.madeAdminKey -}}
{{- end -}}
{{- $key -}}
{{- end -}}

{{/* What the Secret holds, as JSON of plain texts. Keys that an earlier install gave are kept where no value replaces them. */}}
{{- define "llmtrace.secretData" -}}
{{- $secrets := .Values.secrets -}}
{{- $data := dict -}}
{{- range $store := include "llmtrace.servers" . | fromJsonArray -}}
{{- $known := include "llmtrace.store" (list $ $store) | fromJson -}}
{{- $_ := set $data (printf "LLMTRACE_%s_URL" (upper $store)) $known.url -}}
{{- if eq $store "clickhouse" -}}
{{- $_ := set $data "LLMTRACE_CLICKHOUSE_DATABASE" $secrets.clickhouseDatabase -}}
{{- end -}}
{{- with get $secrets (printf "%sPassword" $store) -}}
{{- $_ := set $data (printf "LLMTRACE_%s_PASSWORD" (upper $store)) . -}}
{{- end -}}
{{- end -}}
{{- with $secrets.masterKey | default (include "llmtrace.kept" (list . "LLMTRACE_SECRETS__MASTER_KEY")) -}}
{{- $_ := set $data "LLMTRACE_SECRETS__MASTER_KEY" . -}}
{{- end -}}
{{- with include "llmtrace.adminKey" . -}}
{{- $_ := set $data "LLMTRACE_ADMIN_KEY" . -}}
{{- end -}}
{{- toJson $data -}}
{{- end -}}

{{/* The environment of the proxy. What extraEnv names is said once, there: Kubernetes refuses a name that comes twice. */}}
{{- define "llmtrace.env" -}}
{{- $out := list -}}
{{- $own := list -}}
{{- range .Values.proxy.extraEnv -}}{{- $own = append $own .name -}}{{- end -}}
{{- range include "llmtrace.chartEnv" . | fromYamlArray -}}
{{- if not (has .name $own) -}}{{- $out = append $out . -}}{{- end -}}
{{- end -}}
{{- toYaml (concat $out .Values.proxy.extraEnv) -}}
{{- end -}}

{{/* What the chart itself sets: never a secret, always where it is. */}}
{{- define "llmtrace.chartEnv" -}}
{{- $name := include "llmtrace.secretName" . -}}
{{- $existing := .Values.secrets.existingSecret -}}
- name: LLMTRACE_CONFIG
  value: /etc/llmtrace/llmtrace.yaml
{{- range $store := include "llmtrace.servers" . | fromJsonArray }}
- name: LLMTRACE_{{ upper $store }}_URL
  valueFrom: {secretKeyRef: {name: {{ $name }}, key: LLMTRACE_{{ upper $store }}_URL}}
{{- if eq $store "clickhouse" }}
- name: LLMTRACE_CLICKHOUSE_DATABASE
  valueFrom: {secretKeyRef: {name: {{ $name }}, key: LLMTRACE_CLICKHOUSE_DATABASE}}
{{- end }}
{{- with include "llmtrace.passwordEnv" (list $ $store) }}
{{ . }}
{{- end }}
{{- end }}
{{- $held := include "llmtrace.secretData" . | fromJson }}
{{- if or $existing (hasKey $held "LLMTRACE_SECRETS__MASTER_KEY") }}
- name: LLMTRACE_SECRETS__MASTER_KEY
  valueFrom: {secretKeyRef: {name: {{ $name }}, key: LLMTRACE_SECRETS__MASTER_KEY{{ if $existing }}, optional: true{{ end }}}}
{{- end }}
{{- /* A variable wins over the configuration, so there is none where that names the key. */}}
{{- if and (or $existing (hasKey $held "LLMTRACE_ADMIN_KEY")) (not (include "llmtrace.namesAdminKey" .)) }}
- name: LLMTRACE_AUTH__ADMIN_KEY
  valueFrom: {secretKeyRef: {name: {{ $name }}, key: LLMTRACE_ADMIN_KEY{{ if $existing }}, optional: true{{ end }}}}
{{- end }}
{{- end -}}

{{/* The ports of the servers that a URL names, as a JSON list. */}}
{{- define "llmtrace.portsOf" -}}
{{- $scheme := regexFind "^[a-z+]+" . -}}
{{- $usual := get (dict "http" 80 "https" 443 "postgres" 5432 "postgresql" 5432 "redis" 6379 "rediss" 6379 "redis+cluster" 6379 "rediss+cluster" 6379 "redis+sentinel" 26379 "rediss+sentinel" 26379) $scheme | default 443 -}}
{{- $place := regexReplaceAll "^.*@" (regexReplaceAll "^[a-z+]+://" . "") "" | splitList "/" | first | splitList "?" | first -}}
{{- $ports := list -}}
{{- range splitList "," $place -}}
{{- $port := regexFind ":[0-9]+$" . | trimPrefix ":" -}}
{{- $ports = append $ports ($port | default (toString $usual) | int) -}}
{{- end -}}
{{- $ports | uniq | toJson -}}
{{- end -}}
