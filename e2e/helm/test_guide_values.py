"""One test for each row of the documented tables of values, named after it: the default is the documented one, and the value
reaches the object or the setting it is about."""

import re

import pytest
import yaml
from chart import CHART, Failed, check_config

DEFAULTS = yaml.safe_load((CHART / "values.yaml").read_text())


def default(path: str):
    value = DEFAULTS
    for part in re.findall(r"[^.\[\]]+", path):
        value = value[int(part)] if part.isdigit() else value[part]
    return value


# Proxy settings


def test_proxy_replica_count(helm):
    assert default("proxy.replicaCount") == 1
    assert helm.template().one("Deployment")["spec"]["replicas"] == 1
    assert helm.template("--set", "proxy.replicaCount=4").one("Deployment")["spec"]["replicas"] == 4


def test_proxy_image_repository(helm):
    assert default("proxy.image.repository") == "llmtrace-proxy"
    objects = helm.template("--set", "proxy.image.repository=your-registry.io/llmtrace-proxy")
    assert objects.proxy["image"] == "your-registry.io/llmtrace-proxy:0.1.0"


def test_proxy_image_tag(helm):
    assert default("proxy.image.tag") == ""
    version = yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"]
    assert helm.template().proxy["image"] == f"llmtrace-proxy:{version}"
    assert helm.template("--set", "proxy.image.tag=0.2.0").proxy["image"] == "llmtrace-proxy:0.2.0"


def test_proxy_upstream_url(helm, tmp_path):
    assert default("proxy.upstreamUrl") == helm.template().config["upstream_url"] == "https://api.openai.com"
    assert in_effect(helm, tmp_path, "proxy.upstreamUrl=http://vllm.models.svc:8000")["upstream_url"] == "http://vllm.models.svc:8000"


@pytest.mark.parametrize("profile", ["lite", "memory", "production"])
def test_proxy_storage_profile(helm, tmp_path, profile):
    assert default("proxy.storageProfile") == "production"
    assert in_effect(helm, tmp_path, f"proxy.storageProfile={profile}")["storage"]["profile"] == profile


def test_proxy_enable_security_analysis(helm, tmp_path):
    assert default("proxy.enableSecurityAnalysis") is helm.template().config["enable_security_analysis"] is True
    assert in_effect(helm, tmp_path, "proxy.enableSecurityAnalysis=false")["enable_security_analysis"] is False


def test_proxy_enable_trace_storage(helm, tmp_path):
    assert default("proxy.enableTraceStorage") is helm.template().config["enable_trace_storage"] is True
    assert in_effect(helm, tmp_path, "proxy.enableTraceStorage=false")["enable_trace_storage"] is False


def test_proxy_enable_streaming(helm, tmp_path):
    assert default("proxy.enableStreaming") is helm.template().config["enable_streaming"] is True
    assert in_effect(helm, tmp_path, "proxy.enableStreaming=false")["enable_streaming"] is False


def test_proxy_timeout_ms(helm, tmp_path):
    assert default("proxy.timeoutMs") == helm.template().config["timeout_ms"] == 30000
    # Large numbers must not become 1e+06.
    assert in_effect(helm, tmp_path, "proxy.timeoutMs=6000000")["timeout_ms"] == 6000000


def test_proxy_max_connections(helm, tmp_path):
    assert default("proxy.maxConnections") == helm.template().config["max_connections"] == 1000
    assert in_effect(helm, tmp_path, "proxy.maxConnections=1000000")["max_connections"] == 1000000


def test_proxy_logging_level(helm, tmp_path):
    assert default("proxy.logging.level") == helm.template().config["logging"]["level"] == "info"
    assert in_effect(helm, tmp_path, "proxy.logging.level=debug")["logging"]["level"] == "debug"


def test_proxy_logging_format(helm, tmp_path):
    assert default("proxy.logging.format") == helm.template().config["logging"]["format"] == "json"
    assert in_effect(helm, tmp_path, "proxy.logging.format=text")["logging"]["format"] == "text"


