{{/*
What the schema cannot say: values that do not go together. Each sentence names the value, what was found and the way out.
None repeats a secret.
*/}}
{{- define "llmtrace.checks" -}}
{{- include "llmtrace.checkImage" . -}}
{{- include "llmtrace.checkConfig" . -}}
{{- include "llmtrace.checkSecrets" . -}}
{{- include "llmtrace.checkKeys" . -}}
{{- include "llmtrace.checkStores" . -}}
{{- include "llmtrace.checkReplicas" . -}}
{{- include "llmtrace.checkVolume" . -}}
{{- include "llmtrace.checkNetwork" . -}}
{{- end -}}

{{- define "llmtrace.checkImage" -}}
{{- $image := .Values.proxy.image -}}
{{- if not (kindIs "string" $image.tag) -}}
{{- fail (printf "proxy.image.tag is the number %v, and numbers lose their zeros: write it in quotes, or use --set-string proxy.image.tag=%v" $image.tag $image.tag) -}}
{{- end -}}
{{- $last := splitList "/" $image.repository | last -}}
{{- if and (contains ":" $last) (not (contains "@" $last)) -}}
{{- fail (printf "proxy.image.repository is %s, which ends in a tag: put what stands behind the last colon into proxy.image.tag" $image.repository) -}}
{{- end -}}
{{- if not (regexMatch "^[A-Za-z0-9._-]+(:[0-9]+)?(/[a-z0-9._-]+)*(@sha256:[0-9a-f]{64})?$" $image.repository) -}}
{{- fail (printf "proxy.image.repository is %q, expected a name such as llmtrace-proxy or registry:5000/team/llmtrace-proxy, without https:// in front" $image.repository) -}}
{{- end -}}
{{- if and (contains "@" $image.repository) (or $image.digest $image.tag) -}}
{{- fail "proxy.image.repository holds a digest, and proxy.image.tag or proxy.image.digest is set, too: name one of them" -}}
{{- end -}}
{{- end -}}

