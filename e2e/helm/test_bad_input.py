"""What does not work is refused with a sentence that names the value and the way out, and what is merely odd works."""

import pytest
from chart import check_config, sample_key

LONG = "a" * 53
DIGEST = "sha256:" + "ab" * 32


def refused(helm, values: dict, *words: str, **named):
    """The sentence holds these words, and no secret."""
    said = helm.refusal(values=values, **named)
    for word in words:
        assert word in said, f"{word!r} is not in: {said}"
    assert "S3CRET" not in said
    return said


# Values that the schema knows to be wrong, by both helms, which word it differently.


@pytest.mark.parametrize(
    ("values", "place", "name"),
    [
        ({"proxy": {"replicas": 3}}, "proxy", "replicas"),
        ({"proxi": {"replicaCount": 3}}, "", "proxi"),
        ({"ingress": {"hosts": [{"hostname": "a"}]}}, "hosts", "hostname"),
        ({"config": {"journal": {"maxbytes": "1GiB"}}}, "journal", "maxbytes"),
        ({"secrets": {"postgresURL": "x"}}, "secrets", "postgresURL"),
    ],
)
def test_unknown_values(each_helm, values, place, name):
    said = each_helm.refusal(values=values)
    assert place in said and name in said and "not allowed" in said


@pytest.mark.parametrize(
    ("values", "name", "wanted"),
    [
        ({"proxy": {"replicaCount": "two"}}, "replicaCount", "integer"),
        ({"proxy": {"enableStreaming": "yes"}}, "enableStreaming", "boolean"),
        ({"proxy": {"storageProfile": "huge"}}, "storageProfile", "production"),
        ({"proxy": {"timeoutMs": 0}}, "timeoutMs", "1"),
        ({"proxy": {"upstreamUrl": "api.openai.com"}}, "upstreamUrl", "https?"),
        ({"proxy": {"logging": {"level": "loud"}}}, "level", "info"),
        ({"service": {"port": 70000}}, "port", "535"),
        ({"clusterDomain": "cluster.local."}, "clusterDomain", "pattern"),
        ({"ingress": {"hosts": {"host": "a"}}}, "hosts", "array"),
        ({"config": {"stream_usage": "sometimes"}}, "stream_usage", "inject"),
        ({"proxy": {"podAnnotations": {"prometheus.io/port": 8080}}}, "podAnnotations", "string"),
    ],
)
def test_wrong_types(each_helm, values, name, wanted):
    said = each_helm.refusal(values=values)
    assert name in said and wanted in said


def test_a_tag_that_yaml_reads_as_a_number(helm):
    refused(helm, {"proxy": {"image": {"tag": 1.1}}}, "proxy.image.tag", "1.1", "--set-string")
    assert helm.template("--set-string", "proxy.image.tag=1.10").proxy["image"].endswith(":1.10")


# Values that do not go together


@pytest.mark.parametrize("profile", ["lite", "memory"])
def test_replicas_with_a_store_of_one_instance(helm, profile):
    refused(helm, {"proxy": {"storageProfile": profile, "replicaCount": 2}}, "proxy.replicaCount is 2", profile, "proxy.replicaCount=1")


@pytest.mark.parametrize("profile", ["lite", "memory"])
def test_autoscaling_with_a_store_of_one_instance(helm, profile):
    values = {"proxy": {"storageProfile": profile}, "autoscaling": {"enabled": True}}
    refused(helm, values, "autoscaling.enabled is true", profile, "proxy.storageProfile=production")


def test_replicas_with_one_store_of_one_instance(helm):
    values = {"proxy": {"replicaCount": 2}, "config": {"storage": {"counters": "memory:"}}}
    refused(helm, values, "config.storage.counters", "memory:")


def test_create_and_existing_secret(helm):
    refused(helm, {"secrets": {"existingSecret": "mine"}}, "secrets.existingSecret is mine", "secrets.create=false")


def test_neither_create_nor_existing_secret(helm):
    refused(helm, {"secrets": {"create": False}}, "secrets.existingSecret is empty", "LLMTRACE_REDIS_URL")


def test_secrets_that_would_go_nowhere(helm):
    values = {"secrets": {"create": False, "existingSecret": "mine", "masterKey": "ab" * 32}}
    refused(helm, values, "secrets.masterKey", "put it into the Secret mine")


def test_ingress_without_hosts(helm):
    refused(helm, {"ingress": {"enabled": True, "hosts": []}}, "ingress.hosts is empty", "ingress.hosts[0].host")


