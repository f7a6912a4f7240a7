"""What the chart's objects are, beyond the documented values: passwords, volumes, probes, the network, what watches it."""

import json
import re

import pytest
import yaml
from chart import ROOT, check_config, sample_key
from kube.admission import check_names

STORE_KEYS = {"CLICKHOUSE": ("llmtrace-clickhouse", "admin-password"), "POSTGRES": ("llmtrace-postgresql", "password"), "REDIS": ("llmtrace-redis", "redis-password")}


# Passwords


def test_passwords_come_from_the_stores_own_secrets(helm):
    env = helm.template().env
    for store, (name, key) in STORE_KEYS.items():
        assert env[f"LLMTRACE_{store}_PASSWORD"] == {"secretKeyRef": {"name": name, "key": key}}


def test_the_password_of_postgresql_alone_is_enough(helm):
    objects = helm.template("--set", "postgresql.auth.password=X")
    assert objects.value_of("LLMTRACE_POSTGRES_PASSWORD") == "X"
    assert "X" not in objects.value_of("LLMTRACE_POSTGRES_URL")


def test_an_explicit_url_wins(helm):
    url = "postgres://llmtrace:mine@llmtrace-postgresql:5432/llmtrace"
    objects = helm.template("--set", f"secrets.postgresUrl={url}")
    assert objects.value_of("LLMTRACE_POSTGRES_URL") == url
    # Else the store's own password would be put in place of the URL's.
    assert "LLMTRACE_POSTGRES_PASSWORD" not in objects.env


@pytest.mark.parametrize(
    "host",
    [
        "elsewhere.example.com",
        "llmtrace-clickhouse.other.svc",
        "my-llmtrace-clickhouse",
        "llmtrace-clickhouse.llmtrace.example.com",
        "llmtrace-clickhouse.llmtrace.svc.other-cluster.example.com",
        "llmtrace-clickhouse.llmtrace.svc.cluster.local.example.com",
        "llmtrace-clickhouse.llmtrace.svc.clusterxlocal",
    ],
)
def test_a_bundled_stores_password_goes_to_no_other_server(helm, host):
    objects = helm.template("--set", f"secrets.clickhouseUrl=http://{host}:8124,networkPolicy.enabled=true")
    assert "LLMTRACE_CLICKHOUSE_PASSWORD" not in objects.env
    # Nor does the policy take it for the bundled store, whose pods alone it would let the proxy reach.
    rules = objects.one("NetworkPolicy")["spec"]["egress"]
    assert 8124 in [port["port"] for rule in rules if "to" not in rule for port in rule["ports"]]


@pytest.mark.parametrize("end", ["", ".llmtrace", ".llmtrace.svc", ".llmtrace.svc.cluster.local", ".llmtrace.svc.cluster.local."])
def test_the_bundled_store_has_several_names(helm, end):
    env = helm.template("--set", f"secrets.clickhouseUrl=http://llmtrace-clickhouse{end}:8123/?x=1").env
    assert env["LLMTRACE_CLICKHOUSE_PASSWORD"]["secretKeyRef"]["name"] == "llmtrace-clickhouse"


def test_a_cluster_with_a_domain_of_its_own(helm):
    url = "http://llmtrace-clickhouse.llmtrace.svc.{}:8123"
    known = lambda domain: "LLMTRACE_CLICKHOUSE_PASSWORD" in helm.template("--set", f"clusterDomain=k8s.corp,secrets.clickhouseUrl={url.format(domain)}").env
    assert known("k8s.corp") and not known("cluster.local")
    assert "llmtrace.llmtrace.svc.k8s.corp" in helm.template("--set", "clusterDomain=k8s.corp").config["allowed_hosts"]


def test_an_explicit_url_of_the_bundled_store_needs_no_password(helm):
    objects = helm.template("--set", "secrets.redisUrl=redis://llmtrace-redis-master:6379/3")
    assert objects.env["LLMTRACE_REDIS_PASSWORD"]["secretKeyRef"]["name"] == "llmtrace-redis"


def test_secrets_of_the_sub_charts_may_exist_already(helm):
    values = {
        "clickhouse": {"auth": {"existingSecret": "ch", "existingSecretKey": "pw"}},
        "postgresql": {"auth": {"existingSecret": "pg", "secretKeys": {"userPasswordKey": "user"}}},
        "redis": {"auth": {"existingSecret": "rd", "existingSecretPasswordKey": "rpw"}},
    }
    env = helm.template(values=values).env
    refs = {store: env[f"LLMTRACE_{store}_PASSWORD"]["secretKeyRef"] for store in STORE_KEYS}
    assert {(ref["name"], ref["key"]) for ref in refs.values()} == {("ch", "pw"), ("pg", "user"), ("rd", "rpw")}