def in_effect(helm, folder, setting: str) -> dict:
    """The configuration as the proxy itself says it is in effect."""
    done = check_config(helm.template("--set", setting), folder)
    assert done.returncode == 0, done.stderr
    return yaml.safe_load(done.stdout)


# Service and networking


def test_service_type(helm):
    assert default("service.type") == helm.template().one("Service")["spec"]["type"] == "ClusterIP"
    assert helm.template("--set", "service.type=LoadBalancer").one("Service")["spec"]["type"] == "LoadBalancer"


def test_service_port(helm):
    assert default("service.port") == 80
    objects = helm.template()
    (port,) = objects.one("Service")["spec"]["ports"]
    assert port["port"] == 80
    # Port 80 of the Service is port 8080 of the proxy.
    (http,) = [each for each in objects.proxy["ports"] if each["name"] == port["targetPort"]]
    assert http["containerPort"] == 8080 and objects.config["listen_addr"].endswith(":8080")
    assert helm.template("--set", "service.port=8000").one("Service")["spec"]["ports"][0]["port"] == 8000


def test_ingress_enabled(helm):
    assert default("ingress.enabled") is False
    assert not helm.template().has("Ingress")
    assert helm.template("--set", "ingress.enabled=true").has("Ingress")


def test_ingress_class_name(helm):
    assert default("ingress.className") == ""
    assert "ingressClassName" not in ingress(helm)
    assert ingress(helm, "--set", "ingress.className=nginx")["ingressClassName"] == "nginx"


def test_ingress_hosts_0_host(helm):
    assert default("ingress.hosts[0].host") == ingress(helm)["rules"][0]["host"] == "llmtrace.local"
    args = ("--set", "ingress.hosts[0].host=llm.example.com")
    (rule,) = ingress(helm, *args)["rules"]
    assert rule["host"] == "llm.example.com"
    backend = rule["http"]["paths"][0]["backend"]["service"]
    assert backend == {"name": "llmtrace", "port": {"number": 80}}
    # Else API and dashboard would refuse that name.
    assert "llm.example.com" in helm.template("--set", "ingress.enabled=true", *args).config["allowed_hosts"]


def test_ingress_tls(helm):
    assert default("ingress.tls") == []
    assert "tls" not in ingress(helm)
    tls = [{"secretName": "llmtrace-tls", "hosts": ["llmtrace.local"]}]
    objects = helm.template(values={"ingress": {"enabled": True, "tls": tls}})
    assert objects.one("Ingress")["spec"]["tls"] == tls


def ingress(helm, *args) -> dict:
    return helm.template("--set", "ingress.enabled=true", *args).one("Ingress")["spec"]


# Autoscaling


def test_autoscaling_enabled(helm):
    assert default("autoscaling.enabled") is False
    assert not helm.template().has("HorizontalPodAutoscaler")
    objects = helm.template("--set", "autoscaling.enabled=true")
    target = objects.one("HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]
    assert target == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "llmtrace"}
    # A number here would undo the autoscaler's at every upgrade.
    assert "replicas" not in objects.one("Deployment")["spec"]


def test_autoscaling_min_replicas(helm):
    assert default("autoscaling.minReplicas") == scaler(helm)["minReplicas"] == 2
    assert scaler(helm, "--set", "autoscaling.minReplicas=5")["minReplicas"] == 5


def test_autoscaling_max_replicas(helm):
    assert default("autoscaling.maxReplicas") == scaler(helm)["maxReplicas"] == 10
    assert scaler(helm, "--set", "autoscaling.maxReplicas=30")["maxReplicas"] == 30


def test_autoscaling_target_cpu_utilization_percentage(helm):
    assert default("autoscaling.targetCPUUtilizationPercentage") == target(helm, "cpu") == 70
    assert target(helm, "cpu", "--set", "autoscaling.targetCPUUtilizationPercentage=50") == 50