def test_a_certificate_for_another_host(helm):
    values = {"ingress": {"enabled": True, "tls": [{"secretName": "x", "hosts": ["other.example.com"]}]}}
    refused(helm, values, "ingress.tls[0]", "other.example.com", "ingress.hosts")


@pytest.mark.parametrize(("chart", "url"), [("clickhouse", "clickhouseUrl"), ("postgresql", "postgresUrl"), ("redis", "redisUrl")])
def test_a_store_disabled_without_a_url(helm, chart, url):
    refused(helm, {chart: {"enabled": False}}, f"{chart}.enabled is false", f"secrets.{url}", f"{chart}.enabled=true")


@pytest.mark.parametrize(
    ("url", "value"),
    [("clickhouseUrl", "clickhouse://u:S3CRET@h"), ("postgresUrl", "mysql://u:S3CRET@h/d"), ("redisUrl", "http://:S3CRET@h:6379")],
)
def test_a_url_of_another_engine(helm, url, value):
    refused(helm, {"secrets": {url: value}}, f"secrets.{url}", "://")


def test_a_volume_smaller_than_the_journal(helm):
    refused(helm, {"persistence": {"size": "1Gi"}}, "persistence.size is 1Gi", "config.journal.max_bytes 1GiB", "1280Mi")
    refused(helm, {"config": {"journal": {"max_bytes": "2GiB"}}}, "persistence.size is 2Gi")
    assert helm.template(values={"persistence": {"size": "100Mi"}, "config": {"journal": {"max_bytes": "64MiB"}}})


def test_a_claim_for_one_node_and_several_replicas(helm):
    values = {"persistence": {"type": "claim"}, "proxy": {"replicaCount": 2}}
    refused(helm, values, "persistence.type claim", "ReadWriteMany")


def test_a_claim_that_would_not_be_used(helm):
    refused(helm, {"persistence": {"existingClaim": "mine"}}, "persistence.existingClaim is mine", "persistence.type=claim")


def test_a_grace_period_shorter_than_the_drain(helm):
    values = {"proxy": {"terminationGracePeriodSeconds": 30}}
    refused(helm, values, "proxy.terminationGracePeriodSeconds is 30", "config.shutdown.timeout_seconds")


def test_an_autoscaler_that_cannot_work(helm):
    refused(helm, {"autoscaling": {"enabled": True, "minReplicas": 5, "maxReplicas": 3}}, "autoscaling.minReplicas is 5", "3")
    nothing = {"targetCPUUtilizationPercentage": None, "targetMemoryUtilizationPercentage": None}
    refused(helm, {"autoscaling": {"enabled": True} | nothing}, "nothing is measured")
    values = {"autoscaling": {"enabled": True}, "proxy": {"resources": {"requests": {"cpu": None}}}}
    refused(helm, values, "proxy.resources.requests.cpu")


def test_two_ports_that_are_one(helm):
    refused(helm, {"proxy": {"grpc": {"enabled": True}}, "service": {"grpcPort": 80}}, "service.port and service.grpcPort are both 80")
    refused(helm, {"proxy": {"grpc": {"enabled": True, "port": 8080}}}, "proxy.grpc.port is 8080")


def test_labels_and_fields_that_are_the_charts(helm):
    refused(helm, {"proxy": {"podLabels": {"app.kubernetes.io/name": "x"}}}, "proxy.podLabels", "app.kubernetes.io/name")
    refused(helm, {"commonLabels": {"app.kubernetes.io/instance": "x"}}, "commonLabels", "another label")
    refused(helm, {"service": {"spec": {"ports": []}}}, "service.spec.ports", "service.extraPorts")


def test_a_job_for_a_store_that_it_cannot_reach(helm):
    refused(helm, {"migrations": {"job": {"enabled": True}}, "proxy": {"storageProfile": "lite"}}, "migrations.job.enabled", "lite")


# Secrets that would be readable