{{/* `config` is put into a ConfigMap: no secret may be in it, and nothing the chart itself answers for. */}}
{{- define "llmtrace.checkConfig" -}}
{{- $config := .Values.config | default dict -}}
{{- range $store := list "clickhouse" "postgres" "redis" -}}
{{- $section := get $config $store | default dict -}}
{{- if not (kindIs "map" $section) -}}
{{- fail (printf "config.%s is no section: expected keys with values, see docs/reference/config.md" $store) -}}
{{- end -}}
{{- range $key := list "url" "password" -}}
{{- with get $section $key -}}
{{- if not (regexMatch "^(env|file):" (toString .)) -}}
{{- fail (printf "config.%s.%s would be put into a ConfigMap, where everybody can read it: set secrets.%s%s" $store $key $store (title $key)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if hasKey (get $config "clickhouse" | default dict) "database" -}}
{{- fail "config.clickhouse.database has no effect, since the Secret names the database: set secrets.clickhouseDatabase" -}}
{{- end -}}
{{- with dig "secrets" "master_key" "" $config -}}
{{- if not (regexMatch "^(env|file):" (toString .)) -}}
{{- fail "config.secrets.master_key would be put into a ConfigMap, where everybody can read it: set secrets.masterKey" -}}
{{- end -}}
{{- end -}}
{{- range $n, $key := dig "secrets" "previous_master_keys" list $config -}}
{{- if not (regexMatch "^(env|file):" (toString $key)) -}}
{{- fail (printf "config.secrets.previous_master_keys[%d] would be put into a ConfigMap: put it into a Secret, name that in proxy.extraEnv, and write env:NAME here" $n) -}}
{{- end -}}
{{- end -}}
{{- range $key := list "http" "https" -}}
{{- with dig "proxy" $key "" $config -}}
{{- if contains "@" (toString .) -}}
{{- fail (printf "config.proxy.%s holds credentials and would be put into a ConfigMap: put the URL into a Secret, name that in proxy.extraEnv, and write env:NAME here" $key) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- range $n, $upstream := get $config "upstreams" | default list -}}
{{- range $key, $value := dig "aws" dict $upstream -}}
{{- if and (has $key (list "secret_access_key" "session_token")) $value (not (regexMatch "^(env|file):" (toString $value))) -}}
{{- fail (printf "config.upstreams[%d].aws.%s would be put into a ConfigMap: put it into a Secret, name that in proxy.extraEnv, and write env:NAME here" $n $key) -}}
{{- end -}}
{{- end -}}
{{- if regexMatch "^[a-z]+://[^/?]*@" (dig "url" "" $upstream | toString) -}}
{{- fail (printf "config.upstreams[%d].url holds credentials and would be put into a ConfigMap: clients send their own, or see its key credential" $n) -}}
{{- end -}}
{{- if contains "@" (dig "proxy" "" $upstream | toString) -}}
{{- fail (printf "config.upstreams[%d].proxy holds credentials and would be put into a ConfigMap: put the URL into a Secret, name that in proxy.extraEnv, and write env:NAME here" $n) -}}
{{- end -}}
{{- end -}}
{{- with get $config "listen_addr" -}}
{{- if not (hasSuffix (printf ":%s" (include "llmtrace.port" $)) .) -}}
{{- fail (printf "config.listen_addr is %s, and Service and probes ask port %s: leave the port as it is, and set service.port for another one outside" . (include "llmtrace.port" $)) -}}
{{- end -}}
{{- end -}}
{{- range $value, $url := dict "proxy.upstreamUrl" .Values.proxy.upstreamUrl "config.upstream_url" (get $config "upstream_url") -}}
{{- if regexMatch "^[a-z]+://[^/?]*@" ($url | default "") -}}
{{- fail (printf "%s holds credentials and would be put into a ConfigMap: clients send their own, or see config.upstreams" $value) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "llmtrace.checkSecrets" -}}
{{- $secrets := .Values.secrets -}}
{{- if and $secrets.create $secrets.existingSecret -}}
{{- fail (printf "secrets.existingSecret is %s while secrets.create is true: set secrets.create=false to use it, or leave secrets.existingSecret empty" $secrets.existingSecret) -}}
{{- end -}}
{{- if and (not $secrets.create) (not $secrets.existingSecret) (include "llmtrace.servers" . | fromJsonArray) -}}
{{- fail (printf "secrets.create is false and secrets.existingSecret is empty, so nothing says where the stores of storage profile %s are: name the Secret with the keys LLMTRACE_CLICKHOUSE_URL, LLMTRACE_CLICKHOUSE_DATABASE, LLMTRACE_POSTGRES_URL and LLMTRACE_REDIS_URL, or set secrets.create=true" .Values.proxy.storageProfile) -}}
{{- end -}}
{{- with $secrets.masterKey -}}
{{- if not (or (regexMatch "^[0-9a-fA-F]{64}$" .) (regexMatch "^[A-Za-z0-9+/]{43}=$" .)) -}}
{{- fail "secrets.masterKey is neither 32 bytes in hex (64 digits) nor in base64 (44 characters): make one with `openssl rand -hex 32`" -}}
{{- end -}}
{{- end -}}
{{- if not $secrets.create -}}
{{- range $key := list "clickhousePassword" "postgresPassword" "redisPassword" "masterKey" "adminKey" -}}
{{- if get $secrets $key -}}
{{- fail (printf "secrets.%s is set while secrets.create is false, so it would go nowhere: put it into the Secret %s, or set secrets.create=true" $key $secrets.existingSecret) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Nothing is open by accident, and the administrator's key is one, and in one place. */}}
{{- define "llmtrace.checkKeys" -}}
{{- $secrets := .Values.secrets -}}
{{- $auth := get (.Values.config | default dict) "auth" | default dict -}}
{{- if and (eq (get $auth "mode" | default "") "open") (not (get $auth "allow_open")) -}}
{{- fail "config.auth.mode is open and config.auth.allow_open is not true, and whoever reaches a pod could read and change everything: set config.auth.mode=required, or config.auth.allow_open=true if that is meant" -}}
{{- end -}}
{{- with get $auth "admin_key" -}}
{{- if not (regexMatch "^(env|file):" (toString .)) -}}
{{- fail "config.auth.admin_key would be put into a ConfigMap, where everybody can read it: set secrets.adminKey" -}}
{{- end -}}
{{- if $secrets.adminKey -}}
{{- fail "secrets.adminKey and config.auth.admin_key are both set, and one of them would have no effect: name one" -}}
{{- end -}}
{{- end -}}
{{- $form := "llmt_ and 43 of A-Z a-z 0-9 - _, as `echo \"llmt_$(openssl rand -base64 32 | tr '+/' '-_' | tr -d =)\"` makes one" -}}
{{- with include "llmtrace.adminKey" . -}}
{{- if not (regexMatch "^llmt_[A-Za-z0-9_-]{43}$" .) -}}
{{- if $secrets.adminKey -}}
{{- fail (printf "secrets.adminKey has not the form of a key, which is %s; or leave it empty, and one is made where keys are asked for" $form) -}}
{{- end -}}
{{- fail (printf "the Secret %s holds an LLMTRACE_ADMIN_KEY that has not the form of a key: set secrets.adminKey to %s" (include "llmtrace.fullname" $) $form) -}}
{{- end -}}
{{- end -}}
{{- if and (include "llmtrace.asksForKeys" .) (not $secrets.create) (not $secrets.existingSecret) (not (include "llmtrace.namesAdminKey" .)) -}}
{{- fail "keys are asked for (config.auth), secrets.create is false and secrets.existingSecret is empty, so nobody could read the administrator's key: set secrets.create=true, or name a Secret with the key LLMTRACE_ADMIN_KEY" -}}
{{- end -}}
{{- end -}}

{{- define "llmtrace.checkStores" -}}
{{- $examples := dict "clickhouse" "http://USER@HOST:8123" "postgres" "postgres://USER@HOST:5432/DATABASE" "redis" "redis://HOST:6379" -}}
{{- $schemes := dict "clickhouse" "^https?://" "postgres" "^postgres(ql)?://" "redis" "^rediss?(\\+(cluster|sentinel))?://" -}}
{{- range $store := include "llmtrace.servers" . | fromJsonArray -}}
{{- $known := include "llmtrace.store" (list $ $store) | fromJson -}}
{{- if $.Values.secrets.create -}}
{{- if and (not $known.enabled) (not $known.explicit) -}}
{{- fail (printf "%s.enabled is false and secrets.%sUrl is not set, so there is no such store: set secrets.%sUrl to one such as %s, or %s.enabled=true" $known.chart $store $store (get $examples $store) $known.chart) -}}
{{- end -}}
{{- if not (regexMatch (get $schemes $store) $known.url) -}}
{{- fail (printf "secrets.%sUrl is not of the form %s" $store (get $examples $store)) -}}
{{- end -}}
{{- end -}}
{{- if $known.enabled -}}
{{- $name := include "llmtrace.bundledName" (list $ $known.chart) -}}
{{- $most := eq $store "postgres" | ternary 52 45 -}}
{{- if gt (len $name) $most -}}
{{- fail (printf "the release name %s makes the bundled store %s, and Kubernetes has no room for its pods' names beyond %d characters: use a release name of at most 34 characters, or set %s.fullnameOverride" $.Release.Name $name $most $known.chart) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "llmtrace.checkReplicas" -}}
{{- $config := include "llmtrace.config" . | fromYaml -}}
{{- $most := include "llmtrace.mostReplicas" . | int -}}
{{- $scaling := .Values.autoscaling -}}
{{- $asked := $scaling.enabled | ternary "autoscaling.enabled is true" (printf "proxy.replicaCount is %d" $most) -}}
{{- $one := $scaling.enabled | ternary "autoscaling.enabled=false" "proxy.replicaCount=1" -}}
{{- if or $scaling.enabled (gt $most 1) -}}
{{- range $key := list "spans" "meta" "counters" -}}
{{- $store := include "llmtrace.storeOf" (list $config $key) -}}
{{- if not (has $store (list "clickhouse:" "postgres:" "redis:")) -}}
{{- if eq $config.storage.profile "production" -}}
{{- fail (printf "%s while config.storage.%s is %s, which one instance has to itself: set %s, or leave config.storage.%s out" $asked $key (regexFind "^[a-z]+:" $store) $one $key) -}}
{{- else -}}
{{- fail (printf "%s with proxy.storageProfile %s, whose store one instance has to itself: set %s, or proxy.storageProfile=production" $asked $config.storage.profile $one) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and (eq .Values.persistence.type "claim") (not (has "ReadWriteMany" .Values.persistence.accessModes)) -}}
{{- fail (printf "%s with persistence.type claim, and the claim can be mounted on one node only: set persistence.accessModes={ReadWriteMany}, persistence.type to emptyDir or ephemeral, or %s" $asked $one) -}}
{{- end -}}
{{- end -}}
{{- if $scaling.enabled -}}
{{- if gt (int $scaling.minReplicas) (int $scaling.maxReplicas) -}}
{{- fail (printf "autoscaling.minReplicas is %d, more than autoscaling.maxReplicas, which is %d" (int $scaling.minReplicas) (int $scaling.maxReplicas)) -}}
{{- end -}}
{{- $measured := or $scaling.metrics $scaling.targetInFlightRequests -}}
{{- range $resource, $target := dict "cpu" $scaling.targetCPUUtilizationPercentage "memory" $scaling.targetMemoryUtilizationPercentage -}}
{{- if $target -}}
{{- $measured = true -}}
{{- if not (dig "requests" $resource "" $.Values.proxy.resources) -}}
{{- fail (printf "autoscaling has a target for %s, a share of proxy.resources.requests.%s, which is not set: set it, or the target to null" $resource $resource) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if not $measured -}}
{{- fail "autoscaling.enabled is true and nothing is measured: set autoscaling.targetCPUUtilizationPercentage" -}}
{{- end -}}
{{- end -}}
{{- if and .Values.podDisruptionBudget.enabled (kindIs "invalid" .Values.podDisruptionBudget.minAvailable) (kindIs "invalid" .Values.podDisruptionBudget.maxUnavailable) -}}
{{- fail "podDisruptionBudget.enabled is true and neither minAvailable nor maxUnavailable is set: set podDisruptionBudget.maxUnavailable=1" -}}
{{- end -}}
{{- with .Values.proxy.terminationGracePeriodSeconds -}}
{{- $needed := include "llmtrace.gracePeriod" $ | int -}}
{{- if lt (int .) $needed -}}
{{- fail (printf "proxy.terminationGracePeriodSeconds is %d, and a pod may need %d to end (config.shutdown.delay_seconds + timeout_seconds + 15): raise it, or lower config.shutdown.timeout_seconds" (int .) $needed) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "llmtrace.checkVolume" -}}
{{- if and .Values.migrations.job.enabled (not (include "llmtrace.servers" . | fromJsonArray)) -}}
{{- fail (printf "migrations.job.enabled is true with proxy.storageProfile %s, whose store no other pod can reach: leave it false" .Values.proxy.storageProfile) -}}
{{- end -}}
{{- $config := include "llmtrace.config" . | fromYaml -}}
{{- $volume := .Values.persistence -}}
{{- $journal := dig "journal" "max_bytes" "1GiB" $config -}}
{{- $needed := mulf (include "llmtrace.bytes" $journal | float64) 1.25 -}}
{{- $onDisk := and (ne (dig "journal" "mode" "" $config | toString) "memory") (ne $config.storage.profile "memory") -}}
{{- if and $onDisk (not $volume.existingClaim) (le (include "llmtrace.bytes" $volume.size | float64) $needed) -}}
{{- fail (printf "persistence.size is %s, too small for a journal of config.journal.max_bytes %v and the quarter that damaged records may take: set persistence.size to more than %dMi, or lower config.journal.max_bytes" $volume.size $journal (div (int64 $needed) 1048576)) -}}
{{- end -}}
{{- if and $volume.existingClaim (ne $volume.type "claim") -}}
{{- fail (printf "persistence.existingClaim is %s while persistence.type is %s: set persistence.type=claim" $volume.existingClaim $volume.type) -}}
{{- end -}}
{{- $path := dig "journal" "path" "" $config -}}
{{- if and $path (not (hasPrefix (printf "%s/" $config.storage.path) $path)) (not .Values.proxy.extraVolumeMounts) -}}
{{- fail (printf "config.journal.path is %s, outside the volume at %s, and the rest of the file system is read-only: leave it out, or mount a volume there with proxy.extraVolumes and proxy.extraVolumeMounts" $path $config.storage.path) -}}
{{- end -}}
{{- end -}}

{{- define "llmtrace.checkNetwork" -}}
{{- if .Values.ingress.enabled -}}
{{- if not .Values.ingress.hosts -}}
{{- fail "ingress.enabled is true and ingress.hosts is empty, so nothing would be routed: name a host, as in --set ingress.hosts[0].host=llmtrace.example.com" -}}
{{- end -}}
{{- range $n, $tls := .Values.ingress.tls -}}
{{- range $name := $tls.hosts | default list -}}
{{- $known := false -}}
{{- range $.Values.ingress.hosts -}}
{{- if eq (.host | default "") $name -}}{{- $known = true -}}{{- end -}}
{{- end -}}
{{- if not $known -}}
{{- fail (printf "ingress.tls[%d] names the host %s, which is not in ingress.hosts: add it there, or correct it" $n $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- range $key := list "type" "selector" "ports" -}}
{{- if hasKey $.Values.service.spec $key -}}
{{- fail (printf "service.spec.%s is what the chart sets itself: see service.type, service.port and service.extraPorts" $key) -}}
{{- end -}}
{{- end -}}
{{- range $value, $labels := dict "commonLabels" .Values.commonLabels "proxy.podLabels" .Values.proxy.podLabels -}}
{{- range $label := list "app.kubernetes.io/name" "app.kubernetes.io/instance" "app.kubernetes.io/part-of" -}}
{{- if hasKey $labels $label -}}
{{- fail (printf "%s holds %s, by which the Service finds its pods: see nameOverride, or use another label" $value $label) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and .Values.proxy.grpc.enabled (eq (int .Values.service.port) (int .Values.service.grpcPort)) -}}
{{- fail (printf "service.port and service.grpcPort are both %d: give them different ports" (int .Values.service.port)) -}}
{{- end -}}
{{- if and .Values.proxy.grpc.enabled (eq (toString .Values.proxy.grpc.port) (include "llmtrace.port" .)) -}}
{{- fail (printf "proxy.grpc.port is %d, the port of HTTP: take another one" (int .Values.proxy.grpc.port)) -}}
{{- end -}}
{{- end -}}