def test_autoscaling_target_memory_utilization_percentage(helm):
    assert default("autoscaling.targetMemoryUtilizationPercentage") == target(helm, "memory") == 80
    assert target(helm, "memory", "--set", "autoscaling.targetMemoryUtilizationPercentage=60") == 60


def scaler(helm, *args) -> dict:
    return helm.template("--set", "autoscaling.enabled=true", *args).one("HorizontalPodAutoscaler")["spec"]


def target(helm, resource: str, *args) -> int:
    measured = {each["resource"]["name"]: each["resource"]["target"] for each in scaler(helm, *args)["metrics"]}
    return measured[resource]["averageUtilization"]


# Secrets


def test_secrets_create(helm):
    assert default("secrets.create") is True
    assert helm.template().one("Secret")["type"] == "Opaque"
    objects = helm.template("--set", "secrets.create=false,secrets.existingSecret=mine")
    assert [item for item in objects.all("Secret") if item["metadata"]["name"] == "llmtrace"] == []


def test_secrets_existing_secret(helm):
    assert default("secrets.existingSecret") == ""
    objects = helm.template("--set", "secrets.create=false,secrets.existingSecret=my-llmtrace-credentials")
    for key in EXISTING_KEYS:
        assert objects.env[key] == {"secretKeyRef": {"name": "my-llmtrace-credentials", "key": key}}


def test_secrets_clickhouse_url(helm):
    assert default("secrets.clickhouseUrl") == "http://llmtrace-clickhouse:8123"
    assert helm.template().value_of("LLMTRACE_CLICKHOUSE_URL") == "http://llmtrace-clickhouse:8123"
    assert given(helm, "clickhouseUrl", "https://ch.example.com:8443") == "https://ch.example.com:8443"


def test_secrets_clickhouse_database(helm):
    assert default("secrets.clickhouseDatabase") == "llmtrace"
    assert helm.template().value_of("LLMTRACE_CLICKHOUSE_DATABASE") == "llmtrace"
    assert given(helm, "clickhouseDatabase", "traces") == "traces"


def test_secrets_postgres_url(helm):
    documented = default("secrets.postgresUrl")
    assert documented.startswith("postgres://llmtrace:llmtrace@")
    objects = helm.template()
    # The same server, user and database; the password is that of the bundled store, which is not "llmtrace".
    assert objects.value_of("LLMTRACE_POSTGRES_URL") == documented.replace(":llmtrace@", "@")
    assert objects.value_of("LLMTRACE_POSTGRES_PASSWORD") == objects.secret("llmtrace-postgresql")["password"]
    assert given(helm, "postgresUrl", "postgres://me:pw@db:5432/x") == "postgres://me:pw@db:5432/x"


def test_secrets_redis_url(helm):
    assert default("secrets.redisUrl") == "redis://llmtrace-redis-master:6379"
    assert helm.template().value_of("LLMTRACE_REDIS_URL") == "redis://llmtrace-redis-master:6379"
    assert given(helm, "redisUrl", "rediss://cache.example.com:6380") == "rediss://cache.example.com:6380"


def given(helm, name: str, value: str) -> str:
    store = re.match("[a-z]+", name)[0]
    kind = "DATABASE" if name.endswith("Database") else "URL"
    return helm.template("--set", f"secrets.{name}={value}").value_of(f"LLMTRACE_{store.upper()}_{kind}")


# Sub-charts


@pytest.mark.parametrize(
    ("store", "url", "example"),
    [
        ("clickhouse", "clickhouseUrl", "http://ch.example.com:8123"),
        ("postgresql", "postgresUrl", "postgres://me:pw@db.example.com:5432/x"),
        ("redis", "redisUrl", "redis://cache.example.com:6379"),
    ],
)
def test_sub_chart_enabled(helm, store, url, example):
    """`clickhouse.enabled`, `postgresql.enabled`, `redis.enabled`: each can be replaced by a store of one's own."""
    assert default(f"{store}.enabled") is True
    here = lambda objects: [item for item in objects.all("StatefulSet") if store in item["metadata"]["name"]]
    assert len(here(helm.template())) == 1
    objects = helm.template("--set", f"{store}.enabled=false", "--set", f"secrets.{url}={example}")
    assert here(objects) == []
    assert example in objects.secret().values()
    # Nothing refers to what is not there.
    assert f"llmtrace-{store}" not in yaml.safe_dump(objects.one("Deployment"))


