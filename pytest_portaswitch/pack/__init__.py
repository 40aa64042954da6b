"""The pack: what a run leaves of one cluster, its sums and signature, and the proof of it all."""

from pytest_portaswitch.pack.contents import Contents, make
from pytest_portaswitch.pack.elsewhere import store_elsewhere
from pytest_portaswitch.pack.index import Index, write_index
from pytest_portaswitch.pack.merge import merge
from pytest_portaswitch.pack.verify import Proof, verify
from pytest_portaswitch.pack.write import Stored, files_of, store, write_pack

__all__ = [
    "Contents",
    "Index",
    "Proof",
    "Stored",
    "files_of",
    "make",
    "merge",
    "store",
    "store_elsewhere",
    "verify",
    "write_index",
    "write_pack",
]
