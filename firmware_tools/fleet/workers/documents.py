"""The processes of a fleet as the API shows them."""

from typing import TypedDict

from firmware_tools.fleet.workers.crew import Crew


class WorkerDocument(TypedDict):
    """One process. ``joined_at`` is Unix time in seconds, ``beat_ago`` seconds; ``part`` of ``parts`` are its devices,
    0 of a process that hears none; ``messages`` it has heard and ``records`` stored since it started."""

    id: str
    kind: str
    name: str
    joined_at: float
    beat_ago: float
    connected: bool
    part: int
    parts: int
    leads: bool
    messages: int
    records: int


def worker_documents(crew: Crew | None) -> list[WorkerDocument]:
    """Those on the roll, oldest first; none where the fleet is one process."""
    if crew is None:
        return []
    found = crew.members
    documents: list[WorkerDocument] = []
    for member in found.members:
        place = found.place(member.id)
        documents.append(
            {
                "id": member.id,
                "kind": member.kind,
                "name": member.name,
                "joined_at": member.joined_at,
                "beat_ago": round(member.beat_ago, 1),
                "connected": member.hears,
                "part": 0 if place is None else place[0] + 1,
                "parts": 0 if place is None else place[1],
                "leads": place is not None and place[0] == 0,
                "messages": member.messages,
                "records": member.records,
            }
        )
    return documents