def test_a_redis_without_a_password(helm):
    assert "LLMTRACE_REDIS_PASSWORD" not in helm.template("--set", "redis.auth.enabled=false").env


def test_a_redis_with_sentinels(helm, tmp_path):
    objects = helm.template("--set", "redis.sentinel.enabled=true,redis.architecture=replication")
    assert objects.value_of("LLMTRACE_REDIS_URL") == "redis+sentinel://llmtrace-redis:26379/mymaster"
    assert check_config(objects, tmp_path).returncode == 0


def test_a_postgresql_with_another_user(helm):
    objects = helm.template("--set", "postgresql.auth.username=postgres,postgresql.auth.database=traces")
    assert objects.value_of("LLMTRACE_POSTGRES_URL") == "postgres://postgres@llmtrace-postgresql:5432/traces"
    assert objects.env["LLMTRACE_POSTGRES_PASSWORD"]["secretKeyRef"]["key"] == "postgres-password"


def test_an_existing_secret_with_bundled_stores_needs_no_passwords(helm):
    env = helm.template("--set", "secrets.create=false,secrets.existingSecret=mine").env
    assert env["LLMTRACE_POSTGRES_PASSWORD"]["secretKeyRef"]["name"] == "llmtrace-postgresql"
    assert env["LLMTRACE_POSTGRES_URL"]["secretKeyRef"]["name"] == "mine"


def test_a_variable_of_ones_own_comes_once(helm):
    """Here a password that an agent puts into a file: server-side apply refuses a name that comes twice."""
    values = {
        "secrets": {"create": False, "existingSecret": "mine"},
        "proxy": {"extraEnv": [{"name": "LLMTRACE_POSTGRES_PASSWORD", "value": "file:/vault/secrets/postgres"}]},
    }
    variables = [each for each in helm.template(values=values).proxy["env"] if each["name"] == "LLMTRACE_POSTGRES_PASSWORD"]
    assert variables == [{"name": "LLMTRACE_POSTGRES_PASSWORD", "value": "file:/vault/secrets/postgres"}]


def test_no_master_key_is_invented(helm):
    objects = helm.template()
    assert "LLMTRACE_SECRETS__MASTER_KEY" not in objects.env and len(objects.secret()) == 4


def test_rendering_twice_gives_the_same(helm):
    """Nothing of ours is random but an administrator's key that nobody gave: a tool that renders at every sync changes nothing."""
    args = [*helm.file("production"), "--set", f"secrets.adminKey={sample_key('given')}"]
    one, two = helm.template(*args), helm.template(*args)
    for kind in ("Secret", "ConfigMap", "Deployment", "Service", "Ingress"):
        assert one.one(kind, "llmtrace-config" if kind == "ConfigMap" else "llmtrace") == two.one(kind, "llmtrace-config" if kind == "ConfigMap" else "llmtrace")


def test_lite_and_memory_know_no_stores(helm):
    for profile in ("lite", "memory"):
        objects = helm.template("--set", f"proxy.storageProfile={profile}")
        assert set(objects.env) == {"LLMTRACE_CONFIG"}


# The pods


def test_a_changed_setting_replaces_the_pods(helm):
    marks = lambda *args: helm.template(*args).one("Deployment")["spec"]["template"]["metadata"]["annotations"]
    before = marks()
    assert marks("--set", "proxy.timeoutMs=1")["checksum/config"] != before["checksum/config"]
    assert marks("--set", "secrets.clickhouseDatabase=x")["checksum/secret"] != before["checksum/secret"]


def test_start_ready_and_alive_are_different_questions(helm):
    proxy = helm.template().proxy
    asked = {name: proxy[f"{name}Probe"]["httpGet"]["path"] for name in ("startup", "readiness", "liveness")}
    # None is /health, which says whether stores are there: they have no part in it.
    assert asked == {"startup": "/livez", "readiness": "/readyz", "liveness": "/livez"}
    # Servers that take connections and never answer hold a start up for some seconds each.
    assert proxy["startupProbe"]["periodSeconds"] * proxy["startupProbe"]["failureThreshold"] >= 60


def test_tls_of_the_listener_reaches_the_probes(helm):
    tls = {"tls": {"cert": "/etc/tls/tls.crt", "key": "/etc/tls/tls.key"}}
    objects = helm.template(values={"config": tls, "metrics": {"serviceMonitor": {"enabled": True}}})
    assert objects.proxy["readinessProbe"]["httpGet"]["scheme"] == "HTTPS"
    assert objects.one("Service")["spec"]["ports"][0]["name"] == "https"
    assert objects.one("ServiceMonitor")["spec"]["endpoints"][0]["scheme"] == "https"