# The keys of an existing Secret

EXISTING_KEYS = ["LLMTRACE_CLICKHOUSE_URL", "LLMTRACE_CLICKHOUSE_DATABASE", "LLMTRACE_POSTGRES_URL", "LLMTRACE_REDIS_URL"]


@pytest.mark.parametrize("key", EXISTING_KEYS)
def test_existing_secret_needs_this_key(helm, key):
    disabled = ",".join(f"{store}.enabled=false" for store in ("clickhouse", "postgresql", "redis"))
    objects = helm.template("--set", f"secrets.create=false,secrets.existingSecret=mine,{disabled}")
    assert objects.env[key] == {"secretKeyRef": {"name": "mine", "key": key}}
    needed = {name for name, ref in objects.env.items() if isinstance(ref, dict) and not ref["secretKeyRef"].get("optional")}
    assert needed == set(EXISTING_KEYS)


def test_existing_secret_may_hold_more(helm):
    disabled = ",".join(f"{store}.enabled=false" for store in ("clickhouse", "postgresql", "redis"))
    env = helm.template("--set", f"secrets.create=false,secrets.existingSecret=mine,{disabled}").env
    for key in ("CLICKHOUSE_PASSWORD", "POSTGRES_PASSWORD", "REDIS_PASSWORD", "SECRETS__MASTER_KEY"):
        assert env[f"LLMTRACE_{key}"]["secretKeyRef"]["optional"] is True


# The tools it needs


def test_prerequisite_kubernetes(helm):
    assert helm.template("--kube-version", "1.26.0").has("Deployment")
    refused = helm.refusal("--kube-version", "1.25.16")
    assert "1.26" in refused and "1.25" in refused


def test_prerequisite_helm():
    """The chart is of API version v2, and names nothing that came after Helm 3.12."""
    assert yaml.safe_load((CHART / "Chart.yaml").read_text())["apiVersion"] == "v2"
    # `mustToJson`, `toYamlPretty`, `.Capabilities.HelmVersion` of 4 and their like are newer.
    newer = re.compile(r"\b(toYamlPretty|mustToYaml|mustFromYaml|mustToToml|fromToml)\b")
    for path in (CHART / "templates").rglob("*"):
        if path.is_file():
            assert not newer.search(path.read_text()), path


def test_every_row_of_the_documented_tables_has_a_test():
    """The names above are those of the tables; a value that is renamed is renamed here, too."""
    rows = """proxy.replicaCount proxy.image.repository proxy.image.tag proxy.upstreamUrl proxy.storageProfile
        proxy.enableSecurityAnalysis proxy.enableTraceStorage proxy.enableStreaming proxy.timeoutMs proxy.maxConnections
        proxy.logging.level proxy.logging.format service.type service.port ingress.enabled ingress.className
        ingress.hosts[0].host ingress.tls autoscaling.enabled autoscaling.minReplicas autoscaling.maxReplicas
        autoscaling.targetCPUUtilizationPercentage autoscaling.targetMemoryUtilizationPercentage secrets.create
        secrets.existingSecret secrets.clickhouseUrl secrets.clickhouseDatabase secrets.postgresUrl secrets.redisUrl"""
    for row in rows.split():
        default(row)
        snake = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", re.sub(r"[.\[\]]+", "_", row)).lower().strip("_")
        assert f"test_{snake}" in globals(), row


def test_values_are_refused_where_the_documented_type_is_another(helm):
    for wrong in ("proxy.replicaCount=two", "proxy.enableStreaming=maybe", "proxy.storageProfile=huge", "service.port=0"):
        with pytest.raises(Failed, match=re.escape(wrong.split("=")[0].rsplit(".", 1)[1])):
            helm.template("--set", wrong)
