"""Who takes part in the second round, and what follows from what they tell."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import pytest

from pytest_portaswitch.facts.model import (
    Arrival,
    Gap,
    HostFacts,
    Interface,
    OtherReply,
    Probe,
    ProbeResult,
    Socket,
)
from pytest_portaswitch.facts.second import Told, parse
from pytest_portaswitch.observe.pairing import (
    LEAST_PATIENCE,
    PATIENCE,
    Part,
    Party,
    merged,
    parts,
    patience,
)
from pytest_portaswitch.observe.request import Request

SIP = Probe(transport="udp", address="10.0.0.2", port=5060, protocol="sip")
RTP = Probe(transport="udp", address="10.0.0.2", port=35000, protocol="rtp")


def host(name: str, address: str, **shown: object) -> HostFacts:
    """A host that holds one address."""
    interface = Interface(name="eth0", up=True, mtu=1500, addresses=(f"{address}/24",))
    return HostFacts(
        host=name,
        method="python",
        privileged=True,
        took=1.0,
        interfaces=(interface,),
        **shown,  # type: ignore[arg-type]
    )


def silent(**more: object) -> ProbeResult:
    """The first round's result of the SIP probe."""
    return ProbeResult(key=SIP.key, outcome="silent", **more)  # type: ignore[arg-type]


def parties(result: ProbeResult | None = None, **shown: object) -> dict[str, Party]:
    """A source and a target."""
    probes = (result or silent(),)
    return {
        "a": Party(Request(host="a", probes=(SIP,)), host("a", "10.0.0.1", probes=probes)),
        "b": Party(Request(host="b"), host("b", "10.0.0.2", **shown)),
    }


def test_what_stayed_silent_is_sent_again_and_watched() -> None:
    """By the host that holds the address, whatever its name."""
    found = parts(parties())
    assert found["a"].sends == {SIP.key: SIP}
    assert found["b"].watches == {5060}
    assert (found["b"].sources, found["b"].targets) == ({"10.0.0.1"}, {"10.0.0.2"})
    assert not found["a"].repeats, "it is the second time already"
    assert not found["a"].watches
    assert not found["b"].sends


def test_host_with_very_many_addresses_has_few_of_them_watched() -> None:
    """Those that it was seen to send from among them: the filter has room for those of others."""
    many = tuple(f"10.1.{number // 200}.{number % 200 + 1}/24" for number in range(2000))
    interface = Interface(name="eth0", up=True, mtu=1500, addresses=many)
    pair = parties(silent(source="10.1.9.9"))
    crowded = msgspec.structs.replace(pair["a"].facts, interfaces=(interface,))
    found = parts(pair | {"a": Party(pair["a"].request, crowded)})
    assert len(found["b"].sources) == 64
    assert "10.1.9.9" in found["b"].sources


def test_who_was_answered_has_no_part() -> None:
    """Nor has one whose target nobody can ask."""
    replied = ProbeResult(key=SIP.key, outcome="replied")
    assert parts(parties(replied)) == {}
    alone = {"a": parties()["a"]}
    assert parts(alone) == {}


def sampled(
    sample: tuple[int, ...], used: Iterable[int], gaps: tuple[Gap, ...] = ()
) -> dict[str, Part]:
    """The parts of a host that samples a range of another, where calls use some of its ports."""
    calls = tuple(Socket(transport="udp", address="10.0.0.2", port=port) for port in used)
    watched = tuple(msgspec.structs.replace(RTP, port=port) for port in sample)
    return parts(
        {
            "a": Party(Request(host="a", watched=watched), host("a", "10.0.0.1")),
            "b": Party(Request(host="b"), host("b", "10.0.0.2", sockets=calls, gaps=gaps)),
        }
    )


def test_where_nobody_tells_which_ports_calls_use_none_is_tried() -> None:
    """It may be the port of a call."""
    assert sampled((35000, 64999), (), (Gap(what="sockets", why="cut"),)) == {}
    alone = {"a": Party(Request(host="a", watched=(RTP,)), host("a", "10.0.0.1"))}
    assert parts(alone) == {}
    assert len(sampled((35000, 64999), (), (Gap(what="release", why="no rpm"),))["a"].sends) == 2