@pytest.mark.parametrize(
    ("config", "place", "remedy"),
    [
        ({"postgres": {"password": "S3CRET"}}, "config.postgres.password", "secrets.postgresPassword"),
        ({"clickhouse": {"url": "http://u:S3CRET@h:8123"}}, "config.clickhouse.url", "secrets.clickhouseUrl"),
        ({"redis": {"password": "S3CRET"}}, "config.redis.password", "secrets.redisPassword"),
        ({"secrets": {"master_key": "S3CRET"}}, "config.secrets.master_key", "secrets.masterKey"),
        (
            {"secrets": {"previous_master_keys": ["env:OLD", "S3CRET"]}},
            "config.secrets.previous_master_keys[1]",
            "proxy.extraEnv",
        ),
        ({"auth": {"admin_key": "S3CRET"}}, "config.auth.admin_key", "secrets.adminKey"),
        ({"proxy": {"https": "http://u:S3CRET@p:3128"}}, "config.proxy.https", "env:NAME"),
        (
            {"upstreams": [{"name": "b", "url": "https://h", "credential": "aws", "aws": {"secret_access_key": "S3CRET"}}]},
            "config.upstreams[0].aws.secret_access_key",
            "env:NAME",
        ),
    ],
)
def test_a_secret_in_the_configuration(helm, config, place, remedy):
    refused(helm, {"config": config}, place, "ConfigMap", remedy)


def test_credentials_in_the_upstream(helm):
    url = "https://u:S3CRET@api.example.com/v1"
    refused(helm, {"proxy": {"upstreamUrl": url}}, "proxy.upstreamUrl", "ConfigMap")
    refused(helm, {"config": {"upstream_url": url}}, "config.upstream_url", "ConfigMap")
    refused(helm, {"config": {"upstreams": [{"name": "b", "url": url}]}}, "config.upstreams[0].url", "ConfigMap")
    assert helm.template(values={"proxy": {"upstreamUrl": "https://api.example.com/v1/me@x"}})


def test_a_secret_that_the_configuration_only_names(helm, tmp_path):
    config = {"proxy": {"https": "env:EGRESS"}}
    extra = [{"name": "EGRESS", "value": "http://proxy:3128"}]
    objects = helm.template(values={"config": config, "proxy": {"extraEnv": extra}})
    assert check_config(objects, tmp_path).returncode == 0


def test_a_setting_that_is_the_charts(helm):
    refused(helm, {"config": {"listen_addr": "0.0.0.0:9000"}}, "config.listen_addr", "service.port")
    refused(helm, {"config": {"clickhouse": {"database": "x"}}}, "config.clickhouse.database", "secrets.clickhouseDatabase")
    refused(helm, {"config": {"journal": {"path": "/journal"}}}, "config.journal.path", "read-only")
    assert helm.template(values={"config": {"listen_addr": "[::]:8080"}}).config["listen_addr"] == "[::]:8080"


def test_a_master_key_of_another_length(helm):
    refused(helm, {"secrets": {"masterKey": "S3CRET"}}, "secrets.masterKey", "openssl rand -hex 32")


# Who is let in


@pytest.mark.parametrize("key", ["S3CRET", sample_key("long") + "S3CRET", sample_key("line") + "\n", sample_key("case").upper(), "env:S3CRET"])
def test_an_administrators_key_that_is_none(helm, key):
    refused(helm, {"secrets": {"adminKey": key}}, "secrets.adminKey has not the form of a key", "openssl rand -base64 32", "leave it empty")


def test_an_administrators_key_in_two_places(helm):
    values = {"secrets": {"adminKey": sample_key("one")}, "config": {"auth": {"admin_key": "env:OTHER"}}}
    refused(helm, values, "secrets.adminKey and config.auth.admin_key are both set")


def test_open_by_one_word_alone(helm):
    values = {"config": {"auth": {"mode": "open", "allow_open": False}}}
    refused(helm, values, "config.auth.mode is open", "config.auth.mode=required", "config.auth.allow_open=true")
    said = helm.refusal(*helm.file("production"), "--set", "config.auth.mode=open")
    assert "config.auth.mode is open" in said


def test_keys_asked_for_and_nowhere_to_read_one(helm):
    args = [*helm.file("lite"), "--set", "secrets.create=false,config.auth.mode=required"]
    said = helm.refusal(*args)
    assert "nobody could read the administrator's key" in said and "secrets.create=true" in said
    assert helm.template(*args, "--set", "config.auth.admin_key=file:/vault/key")


# Names


def test_a_release_name_with_llmtrace(helm):
    objects = helm.template(release="my-llmtrace")
    assert objects.one("Deployment", "my-llmtrace") and objects.one("ConfigMap", "my-llmtrace-config")


def test_a_release_name_without_llmtrace(helm):
    objects = helm.template(release="gateway")
    assert objects.one("Deployment", "gateway-llmtrace") and objects.one("ConfigMap", "gateway-llmtrace-config")
    # The proxy is told where the stores of this release are, not those of the documented one.
    assert objects.secret("gateway-llmtrace") == {
        "LLMTRACE_CLICKHOUSE_URL": "http://gateway-clickhouse:8123",
        "LLMTRACE_CLICKHOUSE_DATABASE": "llmtrace",
        "LLMTRACE_POSTGRES_URL": "postgres://llmtrace@gateway-postgresql:5432/llmtrace",
        "LLMTRACE_REDIS_URL": "redis://gateway-redis-master:6379",
    }


