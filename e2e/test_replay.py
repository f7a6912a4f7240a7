"""A mixed load over every format: what is stored costs what the provider bills, to the nano-dollar."""

import os

import replay

# `make e2e` sends 10,000.
EXCHANGES = int(os.environ.get("REPLAY_EXCHANGES", "400"))


def test_what_is_stored_is_what_the_provider_bills(proxy, provider):
    found = replay.run(proxy, provider, EXCHANGES)
    print(
        f"\n{found.exchanges} exchanges {dict(found.by_dialect)}: {found.compared} compared, "
        f"{found.cancelled} cancelled before their usage passed; "
        f"stored ${found.stored}, billed ${found.billed}, {len(found.wrong)} wrong"
    )
    assert not found.wrong, found.wrong[:20]
    assert found.exchanges == EXCHANGES and found.compared > EXCHANGES / 2
    assert found.stored == found.billed
