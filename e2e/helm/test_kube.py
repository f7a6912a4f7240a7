"""The played cluster itself: a stand-in that took everything would prove nothing."""

import json
import urllib.error
import urllib.request

import pytest
from kube import patches


def call(cluster, method: str, path: str, body=None, form: str = "application/json"):
    request = urllib.request.Request(cluster.url + path, method=method, headers={"Content-Type": form})
    request.data = None if body is None else json.dumps(body).encode()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def deployment(**spec) -> dict:
    labels = {"app": "a"}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "a", "image": "a"}]}}
    whole = {"selector": {"matchLabels": labels}, "template": pod} | spec
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}, "spec": whole}


DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"


def test_a_field_that_does_not_exist_is_refused(cluster):
    code, said = call(cluster, "POST", DEPLOYMENTS, deployment(replica=1))
    assert code == 422 and "replica" in said["message"]


def test_a_field_that_cannot_change_is_refused(cluster):
    assert call(cluster, "POST", DEPLOYMENTS, deployment())[0] == 201
    change = {"spec": {"selector": {"matchLabels": {"app": "b"}}}}
    code, said = call(cluster, "PATCH", DEPLOYMENTS + "/a", change, "application/merge-patch+json")
    assert code == 422 and "immutable" in said["message"]


def test_a_namespace_has_to_be_there(cluster):
    code, said = call(cluster, "POST", DEPLOYMENTS.replace("default", "nowhere"), deployment())
    assert code == 404 and "nowhere" in said["message"]


def test_a_pod_is_ready_when_what_it_names_is_there(cluster):
    variable = {"name": "X", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}
    wanted = deployment()
    wanted["spec"]["template"]["spec"]["containers"][0]["env"] = [variable]
    call(cluster, "POST", DEPLOYMENTS, wanted)
    ready = lambda: cluster.get("Deployment", "a", "default")["status"]["readyReplicas"]
    assert ready() == 0
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"other": "eA=="}}
    call(cluster, "POST", "/api/v1/namespaces/default/secrets", secret)
    assert ready() == 0
    call(cluster, "PUT", "/api/v1/namespaces/default/secrets/s", secret | {"data": {"k": "eA=="}})
    assert ready() == 1


def test_what_belongs_to_a_workload_goes_with_it(cluster):
    call(cluster, "POST", DEPLOYMENTS, deployment(replicas=3))
    assert len(cluster.all("Pod")) == 3
    call(cluster, "DELETE", DEPLOYMENTS + "/a")
    assert cluster.all("Pod") == []


@pytest.mark.parametrize(
    ("base", "patch", "result"),
    [
        ({"a": 1, "b": 2}, {"a": None, "c": 3}, {"b": 2, "c": 3}),
        (
            {"env": [{"name": "a", "value": "1"}, {"name": "b"}]},
            {"env": [{"name": "a", "value": "2"}, {"name": "b", "$patch": "delete"}, {"name": "c"}]},
            {"env": [{"name": "a", "value": "2"}, {"name": "c"}]},
        ),
        ({"args": ["x", "y"]}, {"args": ["z"]}, {"args": ["z"]}),
        (
            {"volumes": [{"name": "d", "emptyDir": {}}]},
            {"volumes": [{"$retainKeys": ["name", "secret"], "name": "d", "secret": {}}]},
            {"volumes": [{"name": "d", "secret": {}}]},
        ),
        (
            {"ports": [{"port": 1, "name": "a"}, {"port": 2}]},
            {"$setElementOrder/ports": [{"port": 2}, {"port": 1}], "ports": [{"port": 1, "name": "b"}]},
            {"ports": [{"port": 2}, {"port": 1, "name": "b"}]},
        ),
    ],
)
def test_strategic_merge(base, patch, result):
    assert patches.strategic(base, patch) == result


def test_apply_takes_back_what_the_same_manager_no_longer_says():
    before = {"data": {"a": 1, "b": 2}, "env": [{"name": "x", "value": "1"}]}
    live = {"data": {"a": 1, "b": 2, "other": 3}, "env": [{"name": "x", "value": "1"}, {"name": "theirs"}]}
    now = {"data": {"a": 5}, "env": [{"name": "y"}]}
    assert patches.apply(live, before, now) == {"data": {"a": 5, "other": 3}, "env": [{"name": "y"}, {"name": "theirs"}]}
