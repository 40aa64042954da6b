"""One trip to one host: a child, a conversation with it, and what came of the two."""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Mapping
from typing import Literal

import msgspec

from pytest_portaswitch.cluster.secret import Secret
from pytest_portaswitch.facts.internal_errors import lost, with_internal_error
from pytest_portaswitch.facts.model import HostFacts, Observation, Unobserved, WhyUnobserved
from pytest_portaswitch.facts.second import Told
from pytest_portaswitch.internal_error import InternalError, attempt
from pytest_portaswitch.observe import connection, failure, ssh
from pytest_portaswitch.observe.child import Child
from pytest_portaswitch.observe.conversation import Conversation, TooMuch
from pytest_portaswitch.observe.ending import Ending
from pytest_portaswitch.observe.guarded import costs_this_host
from pytest_portaswitch.observe.job import Job, ReadSecret
from pytest_portaswitch.observe.program import Program, Travel
from pytest_portaswitch.observe.relays import Relays
from pytest_portaswitch.observe.remote.login import Sudo, prompt, since_login
from pytest_portaswitch.observe.request import Limits
from pytest_portaswitch.observe.watch import Watch
from pytest_portaswitch.source import BadInput, Problem
from pytest_portaswitch.text import clean_line

Said = Literal["", "watching", "sent", "told", "gone"]
"""What was heard last of a second round; ``gone``: the connection has ended."""

_WORDS: tuple[Said, ...] = ("watching", "sent")
_STDERR = 64 * 1024
_CHATTER = 4096