def test_a_pod_has_time_to_end(helm):
    objects = helm.template("--set", "config.shutdown.timeout_seconds=60")
    shutdown = objects.config["shutdown"]
    needed = shutdown.get("delay_seconds", 0) + shutdown["timeout_seconds"] + 5
    assert objects.pod["terminationGracePeriodSeconds"] > needed


def test_pods_are_replaced_without_a_gap(helm):
    strategy = helm.template().one("Deployment")["spec"]["strategy"]
    assert strategy == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    # Two pods cannot have one volume, nor one database.
    assert helm.template(*helm.file("lite")).one("Deployment")["spec"]["strategy"] == {"type": "Recreate"}


@pytest.mark.parametrize("name", ["default", "production"])
def test_the_volume_is_larger_than_the_journal(helm, name):
    objects = helm.template(*(helm.file(name) if name != "default" else []))
    (data,) = [volume for volume in objects.pod["volumes"] if volume["name"] == "data"]
    size = int(data["emptyDir"]["sizeLimit"].removesuffix("Gi"))
    journal = int(objects.config.get("journal", {}).get("max_bytes", "1GiB").removesuffix("GiB"))
    assert size > journal * 1.25


def test_a_volume_for_each_pod(helm):
    objects = helm.template("--set", "persistence.type=ephemeral,persistence.storageClass=fast,proxy.replicaCount=3")
    (data,) = [volume for volume in objects.pod["volumes"] if volume["name"] == "data"]
    spec = data["ephemeral"]["volumeClaimTemplate"]["spec"]
    assert spec["storageClassName"] == "fast" and spec["resources"]["requests"]["storage"] == "2Gi"


def test_an_existing_claim(helm):
    objects = helm.template("--set", "persistence.type=claim,persistence.existingClaim=mine")
    assert not objects.all("PersistentVolumeClaim")
    assert {"claimName": "mine"} in [volume.get("persistentVolumeClaim") for volume in objects.pod["volumes"]]


def test_the_test_pod_gets_no_traffic(helm):
    objects = helm.template("--set", "migrations.job.enabled=true")
    selector = objects.one("Service")["spec"]["selector"]
    others = [item["metadata"]["labels"] for item in objects.all("Pod")]
    others += [job["spec"]["template"]["metadata"]["labels"] for job in objects.all("Job")]
    others += [each["spec"]["template"]["metadata"]["labels"] for each in objects.all("StatefulSet")]
    assert len(others) == 5
    assert not [labels for labels in others if selector.items() <= labels.items()]


# The network


def test_network_policy(helm):
    """In: HTTP and gRPC. Out: the stores, DNS and HTTPS."""
    assert not helm.template().has("NetworkPolicy")
    spec = helm.template("--set", "networkPolicy.enabled=true").one("NetworkPolicy")["spec"]
    assert [port["port"] for rule in spec["ingress"] for port in rule["ports"]] == [8080, 50051]
    assert "from" not in spec["ingress"][0]
    to = {rule["to"][0]["podSelector"]["matchLabels"]["app.kubernetes.io/name"]: rule["ports"][0]["port"] for rule in spec["egress"] if "to" in rule}
    assert to == {"clickhouse": 8123, "postgresql": 5432, "redis": 6379}
    everywhere = {(port["port"], port["protocol"]) for rule in spec["egress"] if "to" not in rule for port in rule["ports"]}
    assert everywhere == {(53, "UDP"), (53, "TCP"), (443, "TCP")}


def test_network_policy_lets_own_stores_and_upstreams_through(helm):
    values = {
        "networkPolicy": {"enabled": True, "extraEgress": [{"ports": [{"port": 4317}]}], "ingressFrom": [{"namespaceSelector": {}}]},
        "proxy": {"upstreamUrl": "http://vllm.models.svc:8000"},
        "clickhouse": {"enabled": False},
        "postgresql": {"enabled": False},
        "redis": {"enabled": False},
        "secrets": {
            "clickhouseUrl": "https://ch.example.com:8443",
            "postgresUrl": "postgres://u:p:9@w@db.example.com:6432/x",
            "redisUrl": "redis+cluster://a:7000,b:7001",
        },
        "config": {"upstreams": [{"name": "local", "url": "http://ollama:11434"}]},
    }
    spec = helm.template(values=values).one("NetworkPolicy")["spec"]
    ports = {port["port"] for rule in spec["egress"] for port in rule["ports"]}
    assert ports == {53, 443, 8000, 11434, 8443, 6432, 7000, 7001, 4317}
    assert spec["ingress"][0]["from"] == [{"namespaceSelector": {}}]
    del values["proxy"]
    values["config"]["upstream_url"] = "http://vllm.models.svc:8000"
    again = helm.template(values=values).one("NetworkPolicy")["spec"]
    assert {port["port"] for rule in again["egress"] for port in rule["ports"]} == ports


