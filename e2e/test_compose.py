"""compose.yaml without Docker: what it says is whole, closed, and a configuration that the proxy takes."""

import json
import os
import re
import subprocess

import pytest
import yaml

from harness import BIN, ROOT

COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES = COMPOSE["services"]
PROXIES = ["proxy", "lite"]


def filled(text: str) -> str:
    """With the defaults of its variables."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text)


def check(environment: dict, **shell) -> subprocess.CompletedProcess:
    """What the proxy says of the image's configuration in this environment, with what the shell sets."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("LLMTRACE_")}
    # A name without a value is passed on where it is set.
    given = {k: shell.get(k, v and filled(v)) for k, v in environment.items()}
    image = {"LLMTRACE_CONFIG": str(ROOT / "deployments" / "image" / "llmtrace.yaml")}
    env = clean | image | {k: v for k, v in given.items() if v is not None}
    return subprocess.run([BIN / "llmtrace-proxy", "check"], env=env, capture_output=True, text=True, timeout=30)


@pytest.mark.parametrize("name", PROXIES)
def test_the_proxy_takes_its_environment(name):
    done = check(SERVICES[name]["environment"])
    assert done.returncode == 0, done.stderr
    shown = yaml.safe_load(done.stdout)
    assert (shown["listen_addr"], shown["storage"]["path"]) == ("0.0.0.0:8080", "/var/lib/llmtrace")
    if name == "proxy":
        assert shown["storage"]["spans"] == "clickhouse:" and shown["clickhouse"]["password"] == "***"


@pytest.mark.parametrize("name", PROXIES)
def test_it_is_open_until_it_is_told_otherwise(name):
    environment = SERVICES[name]["environment"]
    assert "no key is asked for" in check(environment).stderr
    key = "_".join(["llmt", "not-a-secret-".ljust(43, "0")])
    closed = check(environment, LLMTRACE_AUTH__ALLOW_OPEN="false", LLMTRACE_AUTH__ADMIN_KEY=key)
    assert closed.returncode == 0 and "no key is asked for" not in closed.stderr
    auth = yaml.safe_load(closed.stdout)["auth"]
    assert (auth["mode"], auth["allow_open"], auth["admin_key"]) == (None, False, "***")


def test_the_image_alone_asks_for_keys():
    """Somebody who publishes its port without a word on keys is not open to the world."""
    done = check({})
    assert done.returncode == 0 and "no key is asked for" not in done.stderr
    assert yaml.safe_load(done.stdout)["auth"]["allow_open"] is False


@pytest.mark.parametrize("name", PROXIES)
def test_the_proxy_can_do_no_more_than_it_must(name):
    service = SERVICES[name]
    assert service["read_only"] and service["cap_drop"] == ["ALL"] and service["user"] == "10001:10001"
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert int(service["stop_grace_period"].rstrip("s")) > 30 + 5, "more than the proxy takes to end"


def test_nothing_is_reached_from_another_machine():
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports and all(port.startswith("127.0.0.1:") for port in ports)
    assert not [name for name in ("clickhouse", "postgres", "redis") if SERVICES[name].get("ports")]


def test_images_are_pinned_and_files_and_volumes_are_there():
    used = set()
    for name, service in SERVICES.items():
        assert re.search(r":v?[\d$]", service["image"]), f"{name}: {service['image']}"
        for volume in service["volumes"]:
            source = volume.split(":")[0]
            if source.startswith("."):
                assert (ROOT / source).is_file(), source
            else:
                used.add(source)
    assert used == set(COMPOSE["volumes"])


def test_servers_are_named_as_the_proxy_is_told():
    urls = [filled(v) for k, v in SERVICES["proxy"]["environment"].items() if k.endswith("_URL") and "UPSTREAM" not in k]
    hosts = {re.search(r"//(?:\w+@)?(\w+):\d+", url)[1] for url in urls}
    assert hosts == set(SERVICES["proxy"]["depends_on"]) == {"clickhouse", "postgres", "redis"}


def test_grafana_shows_the_charts_dashboard_of_what_prometheus_reads():
    mounts = dict(reversed(volume.removesuffix(":ro").split(":")) for volume in SERVICES["grafana"]["volumes"])
    provisioned = lambda kind: yaml.safe_load((ROOT / mounts[f"/etc/grafana/provisioning/{kind}/llmtrace.yml"]).read_text())
    (provider,) = provisioned("dashboards")["providers"]
    board = json.loads((ROOT / mounts[provider["options"]["path"] + "/llmtrace.json"]).read_text())
    assert (ROOT / "deployments/helm/llmtrace/dashboards/llmtrace.json").samefile(ROOT / mounts["/etc/grafana/dashboards/llmtrace.json"])
    (source,) = provisioned("datasources")["datasources"]
    # The dashboard takes whichever source is of the type that its variable asks for.
    (variable,) = [each for each in board["templating"]["list"] if each["type"] == "datasource"]
    assert variable["query"] == source["type"] == "prometheus" and source["isDefault"]
    host, port = re.fullmatch(r"http://(\w+):(\d+)", source["url"]).groups()
    assert SERVICES[host]["ports"] == [f"127.0.0.1:{port}:9090"]


def test_prometheus_reads_the_proxies_with_the_labels_of_the_dashboard():
    scrape = yaml.safe_load((ROOT / "deployments" / "compose" / "prometheus.yml").read_text())["scrape_configs"]
    statics = [static for job in scrape for static in job["static_configs"]]
    assert [static["targets"] for static in statics] == [[f"{name}:8080"] for name in PROXIES]
    board = (ROOT / "deployments" / "helm" / "llmtrace" / "dashboards" / "llmtrace.json").read_text()
    variables = [each["query"] for each in json.loads(board)["templating"]["list"] if each["type"] == "query"]
    chosen = {query.rstrip(")").split(", ")[-1] for query in variables} | set(re.findall(r"by \((pod)\)", board))
    assert chosen == {"namespace", "service", "pod"}
    for static in statics:
        assert set(static["labels"]) == chosen


def test_the_toolchain_of_the_image_is_the_projects():
    channel = re.search(r'channel = "(\d+\.\d+)', (ROOT / "rust-toolchain.toml").read_text())[1]
    assert f"rust:{channel}-" in (ROOT / "Dockerfile").read_text()
