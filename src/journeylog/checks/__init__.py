"""Data quality: what is wrong with a log, how badly, and with what evidence."""

from journeylog.checks.finding import LIMITS, Finding, Severity
from journeylog.checks.result import CHECKS, Check
from journeylog.checks.run import check

__all__ = ["CHECKS", "LIMITS", "Check", "Finding", "Severity", "check"]
