"""The tables of claims and certificates. Times are Unix seconds."""

from sqlalchemy import JSON, Column, Double, Index, LargeBinary, String, Table

from firmware_tools.fleet.schema import metadata

claims = Table(
    "claims",
    metadata,
    Column("id", String(12), primary_key=True),
    # The public key of the code, in hex: one cannot get back to the code from it.
    Column("verifier", String(64), nullable=False, unique=True),
    # Which device the code is for; null: the device proposes its id.
    Column("device", String(64)),
    Column("tags", JSON, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("revoked_at", Double),
    Column("used_at", Double),
    Column("used_by", String(64)),
    # The serial number of the certificate that it gave, so that a lost answer can be given again.
    Column("serial", String(40)),
)

certificates = Table(
    "certificates",
    metadata,
    Column("serial", String(40), primary_key=True),
    # "device", "service" or "claim"; the name is a device's id for the first.
    Column("kind", String(16), nullable=False),
    Column("name", String(64), nullable=False),
    Column("issuer", String(40), nullable=False),
    Column("not_before", Double, nullable=False),
    Column("not_after", Double, nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("der", LargeBinary, nullable=False),
    Column("issued_at", Double, nullable=False),
    Column("revoked_at", Double),
    Column("reason", String(200)),
    Index("certificates_by_name", "kind", "name"),
)

# Devices that are not to be heard, whatever a broker lets through, until they claim anew.
barred_devices = Table(
    "barred_devices",
    metadata,
    Column("device", String(64), primary_key=True),
    Column("since", Double, nullable=False),
    Column("reason", String(200), nullable=False),
)