def test_a_release_named_like_a_store(helm):
    objects = helm.template(release="redis")
    assert objects.secret("redis-llmtrace")["LLMTRACE_REDIS_URL"] == "redis://redis-master:6379"


def test_a_name_of_53_characters(helm):
    said = refused(helm, {}, "use a release name of at most 34 characters", "clickhouse.fullnameOverride", release=LONG)
    assert LONG in said
    objects = helm.template(*helm.file("external"), release=LONG)
    assert all(len(item["metadata"]["name"]) <= 63 for item in objects.items)
    (config,) = objects.all("ConfigMap")
    (deployment,) = objects.all("Deployment")
    assert deployment["spec"]["template"]["spec"]["volumes"][0]["configMap"]["name"] == config["metadata"]["name"]
    short = {store: {"fullnameOverride": f"short-{store}"} for store in ("clickhouse", "postgresql", "redis")}
    assert helm.template(release=LONG, values=short).secret(deployment["metadata"]["name"])["LLMTRACE_REDIS_URL"] == "redis://short-redis-master:6379"


def test_the_longest_name_that_the_stores_allow(helm, cluster, tmp_path):
    helm.env["KUBECONFIG"] = str(cluster.write_kubeconfig(tmp_path / "kubeconfig"))
    helm.run("install", "b" * 34, helm.chart, "-n", "x", "--create-namespace", "--wait", "--timeout", "30s")


def test_another_namespace(helm):
    objects = helm.template(namespace="team-a")
    assert {item["metadata"]["namespace"] for item in objects.items} == {"team-a"}
    assert "llmtrace.team-a.svc" in objects.config["allowed_hosts"]


# Images


@pytest.mark.parametrize(
    ("given", "image"),
    [
        ({"repository": "localhost:5000/llmtrace-proxy"}, "localhost:5000/llmtrace-proxy:0.1.0"),
        ({"repository": "registry.example.com:5000/a/b", "tag": "1.2"}, "registry.example.com:5000/a/b:1.2"),
        ({"repository": "ghcr.io/a/b", "digest": DIGEST}, f"ghcr.io/a/b@{DIGEST}"),
        ({"repository": "r:5000/a/b", "tag": "1", "digest": DIGEST}, f"r:5000/a/b@{DIGEST}"),
        ({"repository": f"r:5000/a/b@{DIGEST}"}, f"r:5000/a/b@{DIGEST}"),
    ],
)
def test_registries_with_ports_and_digests(helm, given, image):
    assert helm.template(values={"proxy": {"image": given}}).proxy["image"] == image


def test_an_image_that_is_none(helm):
    refused(helm, {"proxy": {"image": {"repository": "r:5000/a/b:1.0"}}}, "proxy.image.repository", "proxy.image.tag")
    refused(helm, {"proxy": {"image": {"repository": "https://r/a"}}}, "proxy.image.repository", "without https://")
    refused(helm, {"proxy": {"image": {"repository": f"r/a@{DIGEST}", "tag": "1"}}}, "proxy.image.repository holds a digest")


# Passwords


ODD = ["p@ss:w/o?r#d", 'quo"te\'s', "per%cent", "dollar$HOME${x}", "sp ace\ttab", "back\\slash", "{{ .Values }}", "ünïcode", "-", "0123", "yes"]


@pytest.mark.parametrize("password", ODD)
def test_passwords_with_special_characters(helm, tmp_path, password):
    """In a URL, apart from it, and as the bundled store's: what arrives is what was given."""
    url = f"postgres://me:{password}@db.example.com:5432/x"
    off = {"enabled": False}
    values = {"postgresql": off, "secrets": {"postgresUrl": url, "redisPassword": password}, "clickhouse": {"auth": {"password": password}}}
    objects = helm.template(values=values)
    assert objects.value_of("LLMTRACE_POSTGRES_URL") == url
    assert objects.value_of("LLMTRACE_REDIS_PASSWORD") == password
    assert objects.value_of("LLMTRACE_CLICKHOUSE_PASSWORD") == password
    done = check_config(objects, tmp_path)
    assert done.returncode == 0, done.stderr
    assert password not in done.stdout or len(password) < 5
