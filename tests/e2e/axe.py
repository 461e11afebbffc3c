"""axe-core in a page: what it finds wrong, in a form that a failing test can print."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Page

from tests.node import JS, install_modules

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def load(page: Page) -> None:
    """Have ``axe`` in the page."""
    install_modules()
    if not page.evaluate("() => 'axe' in window"):
        source = JS / "node_modules" / "axe-core" / "axe.min.js"
        page.evaluate(source.read_text(encoding="utf-8"))


def violations(page: Page, within: str = "html") -> list[str]:
    """What axe-core finds in the page, WCAG 2.2 AA and its best practices: one line for each element."""
    load(page)
    found: list[dict[str, Any]] = page.evaluate(
        """async ([within, rules]) =>
            (await axe.run(within, { runOnly: rules, resultTypes: ['violations'] })).violations""",
        [within, RULES],
    )
    return [
        f"{rule['id']} ({rule['impact']}): {node['html'][:160]}: {node['failureSummary']}"
        for rule in found
        for node in rule["nodes"]
    ]


def low_contrast(page: Page, within: str) -> list[str]:
    """Each text below WCAG AA's ratio, with the ratio that it has."""
    load(page)
    found: dict[str, Any] = page.evaluate(
        "(within) => axe.run(within, { runOnly: ['color-contrast'] })", within
    )
    assert found["passes"], "the rule has looked at something"
    return [
        f"{check['data'].get('contrastRatio')}: {node['html'][:120]}"
        for violation in found["violations"]
        for node in violation["nodes"]
        for check in node["any"]
    ]