def test_api_and_dashboard_answer_under_the_services_name(helm):
    hosts = helm.template().config["allowed_hosts"]
    assert hosts == ["llmtrace", "llmtrace.llmtrace", "llmtrace.llmtrace.svc", "llmtrace.llmtrace.svc.cluster.local"]


def test_production_ingress_lets_streams_through(helm):
    objects = helm.template(*helm.file("production"))
    notes = objects.one("Ingress")["metadata"]["annotations"]
    assert notes["cert-manager.io/cluster-issuer"] == "letsencrypt-prod"
    assert notes["nginx.ingress.kubernetes.io/proxy-buffering"] == "off"
    assert int(notes["nginx.ingress.kubernetes.io/proxy-read-timeout"]) >= 600
    spec = objects.one("Ingress")["spec"]
    assert spec["ingressClassName"] == "nginx" and spec["tls"] == [{"secretName": "llmtrace-tls", "hosts": ["llmtrace.example.com"]}]
    assert spec["rules"][0]["host"] == "llmtrace.example.com"


def test_production_scales_and_spreads(helm):
    objects = helm.template(*helm.file("production"))
    scaler = objects.one("HorizontalPodAutoscaler")["spec"]
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (2, 20)
    assert scaler["behavior"]["scaleDown"]["stabilizationWindowSeconds"] == 300
    assert objects.one("PodDisruptionBudget")["spec"]["maxUnavailable"] == 1
    assert objects.pod["affinity"]["podAntiAffinity"] and objects.one("NetworkPolicy")
    values = yaml.safe_load((helm.chart / "values-production.yaml").read_text())
    assert values["proxy"]["replicaCount"] == 3


# What watches it


def test_pod_annotations_for_prometheus(helm):
    wanted = {"prometheus.io/scrape": "true", "prometheus.io/port": "8080", "prometheus.io/path": "/metrics"}
    notes = helm.template(values={"proxy": {"podAnnotations": wanted}}).one("Deployment")["spec"]["template"]["metadata"]["annotations"]
    assert wanted.items() <= notes.items()


def test_alerts_and_dashboards_name_metrics_that_exist(helm):
    objects = helm.template("--set", "metrics.prometheusRule.enabled=true,metrics.dashboards.enabled=true")
    rules = [rule["expr"] for group in objects.one("PrometheusRule")["spec"]["groups"] for rule in group["rules"]]
    board = json.loads(objects.one("ConfigMap", "llmtrace-dashboards")["data"]["llmtrace.json"])
    panels = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    assert len(rules) == 8 and len(panels) > 20
    page = (ROOT / "docs" / "reference" / "metrics.md").read_text()
    known = set(re.findall(r"`((?:llmtrace|process)_[a-z0-9_]+)`", page))
    for text in rules + panels:
        for name in re.findall(r"\b((?:llmtrace|process)_[a-z0-9_]+)\b", text):
            assert re.sub(r"_(bucket|sum|count)$", "", name) in known or name in known, text
        assert text.count("(") == text.count(")") and text.count("{") == text.count("}")


def test_the_service_monitor_finds_the_service(helm):
    objects = helm.template("--set", "metrics.serviceMonitor.enabled=true")
    monitor, service = objects.one("ServiceMonitor")["spec"], objects.one("Service")
    assert monitor["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert monitor["endpoints"][0]["port"] in [port["name"] for port in service["spec"]["ports"]]


# The bundled stores


def test_bundled_stores_are_sized_for_a_first_install(helm):
    values = yaml.safe_load((helm.chart / "values.yaml").read_text())
    assert (values["clickhouse"]["shards"], values["clickhouse"]["replicaCount"], values["clickhouse"]["keeper"]["enabled"]) == (1, 1, False)
    assert values["redis"]["architecture"] == "standalone"
    assert "maxmemory-policy noeviction" in values["redis"]["commonConfiguration"]


def test_bundled_images_are_pinned_and_can_be_pulled(helm):
    for item in helm.template().all("StatefulSet"):
        (container,) = item["spec"]["template"]["spec"]["containers"]
        assert re.fullmatch(r"docker\.io/bitnamilegacy/[a-z]+:\d+\.\d+\.\d+-debian-12-r\d+", container["image"])


def test_the_log_tables_of_clickhouse_do_not_grow(helm):
    assert yaml.safe_load((helm.chart / "values.yaml").read_text())["clickhouse"]["sampling"] == {"enabled": False}
    extra = helm.template().one("ConfigMap", "llmtrace-clickhouse-configd")["data"]["00-system-logs.xml"]
    assert "INTERVAL 30 DAY DELETE" in extra


def test_names_are_names(helm):
    for item in helm.template(*helm.file("production")).items:
        check_names(item)
