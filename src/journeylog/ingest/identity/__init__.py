"""Identity: links between ids, policies, the report of what they do, and the map that is kept."""

from journeylog.ingest.identity.links import Links, links
from journeylog.ingest.identity.map import IdentityMap
from journeylog.ingest.identity.policy import Policy
from journeylog.ingest.identity.report import IdentityReport
from journeylog.ingest.identity.whole import Identity, identity

__all__ = ["Identity", "IdentityMap", "IdentityReport", "Links", "Policy", "identity", "links"]
