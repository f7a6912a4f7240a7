"""Both helms on one copy of the chart, and a played cluster for tests that install."""

import pytest

from chart import HELMS, Helm, with_stubs
from kube import Cluster


@pytest.fixture(scope="session")
def chart_folder(tmp_path_factory):
    return with_stubs(tmp_path_factory.mktemp("repository"))


@pytest.fixture
def helm(chart_folder, tmp_path):
    """The older helm, for what both do alike: `test_render.py` holds them to that."""
    return Helm("helm3", chart_folder, tmp_path)


@pytest.fixture(params=HELMS)
def each_helm(request, chart_folder, tmp_path):
    return Helm(request.param, chart_folder, tmp_path)


@pytest.fixture
def cluster():
    cluster = Cluster()
    yield cluster
    cluster.close()


@pytest.fixture
def installing(each_helm, cluster, tmp_path):
    """Either helm, told where the played cluster is, in the folder that the guide's commands are run from."""
    each_helm.env["KUBECONFIG"] = str(cluster.write_kubeconfig(tmp_path / "kubeconfig"))
    return each_helm
