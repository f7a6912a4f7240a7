"""Values that are rare and work: every object is one that Kubernetes takes."""

import kubernetes_validate
import pytest
from kube.admission import check_names

RARE = [
    {"podDisruptionBudget": {"enabled": True, "minAvailable": "50%"}},
    {"podDisruptionBudget": {"enabled": True, "minAvailable": 0}},
    {"persistence": {"type": "ephemeral", "annotations": {"a": "b"}}},
    {"persistence": {"type": "claim", "annotations": {"a": "b"}}, "proxy": {"updateStrategy": {"type": "Recreate"}}},
    {"service": {"type": "NodePort", "spec": {"externalTrafficPolicy": "Local"}, "annotations": {"a": "b"}}},
    {"config": None},
    {"config": {"tls": {"cert": "/a", "key": "/b"}}, "ingress": {"enabled": True, "hosts": [{"host": ""}, {"host": "*.x.com"}]}},
    {
        "autoscaling": {
            "enabled": True,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": {"type": "AverageValue", "averageValue": "1"}}}],
            "targetCPUUtilizationPercentage": None,
            "targetMemoryUtilizationPercentage": None,
        }
    },
    {"nameOverride": "gw"},
    {"fullnameOverride": "gw"},
    {"serviceAccount": {"create": False, "name": "sa"}},
    {"proxy": {"resources": {"limits": None}}},
    {"networkPolicy": {"enabled": True}, "secrets": {"create": False, "existingSecret": "x"}, "redis": {"enabled": False}},
    {"proxy": {"affinity": {"nodeAffinity": {}}}},
    {"clickhouse": {"auth": {"username": "me@x"}}, "redis": {"auth": {"enabled": False}}},
    {"postgresql": {"architecture": "replication"}},
    {"config": {"storage": {"spans": "memory:"}}},
    {"config": {"storage": {"path": "/data"}}},
    {"config": {"allowed_hosts": ["a", "a"]}},
    {"config": {"upstreams": [{"name": "b", "url": "https://h"}]}, "networkPolicy": {"enabled": True}},
    {"global": {"storageClass": "x"}},
    {"proxy": {"extraEnv": [{"name": "LLMTRACE_LOGGING__LEVEL", "value": "debug"}]}},
    {"metrics": {"prometheusRule": {"enabled": True, "extraRules": [{"alert": "X", "expr": "1"}]}}},
]


@pytest.mark.parametrize("values", RARE, ids=lambda values: " ".join(values))
def test_rare_values(helm, values):
    for item in helm.template(values=values).items:
        check_names(item)
        if "monitoring.coreos.com" not in item["apiVersion"]:
            kubernetes_validate.validate(item, "1.33", strict=True)
