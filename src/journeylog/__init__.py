"""journeylog: from behaviour data to customer journeys."""
