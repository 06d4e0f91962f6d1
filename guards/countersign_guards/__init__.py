"""When trading must stop: pure rules, the same code in the server and in the bridge."""