@pytest.mark.parametrize(
    ("sample", "used", "sent"),
    [
        ((35000, 50000, 64999), (50000, 50001, 49999), [35000, 50002, 64999]),
        # Beyond its ends it is another range: nothing that arrives there says anything of this one.
        ((35000, 50000, 64999), (64999, 64998), [35000, 50000, 64997]),
        ((35000, 50000, 64999), (35000, 35001), [35002, 50000, 64999]),
        # One port would be tried for two, and that would be one too few.
        ((35000, 35001, 64999), (35000,), [35001, 35002, 64999]),
        ((35000, 35001, 64999), (35000, 35001), [35002, 35003, 64999]),
        ((35000, 50000, 64999), range(34000, 65535), []),
        ((35000, 64999), range(35000, 64999), [64999]),
    ],
)
def test_a_port_that_a_call_uses_is_left_alone(
    sample: tuple[int, ...], used: Iterable[int], sent: list[int]
) -> None:
    """Its nearest free neighbour within the range takes its place."""
    found = sampled(sample, used)
    assert sorted(p.port for p in found.get("a", Part()).sends.values()) == sent
    assert found.get("a", Part()).repeats == {f"udp:10.0.0.2:{port}" for port in sent}
    assert found.get("b", Part()).watches == set(sent)


def again(**more: object) -> Told:
    """What the source tells."""
    return Told(probes=(silent(source_port=40000, **more),))


def arrival(told: dict[str, Told]) -> Arrival | None:
    """What the second round showed of the SIP probe."""
    return merged(parties(), told)["a"].probes[0].arrival


def test_seen_arriving() -> None:
    """By its own source port, and at that target."""
    seen = Told(arrivals=(("10.0.0.1", 40000, "10.0.0.2", 5060),))
    assert arrival({"a": again(), "b": seen}) == Arrival(seen=True, watcher="b")
    other = Told(arrivals=(("10.0.0.1", 40001, "10.0.0.2", 5060),))
    assert arrival({"a": again(), "b": other}) == Arrival(seen=False, watcher="b")


def test_what_was_seen_before_it_was_too_much() -> None:
    """It was seen; what was not may have been missed."""
    mine = ("10.0.0.1", 40000, "10.0.0.2", 5060)
    told = {"a": again(), "b": Told(arrivals=(mine,), blind="too much")}
    assert arrival(told) == Arrival(seen=True, watcher="b")
    told = {"a": again(), "b": Told(blind="too much")}
    assert arrival(told) == Arrival(seen=None, watcher="b", blind="too much")


def test_nobody_watched() -> None:
    """Whoever is blind proves nothing, and says why."""
    told = {"a": again(), "b": Told(blind="no packet socket: EPERM")}
    assert arrival(told) == Arrival(seen=None, watcher="b", blind="no packet socket: EPERM")
    why = "it did not take part in the second round"
    assert arrival({"a": again()}) == Arrival(seen=None, watcher="b", blind=why)
    why = "there was no second round"
    assert arrival({"b": Told()}) == Arrival(seen=None, watcher="b", blind=why)
    alone = {"a": parties()["a"]}
    result = merged(alone, {"a": again()})["a"].probes[0]
    assert result.arrival == Arrival(seen=None, blind="no host that could watch holds 10.0.0.2")


def test_a_reply_in_the_second_round_counts() -> None:
    """It was a datagram that was lost, not the service."""
    replied = ProbeResult(key=SIP.key, outcome="replied", received=(b"SIP/2.0 200 OK",))
    facts = merged(parties(), {"a": Told(probes=(replied,)), "b": Told()})
    assert facts["a"].probes[0].outcome == "replied"
    assert facts["a"].probes[0].received == (b"SIP/2.0 200 OK",)


