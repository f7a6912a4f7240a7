"""A smoke run of `make chaos`: a few cases with short faults. The whole of it is in docs/reference/reliability.md."""

import os

import pytest

from chaos.cases import CASES, kill
from chaos.world import World

# As long as it takes to notice that a fault does harm.
RATE, SECONDS = 100, 3
SMOKE = ["rolling restart", "store away", "journal bits flipped", "journal orphaned"]


@pytest.fixture
def world(tmp_path, request):
    world = World(tmp_path, request.param, RATE, SECONDS)
    yield world
    world.close()


@pytest.mark.kill
@pytest.mark.parametrize("world", ["lite"], indirect=True)
def test_nothing_is_lost_when_the_process_is_killed_again_and_again(world):
    holds(kill(world, times=2))


@pytest.mark.parametrize("world", ["lite"], indirect=True)
@pytest.mark.parametrize("name", SMOKE)
def test_nothing_is_lost_in_lite(world, name):
    holds(CASES[name][0](world))


@pytest.mark.parametrize("world", ["production"], indirect=True)
@pytest.mark.parametrize("name", ["store away", "clickhouse loses answers", "start with every store away"])
def test_nothing_is_lost_in_production(world, name):
    assert os.environ.get("LLMTRACE_TEST_CLICKHOUSE_URL"), "run the tests with `make test`, or start the engines with `scripts/engines.sh`"
    holds(CASES[name][0](world))


def holds(out):
    assert not out.broken, f"{out}"
