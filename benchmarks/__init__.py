"""Speed and memory of journeylog beside other tools, measured in one run."""