def test_reply_from_elsewhere_is_kept_though_the_second_time_none_came() -> None:
    """Where one came then, that one is shown; where the right one did, none is."""
    first = OtherReply(address="10.0.0.9", port=5060, received=b"SIP/2.0 200 OK")
    both = parties()
    both["a"] = Party(
        both["a"].request, host("a", "10.0.0.1", probes=(silent(other_replies=(first,)),))
    )

    def others(told: dict[str, Told]) -> tuple[OtherReply, ...]:
        return merged(both, told)["a"].probes[0].other_replies

    later = msgspec.structs.replace(first, port=5080)
    replied = ProbeResult(key=SIP.key, outcome="replied")
    assert others({"b": Told()}) == others({"a": again()}) == (first,)
    assert others({"a": again(other_replies=(later,))}) == (later,)
    assert others({"a": Told(probes=(replied,))}) == ()


def test_accept_queue_that_is_full_after_the_second_round_is_told_of_its_socket() -> None:
    """The probes of all peers may have filled it; no other socket changes."""
    told = parse(b'{"full_queues":[["10.0.0.2",3306,2,1],["10.0.0.2",25,9,8],["x",1,2,1]]}')
    assert told.full_queues == (("10.0.0.2", 3306, 2, 1), ("10.0.0.2", 25, 9, 8))
    both = parties()
    mysql = Socket(transport="tcp", address="10.0.0.2", port=3306)
    sockets = (mysql, msgspec.structs.replace(mysql, port=3307), SIP_SOCKET)
    facts = msgspec.structs.replace(both["b"].facts, sockets=sockets)
    both["b"] = Party(both["b"].request, facts)
    full = msgspec.structs.replace(mysql, queued_later=2, backlog=1)
    assert merged(both, {"b": told})["b"].sockets == (full, *sockets[1:])


SIP_SOCKET = Socket(transport="udp", address="10.0.0.2", port=3306)


def test_what_a_host_tells_is_not_believed() -> None:
    """It has no say in what was seen arriving elsewhere, and nonsense is said to be some."""
    forged = b'{"probes":[{"key":"udp:10.0.0.2:5060","outcome":"silent","arrival":{"seen":true}}]}'
    assert parse(forged).probes[0].arrival is None
    for nonsense in (b"", b"[]", b'{"arrivals":[["x",1,"y",2]]}', b'{"arrivals":1}'):
        assert parse(nonsense).blind.startswith("what it told makes no sense: ")


def answered(address: str, *seconds: float) -> tuple[ProbeResult, ...]:
    """Answers of one peer, on as many ports."""
    return tuple(
        ProbeResult(key=f"tcp:{address}:{port}", outcome="connected", elapsed=elapsed)
        for port, elapsed in enumerate(seconds, 1)
    )


def test_how_long_a_reply_is_waited_for() -> None:
    """What was asked in vain gets the whole time; what nobody answers gets what a peer takes."""
    rtp = Part(sends={RTP.key: RTP})

    def waits(part: Part, *probes: ProbeResult) -> float:
        request = Request(host="a", probes=(SIP,), watched=(RTP,))
        return patience(part, Party(request, host("a", "10.0.0.1", probes=probes)))

    near = answered("10.0.0.2", 0.09, 0.001)
    assert waits(rtp, *near) == LEAST_PATIENCE
    assert waits(rtp, *near, *answered("10.0.0.3", 0.5, 0.04)) == 0.08
    assert waits(rtp, *near, *answered("10.0.0.3", 3.0)) == PATIENCE
    assert waits(Part(sends={RTP.key: RTP, SIP.key: SIP}), *near) == PATIENCE
    assert waits(rtp) == waits(rtp, silent(elapsed=0.001)) == PATIENCE


def test_another_hosts_datagram_is_not_taken_for_ones_own() -> None:
    """Two hosts may happen to send from the same port. Who is no host of ours is never watched."""
    three = parties() | {"c": Party(Request(host="c"), host("c", "10.0.0.3"))}
    told = {"a": again(), "b": Told(arrivals=(("10.0.0.3", 40000, "10.0.0.2", 5060),))}
    assert merged(three, told)["a"].probes[0].arrival == Arrival(seen=False, watcher="b")
    told["b"] = Told(arrivals=(("192.0.2.9", 40000, "10.0.0.2", 5060),))
    assert merged(three, told)["a"].probes[0].arrival == Arrival(seen=False, watcher="b")
