"""Makes the tables of docs/privacy-proof.md of the tricks that are played here."""

from collections.abc import Iterable

from tests.docs.pages import DOCS
from tests.privacy.dishonest.cases import Case, Outcome, Place
from tests.privacy.dishonest.detours import DETOURS
from tests.privacy.dishonest.scenes import SCENES, Scene
from tests.privacy.dishonest.sendings import SENDINGS

PAGE = DOCS / "privacy-proof.md"
BEGIN, END = "<!-- made by tests/privacy/dishonest/page.py -->\n", "<!-- end of what is made -->\n"
_PLACES: dict[Place, str] = {
    "program": "an error of the program",
    "ledger": "the ledger",
    "operator": "the operator",
    "budget": "the bits of the day",
}
_OF_TABLE = "test_a_trick_comes_to_what_the_table_says"
_ORDER: tuple[Outcome, ...] = ("refused", "detected", "not covered")


def tables() -> str:
    """How many tricks there are of each outcome, and each of them."""
    rows = _rows((*SENDINGS, *DETOURS, *SCENES))
    counts = ", ".join(f"{sum(row[2] == outcome for row in rows)} {outcome}" for outcome in _ORDER)
    lines = [f"{len(rows)} tricks: {counts}.", "", "| A program … | What holds | Outcome | Where it shows | Test |"]
    lines.append("|---|---|---|---|---|")
    ordered = sorted(rows, key=lambda row: [*map(str, _ORDER)].index(row[2]))
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in ordered)]) + "\n"


def _rows(tricks: Iterable[Case | Scene]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for each in tricks:
        places = ", ".join(_PLACES[place] for place in each.shows)
        named = f"`{each.test}`" if isinstance(each, Scene) else f"`{_OF_TABLE}`, {each.name}"
        rows.append((each.trick, each.holds, each.outcome, places, named))
    return rows


def written(page: str) -> str:
    """The page with its tables as they are now."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{tables()}{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
