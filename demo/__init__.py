"""The whole product on one machine: database, server, gateway, bridge and a simulated terminal, and the story they tell."""
