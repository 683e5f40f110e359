"""The explanation browser: every prediction of a LogiRE run with its rule and grounding path, as one static page."""

from logire.reporting.browser.page import browser

__all__ = ["browser"]
