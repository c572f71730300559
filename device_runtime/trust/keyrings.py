"""The fleet's keys as the rooms of a device see them: rings that change when the fleet's root does."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from device_runtime.keys import key_ring
from device_runtime.trust.claims import RootClaims


class FleetKeys:
    """Begins with the key of the enrollment; a root says from then on.

    Attributes:
        desired: who may sign what is desired now.
        sealing: whose seal an installed package may carry: these, and former ones. What is *newly* installed must be in
            the signed metadata besides, so a stolen former key opens nothing.
    """

    def __init__(self, enrolled: Ed25519PublicKey) -> None:
        self.desired: dict[str, Ed25519PublicKey] = dict(key_ring([enrolled]))
        self.sealing: dict[str, Ed25519PublicKey] = dict(self.desired)

    def follow(self, claims: RootClaims) -> bool:
        """Take the keys of a root; whether other ones sign what is desired."""
        changed = self.desired.keys() != claims.desired_keys.keys()
        # Filled before they are emptied: other threads look keys up meanwhile.
        for ring, wanted in (
            (self.desired, claims.desired_keys),
            (self.sealing, {**claims.former_keys, **claims.desired_keys}),
        ):
            ring.update(wanted)
            for gone in ring.keys() - wanted.keys():
                del ring[gone]
        return changed
