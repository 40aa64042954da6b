"""Two things broken at once are both named, whichever came first."""

from __future__ import annotations

import itertools

import pytest

from .test_cases import judged

ALONE = {
    "kill bill1 radiusd": "not-running:bill1:radius",
    "freeze proc1 registrar": "frozen:proc1:registrar",
    "deafen proc2 subscription-manager": "not-listening:proc2:subscription-manager",
    "move proc2 imgate 7000": "wrong-port:proc2:imgate",
    "loopback sip1 mail-proxy": "wrong-address:sip1:mail-proxy",
    "impostor bill2 radiusd": "port-taken:bill2:radius",
    "drop bill1 db1 tcp:3306": "blocked:bill1:db1:tcp-3306",
    "drop web1 db2 tcp:3307": "blocked:web1:db2:tcp-3307",
    "reject sbc1 proc1 tcp:143": "rejected:sbc1:proc1:tcp-143",
    "forbid web1 db1 *": "own-firewall:web1",
    "say bill2 db1 tcp:3306 host-blocked '1129'": "refused-host-blocked:db1:mysql-server",
    "mute * sip2 tcp:8101": "mute:sip2:mail-proxy",
    "drop sip1,sip2 proc1,proc2 *": "blocked:sip1+sip2:proc1+proc2",
    "unseen sip2 sudo-refused 'a password is required'": "sudo-refused:sip2",
    "hold sip-front none": "virtual-ip-nowhere:sip-front",
}
"""What is broken, and the one cause that this has; ordered so that none undoes another."""

HIDDEN = {
    ("mute * sip2 tcp:8101", "unseen sip2 sudo-refused 'a password is required'"),
    ("drop sip1,sip2 proc1,proc2 *", "unseen sip2 sudo-refused 'a password is required'"),
    ("unseen sip2 sudo-refused 'a password is required'", "hold sip-front none"),
}
"""What cannot be told apart where the host is not seen, or cannot be set up together."""

PAIRS = [pair for pair in itertools.combinations(ALONE, 2) if pair not in HIDDEN]


def gravest(*mischief: str) -> set[str]:
    """The causes of what fails or was not observed."""
    _, causes = judged(list(mischief))
    return {cause.id for cause in causes if cause.severity in ("failed", "not-observed")}


@pytest.mark.parametrize("mischief", ALONE)
def test_alone_each_has_one_cause(mischief: str) -> None:
    """Or the pairs below would prove nothing."""
    assert gravest(mischief) == {ALONE[mischief]}


@pytest.mark.parametrize("pair", PAIRS, ids=" and ".join)
def test_in_pairs_both_are_named_and_nothing_else(pair: tuple[str, str]) -> None:
    """The causes of two faults are those of each."""
    assert gravest(*pair) == {ALONE[pair[0]], ALONE[pair[1]]}
