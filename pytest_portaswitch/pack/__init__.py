"""The pack: what a run leaves of one cluster, its sums and signature, and the proof of it all."""

from pytest_portaswitch.pack.verify import Proof, verify
from pytest_portaswitch.pack.write import write_pack

__all__ = ["Proof", "verify", "write_pack"]
