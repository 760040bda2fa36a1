"""Steps: sessions, stages, journeys, and cleaning."""