class Trip:
    """A trip under way. It ends with exactly one ``observation``.

    When sshd refuses for now, the trip ends without one and ``refused`` says so: it may be made
    again while there is time.
    """

    def __init__(
        self, job: Job, limits: Limits, program: Program, read_secret: ReadSecret, began: float
    ) -> None:
        self.job = job
        self.observation: Observation | None = None
        self.refused: Unobserved | None = None
        self.first: HostFacts | None = None
        """What the first round brought, while the host waits for a second one."""
        self.said: Said = ""
        """How far the host is in the second round."""
        self.told: Told | None = None
        self._limits = limits
        self._program = program
        self._read_secret = read_secret
        self._began = began
        self._nonce = secrets.token_hex(16)
        self._started = 0.0
        self._child: Child | None = None
        self._errors = b""
        self._noted = 0
        self._sent = 0.0
        """When the host was told what to do; seconds since the epoch."""
        self._watch: Watch | None = None
        self._sudo: Sudo = "none"
        if job.login.sudo:
            self._sudo = "password" if job.login.sudo_password else "passwordless"
        self._talk = Conversation(
            self._nonce,
            say=self._say,
            payload=self._payload,
            password=self._password if self._sudo == "password" else None,
            output=limits.output,
        )
        self._internal_errors: list[InternalError] = []
        begin = job.dialogue
        keys = [stream.key for stream in job.request.relays] if begin else []
        dialogues = {key: begin(key) for key in keys if begin}
        self._relays = Relays(self._nonce, dialogues, self._say)

    @property
    def is_over(self) -> bool:
        """Whether it has ended, one way or the other."""
        return self.observation is not None or self.refused is not None

    @property
    def is_waiting(self) -> bool:
        """Whether it has told what it saw and waits for a second round."""
        return self.first is not None and not self.is_over

    @property
    def deadline(self) -> float:
        """When it is cut, on the monotonic clock."""
        return self._began + self._limits.host_timeout

    @costs_this_host
    def call(self, word: str, body: object = None) -> None:
        """Say a line of the second round to the program."""
        words = f"PORTASWITCH {self._nonce} {word}"
        if body is not None:
            words += f" {base64.b64encode(msgspec.json.encode(body)).decode()}"
        if self.said != "gone":
            self._say(words.encode() + b"\n")

    @costs_this_host
    def finish(self, facts: HostFacts) -> None:
        """End it with what both rounds brought."""
        self._finish(facts)

    def note(self, *errors: InternalError) -> None:
        """Have the facts of this host bear faults of this program that they do not end of."""
        self._internal_errors += errors

    def give_up(self, error: InternalError) -> None:
        """End it because of a fault of this program, with what the first round brought, if any."""
        host = self.job.request.host
        seen = with_internal_error(self.first, error) if self.first else lost(host, error)
        self.said = "gone"
        if self.observation is None:
            self.observation = seen
        attempt("host-session", host, self._dismiss)

    @costs_this_host
    def come_home(self) -> None:
        """End it with what the first round brought."""
        assert self.first is not None
        self._finish(self.first)

    def is_knocking(self, since: float) -> bool:
        """Whether it began after ``since`` and is not known to be logged in."""
        return self._talk.stage == "connecting" and self._started >= since

    @costs_this_host
    def start(self, watch: Watch, environment: Mapping[str, str]) -> None:
        """Start the connection. When it cannot be, the trip ends here."""
        remote = self._program.login_command(self._sudo, self._nonce)
        try:
            child = connection.start(self.job.login, self._limits, remote, environment)
        except connection.UnfitConnection as error:
            self._fail("client-failed", str(error))
            return
        self._child = child
        self._started = time.monotonic()
        self._watch = watch
        watch.add(child, self, self._began + self._limits.host_timeout)

    @costs_this_host
    def heard(self, data: bytes) -> None:
        """Take bytes of standard output."""
        try:
            self._talk.hear(data)
        except TooMuch as error:
            self._fail("output-too-large", str(error))
        except BadInput as error:
            self._fail(
                "sudo-refused", f"the password for sudo is not to be had: {clean_line(str(error))}"
            )
        else:
            if self.first is not None:
                self._look_for_words()
            elif self._talk.stage == "ready":
                self._relays.hear(self._talk.reply)
                self._look_for_reply()

    @costs_this_host
    def noted(self, data: bytes) -> None:
        """Take bytes of standard error."""
        self._noted += len(data)
        self._errors += data
        if len(self._errors) > _STDERR:
            # Both ends of a long text are worth keeping, and no half of a secret.
            errors = self.job.redaction.content(self._errors)
            # Half of the limit stays free, so that the next bytes cause no new search at once.
            self._errors = errors[: _STDERR // 4] + errors[-_STDERR // 4 :]
        if self._noted > self._limits.output:
            self._fail(
                "output-too-large",
                f"the host said more than {self._limits.output} bytes on standard error",
            )
        elif self._talk.stage == "password" and self._asked() > 1:
            # The password was wrong, and guesses lock accounts.
            self._conclude(1)

    def _asked(self) -> int:
        """How often sudo asked for a password: its prompt carries the nonce."""
        return self._errors.count(prompt(self._nonce).encode())

    @costs_this_host
    def ended(self, status: int) -> None:
        """Take the exit status."""
        self._conclude(status)

    @costs_this_host
    def cut(self) -> None:
        """Learn that the deadline has passed."""
        self._conclude(None)

    def _say(self, data: bytes) -> None:
        assert self._child is not None
        self._child.send(data)

    def _payload(self, python: bool) -> bytes:
        self._sent = time.time()
        left = self._limits.host_timeout - self._took()
        return self._program.payload(self.job.request, self._limits, self._nonce, python, left)

    def _password(self) -> Secret:
        assert self.job.login.sudo_password is not None
        secret = self._read_secret(self.job.login.sudo_password)
        if "\n" in secret.reveal():
            raise BadInput([Problem("sudo_password", 0, "", "", "must be one line")])
        return self.job.redaction.add(secret)

    def _look_for_reply(self) -> None:
        if not self._program.is_complete(self._talk.fresh(), self._nonce):
            return
        travel = Travel(self.job.request, self._sent, time.time(), self._took())
        said = bytes(self._talk.reply)
        observation = self._program.observation(said, self._nonce, self._limits, travel)
        can_ask = isinstance(observation, HostFacts) and observation.method == "python"
        if can_ask:
            assert isinstance(observation, HostFacts)
            databases = self._relays.databases()
            observation = msgspec.structs.replace(observation, databases=databases)
        if can_ask and self.job.request.second:
            assert isinstance(observation, HostFacts)
            self.first = observation
            self._talk.forget()
        else:
            self._finish(observation)

    def _look_for_words(self) -> None:
        """Learn how far the program is in the second round."""
        fresh = self._talk.fresh()
        if self._program.is_complete(fresh, self._nonce):
            said = bytes(self._talk.reply)
            self.told = self._program.told(said, self._nonce, self._limits)
            self.said = "told"
            return
        for word in _WORDS:
            if f"\nPORTASWITCH {self._nonce} {word}\n".encode() in fresh:
                self.said = word

    def _conclude(self, status: int | None) -> None:
        """Say why there is no reply."""
        if self.first is not None:
            self.said = "told" if self.told else "gone"
            return
        assert self._child is not None
        login, redact = self.job.login, self.job.redaction.text
        strike = self.job.redaction.rest if self._talk.is_cut else redact
        logged = tuple(map(redact, self._child.logged))
        ending = Ending(
            status=status,
            stage=self._talk.stage,
            stderr=redact(since_login(self._errors.decode(errors="replace"), self._nonce)),
            stdout=strike(self._talk.chatter.decode(errors="replace"))[-_CHATTER:],
            log=logged[-1] if logged else "",
            hop_logs=logged[:-1],
            client=self._child.client,
            jump=self._child.jump,
            target=ssh.known_as(login),
            known_hosts=login.known_hosts or "",
            key=ssh.key_trouble(login),
            sudo=login.sudo,
            asked=self._asked(),
            seconds=self._took(),
        )
        found = failure.classify(ending)
        if found.again or ssh.is_older_than_thought(ending):
            self.refused = self._unobserved(found.why, found.detail)
        else:
            self._fail(found.why, found.detail)

    def _fail(self, why: WhyUnobserved, detail: str) -> None:
        self._finish(self.first or self._unobserved(why, detail))

    def _unobserved(self, why: WhyUnobserved, detail: str) -> Unobserved:
        return Unobserved(host=self.job.request.host, why=why, detail=detail, took=self._took())

    def _finish(self, observation: Observation) -> None:
        if self.observation is None:
            errors = (*self._internal_errors, *self._relays.internal_errors)
            self.observation = with_internal_error(observation, *errors)
            self._dismiss()

    def _dismiss(self) -> None:
        if self._watch is not None and self._child is not None:
            self._watch.dismiss(self._child)

    def _took(self) -> float:
        return time.monotonic() - self._began
