"""The report as JSON."""

import dataclasses
from typing import Any

from firmware_tools.port.findings import Finding, PageState, Place, Report, Severity

FORMAT = 1


def report_document(report: Report) -> dict[str, Any]:
    """The JSON value of a report; ``docs/porting.md`` describes it."""
    return {
        "format": FORMAT,
        "program": {
            "directory": report.directory,
            "name": report.name,
            "app_id": report.app_id,
            "version": report.version,
            "dialect": report.dialect,
            "files": report.files,
            "lines": report.lines,
        },
        "board": report.board or None,
        "built": report.built,
        "package": {"path": report.package, "size": report.size, "sha256": report.sha256} if report.built else None,
        "refusals": report.refusals,
        "warnings": report.warnings,
        "summary": {
            "apis": len(report.apis),
            "apis_working": report.working,
            "findings": {severity.value: len(report.of(severity)) for severity in Severity},
            "pages": sum(page.kind == "page" for page in report.pages),
            "pages_ready": sum(
                page.kind == "page" and page.severity in (None, Severity.UNCLEAR) for page in report.pages
            ),
        },
        "findings": [_finding(finding) for finding in report.findings],
        "apis": [dataclasses.asdict(api) for api in report.apis],
        "pages": [_page(page, report) for page in report.pages],
        "origins": [
            {
                "origin": one.origin,
                "role": one.role,
                "why": one.why,
                "declared": one.declared,
                "places": [_place(place) for place in one.places],
            }
            for one in report.origins
        ],
        "sends": [
            {
                "kind": one.kind,
                "subject": one.subject,
                "destination": one.destination,
                "fields": list(one.fields),
                "other_fields": not one.whole,
                "items": list(one.items),
                "refusal": one.refusal or None,
                "place": _place(one.place),
            }
            for one in report.sends
        ],
        "data_plan": {
            "declared": report.has_data_plan,
            "unsent": report.unsent,
            "draft": report.data_plan_draft,
        },
        "computed_requests": report.computed_requests,
        "manifest": {"file": report.manifest_file or None, "proposed": report.manifest},
        "unreached": report.unreached,
    }


def _place(place: Place) -> dict[str, Any]:
    members: dict[str, Any] = {"file": place.file, "line": place.line, "column": place.column}
    members |= {"source": place.origin} if place.origin else {}
    members |= {"function": place.part} if place.part else {}
    members |= {"note": place.note} if place.note else {}
    return members | ({"excerpt": place.excerpt} if place.excerpt else {})


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "kind": finding.kind,
        "name": finding.name,
        "severity": finding.severity.value,
        "message": finding.message,
        "instead": finding.instead,
        "count": finding.count,
        "guarded": finding.guarded,
        "places": [_place(place) for place in finding.places],
    }


def _page(page: PageState, report: Report) -> dict[str, Any]:
    return {
        "route": page.route,
        "kind": page.kind,
        "severity": page.severity.value if page.severity else None,
        "counts": {severity.value: count for severity, count in page.counts.items()},
        "components": page.components,
        "scripts": page.scripts,
        "touches": [{"finding": report.findings[number].name, "through": file} for number, file in page.touches],
    }
