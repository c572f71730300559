"""Any change of any byte of the metadata: refused in one sentence, or it says the very same."""

import shutil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device_runtime.sync.fields import ProtocolError
from device_runtime.sync.messages import MetadataBlock, MetadataRequest, decode_request, decode_response, encode
from device_runtime.trust.errors import TrustError
from tests.trust.world import ACME_APP, World

PATH = f"programs/{ACME_APP}/1.ma"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    made = World(tmp_path_factory.mktemp("world"))
    made.begin()
    made.add_acme()
    return made


def sees(world: World) -> object:
    """What a new device makes of it."""
    shutil.rmtree(world.folder / "device", ignore_errors=True)
    return world.device().sees(PATH)


@given(data=st.data())
@settings(max_examples=100)
def test_a_changed_byte_changes_nothing_or_is_refused(world: World, data: st.DataObject) -> None:
    world.answers = {}
    honest = sees(world)
    captured = world.capture()
    name = data.draw(st.sampled_from([name for name in sorted(captured) if name in _used(world)]))
    changed = bytearray(captured[name])
    kind = data.draw(st.sampled_from(["byte", "cut", "insert", "double"]))
    at = data.draw(st.integers(0, len(changed) - 1))
    match kind:
        case "byte":
            changed[at] ^= data.draw(st.integers(1, 255))
        case "cut":
            del changed[at:]
        case "insert":
            changed[at:at] = data.draw(st.binary(min_size=1, max_size=8))
        case _:
            changed += captured[name]
    world.answers = {name: bytes(changed)}
    refused: TrustError | None = None
    found: object = honest
    try:
        found = sees(world)
    except TrustError as error:
        refused = error
    assert found == honest
    if refused is not None:
        assert "\n" not in str(refused)
        assert str(refused).startswith("the fleet's metadata of the role ")
        assert refused.cause == "refused"


def _used(world: World) -> set[str]:
    return {name for name, _ in world.asked}


@given(st.binary(max_size=2000))
@settings(max_examples=40)
def test_any_bytes_in_the_place_of_a_role_are_refused_in_one_sentence(world: World, rubbish: bytes) -> None:
    for name in ("1.root.json", "timestamp.json"):
        world.answers = {name: rubbish}
        with pytest.raises(TrustError) as refused:
            sees(world)
        assert "\n" not in str(refused.value)


@given(st.text(max_size=40), st.integers(-1, 2**33), st.integers(-1, 2**33))
def test_a_request_for_metadata_is_what_it_may_be_or_refused(name: str, offset: int, length: int) -> None:
    request = MetadataRequest("1", name, offset, length)
    try:
        payload = encode(request)
    except ProtocolError:
        return
    assert decode_request(payload) == request
    assert "/" not in name
    assert ".." not in name


@pytest.mark.parametrize(
    "block",
    [
        MetadataBlock("1", "timestamp.json", 0, 5, b"12345"),
        MetadataBlock("1", "3.root.json", 65536, 65540, b"1234"),
        MetadataBlock("1", "4.root.json", 0, 0, b"", "there is no such metadata", missing=True),
    ],
)
def test_an_answer_reads_as_it_was_written(block: MetadataBlock) -> None:
    assert decode_response(encode(block)) == block


@pytest.mark.parametrize(
    "block",
    [
        MetadataBlock("1", "timestamp.json", 0, 5, b""),
        MetadataBlock("1", "timestamp.json", 0, 5, b"123456"),
        MetadataBlock("1", "timestamp.json", 4, 5, b"12"),
        MetadataBlock("1", "timestamp.json", 0, 5, b"12345", "and an error"),
        MetadataBlock("1", "../timestamp.json", 0, 5, b"12345"),
        MetadataBlock("1", "timestamp.json", 0, 2**40, b"12345"),
    ],
)
def test_an_answer_that_cannot_be_is_refused(block: MetadataBlock) -> None:
    with pytest.raises(ProtocolError):
        encode(block)
